import EPANNsGraph
import EPANNsRuntime

// What training adds to a program: SpecAugment with mixup, the loss, dropout.
extension ProgramBuilder {
    /// SpecAugment of a spectrogram, then mixup of neighbours: from `clips` to `batch` maps; SPEC §1.7.
    ///
    /// Where a network has two branches, both are mixed with the same weights, and the spectrogram's alone is masked.
    mutating func augment(_ index: Int, _ options: TrainingPlan.Options, _ step: TrainingStepData) throws {
        let name = "augmentation"
        let masks = options.usesSpecAugment && spectrogramStage == index
        guard masks || options.clips != options.batch else { return }
        let source = try plainFloats(value(index), name: name)
        let (frames, mels) = (shapes[index].extent(of: .height), shapes[index].extent(of: .width))
        let (clips, batch) = (options.clips, options.batch)
        let isMixed = clips != batch
        let size = shapes[index].count
        let result = newValue(try .floats([batch] + source.layout.dimensions[1...]))
        emit(name, buffers: [source.buffer, result.buffer]) { context in
            let (input, output) = (context.floats(source.buffer), context.floats(result.buffer))
            let augmentation = step.current.augmentation
            if masks {
                context.team.run(clips) { range in
                    for clip in range { augmentation.maskClip(clip, input + clip * size, frames: frames, mels: mels) }
                }
            }
            context.team.run(batch) { range in
                for clip in range {
                    let target = output + clip * size
                    guard isMixed else {
                        target.update(from: input + clip * size, count: size)
                        continue
                    }
                    let (first, second) = (input + 2 * clip * size, input + (2 * clip + 1) * size)
                    let (a, b) = augmentation.mixWeights(pair: clip)
                    for element in 0..<size { target[element] = a * first[element] + b * second[element] }
                }
            }
        }
        let original = value(index)
        values[index] = result
        // The chain continues behind the augmentation; its own backward pass comes first when the gradient arrives.
        guard let inner = recipes[index] else { return }
        recipes[index] = { builder, gradient in
            let gradient = try builder.arranged(gradient, like: result, name: name)
            let difference = builder.newValue(source.layout)
            builder.emit(name, buffers: [gradient.buffer, difference.buffer]) { context in
                let (outer, own) = (context.floats(gradient.buffer), context.floats(difference.buffer))
                let augmentation = step.current.augmentation
                context.team.run(clips) { range in
                    for clip in range {
                        let target = own + clip * size
                        let row = outer + (isMixed ? clip / 2 : clip) * size
                        let weights = isMixed ? augmentation.mixWeights(pair: clip / 2) : (1, 1)
                        let weight = clip % 2 == 0 ? weights.0 : weights.1
                        for element in 0..<size { target[element] = weight * row[element] }
                        if masks { augmentation.maskClip(clip, target, frames: frames, mels: mels) }
                    }
                }
            }
            try inner(&builder, try builder.arranged(difference, like: original, name: name))
        }
    }

    /// The loss and its gradient.
    mutating func emitLoss(_ logits: Int, _ loss: LossConfiguration, _ step: TrainingStepData) {
        let value = value(logits)
        let (batch, classes) = (batch(logits), shapes[logits].channels)
        let gradient = newValue(like: value)
        emit("loss", buffers: [value.buffer, gradient.buffer]) { context in
            let count = batch * classes
            let scores = UnsafeBufferPointer(start: context.floats(value.buffer), count: count)
            let difference = UnsafeMutableBufferPointer(start: context.floats(gradient.buffer), count: count)
            let input = step.current
            input.result.loss = loss.evaluate(
                logits: scores, targets: input.targets, teacher: input.teacher, classCount: classes,
                gradient: difference, scale: input.lossScale)
            input.result.logits = Array(scores)
        }
        addGradient(logits, gradient)
    }
}

extension TrainingStepData {
    /// The kernel of a dropout layer.
    ///
    /// Its mask comes from a stream that is named by seed, iteration, layer and the clip's position in the global batch.
    func dropout(_ layer: LoweringMode.Dropout) -> LoweringMode.Dropout.Kernel {
        let kernel = DropoutKernel(
            layer: UInt16(layer.layer), rate: layer.rate, batch: layer.batch, elementsPerClip: layer.elementsPerClip)
        return { context, source, target in
            if layer.isHalf {
                kernel.run(context.team, self.current, context.bfloats(source), context.bfloats(target))
            } else {
                kernel.run(context.team, self.current, context.floats(source), context.floats(target))
            }
        }
    }
}
