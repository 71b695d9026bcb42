import COneDNN
import EPANNsCore
import EPANNsGraph
import EPANNsRuntime

// What is ours alone: the input, SpecAugment with mixup, dropout, the loss.
extension TrainingPlanBuilder {
    /// The step's data: spectrograms, or the given results of the first node.
    mutating func load(_ index: Int) throws {
        let shape = shapes[index]
        let extents = dimensions(index)
        let result = newValue(try .plain(extents))
        let count = batch(index) * shape.count
        emit("input", buffers: [result.buffer]) { context in
            guard let source = context.batch.inputs.baseAddress, context.batch.inputs.count == count else {
                preconditionFailure("\(context.batch.inputs.count) numbers are given where the plan takes \(count)")
            }
            context.floats(result.buffer).update(from: source, count: count)
        }
        values[index] = result
    }

    /// SpecAugment, then mixup of neighbours: from `clips` to `batch` spectrograms; SPEC §1.7.
    mutating func augment(_ index: Int) throws {
        guard options.usesSpecAugment || options.clips != options.batch else { return }
        let name = "augmentation"
        let source = try plain(value(index), type: dnnl_f32, name: name)
        let (frames, mels) = (shapes[index].extent(of: .height), shapes[index].extent(of: .width))
        let (clips, batch) = (options.clips, options.batch)
        let isMixed = clips != batch
        let size = frames * mels
        let result = newValue(try .plain([batch] + source.layout.dimensions[1...]))
        emit(name, buffers: [source.buffer, result.buffer]) { context in
            let (input, output) = (context.floats(source.buffer), context.floats(result.buffer))
            let augmentation = context.batch.augmentation
            context.team.run(clips) { range in
                for clip in range { augmentation.maskClip(clip, input + clip * size, frames: frames, mels: mels) }
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
        // The chain continues behind the augmentation; its own way back comes first when the gradient arrives.
        guard let inner = recipes[index] else { return }
        recipes[index] = { builder, gradient in
            let gradient = try builder.arranged(gradient, like: result, name: name)
            let difference = builder.newValue(source.layout)
            builder.emit(name, buffers: [gradient.buffer, difference.buffer]) { context in
                let (outer, own) = (context.floats(gradient.buffer), context.floats(difference.buffer))
                let augmentation = context.batch.augmentation
                context.team.run(clips) { range in
                    for clip in range {
                        let target = own + clip * size
                        let row = outer + (isMixed ? clip / 2 : clip) * size
                        let weights = isMixed ? augmentation.mixWeights(pair: clip / 2) : (1, 1)
                        let weight = clip % 2 == 0 ? weights.0 : weights.1
                        for element in 0..<size { target[element] = weight * row[element] }
                        augmentation.maskClip(clip, target, frames: frames, mels: mels)
                    }
                }
            }
            try inner(&builder, try builder.arranged(difference, like: original, name: name))
        }
    }

    /// Inverted dropout.
    ///
    /// The mask is drawn anew on the way back instead of being kept, from a stream that is named by seed, iteration,
    /// layer and the clip's position in the global batch.
    mutating func dropout(_ index: Int, _ rate: Float) throws {
        let node = graph.nodes[index]
        let input = node.inputs[0]
        let source = value(input)
        guard options.usesDropout, rate > 0 else {
            values[index] = source
            recipes[index] = { builder, gradient in builder.addGradient(input, gradient) }
            return
        }
        let layer = UInt16(dropoutLayers)
        dropoutLayers += 1
        let isHalf = source.layout.dataType == dnnl_bf16
        let batch = batch(index)
        let elements = source.layout.byteCount / (isHalf ? 2 : 4)
        precondition(elements % batch == 0, "a clip's elements are one stretch in every layout")
        let kernel = DropoutKernel(layer: layer, rate: rate, batch: batch, elementsPerClip: elements / batch)
        func run(_ context: KernelContext, from: Int, to: Int) {
            if isHalf {
                kernel.run(context, context.bfloats(from), context.bfloats(to))
            } else {
                kernel.run(context, context.floats(from), context.floats(to))
            }
        }
        // In place where nobody reads the undropped values later.
        let keepsNoResult =
            switch graph.nodes[input].operation {
            case .pool, .linear, .reduce: true
            default: false
            }
        let result = keepsNoResult && soleConsumer(input) != nil ? source : newValue(like: source)
        emit(node.name, buffers: [source.buffer, result.buffer]) { run($0, from: source.buffer, to: result.buffer) }
        values[index] = result
        recipes[index] = { builder, gradient in
            let arranged = try builder.arranged(gradient, like: source, name: node.name)
            let difference = builder.newValue(like: source)
            builder.emit(node.name, buffers: [arranged.buffer, difference.buffer]) {
                run($0, from: arranged.buffer, to: difference.buffer)
            }
            builder.addGradient(input, difference)
        }
    }

    mutating func emitLoss(_ logits: Int) throws {
        let value = value(logits)
        let classes = shapes[logits].channels
        let batch = options.batch
        let loss = loss
        let gradient = newValue(value.layout)
        emit("loss", buffers: [value.buffer, gradient.buffer]) { context in
            let count = batch * classes
            let scores = UnsafeBufferPointer(start: context.floats(value.buffer), count: count)
            let difference = UnsafeMutableBufferPointer(start: context.floats(gradient.buffer), count: count)
            context.batch.result.loss = loss.evaluate(
                logits: scores, targets: context.batch.targets, teacher: context.batch.teacher, classCount: classes,
                gradient: difference, scale: context.batch.lossScale)
            context.batch.result.logits = Array(scores)
        }
        addGradient(logits, gradient)
    }
}
