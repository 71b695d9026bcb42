import COneDNN
import EPANNsCore
import EPANNsGraph

extension ProgramBuilder {
    /// A parameter that is a value: the stored tensor for every clip of the batch; its gradient is the clips' sum.
    mutating func parameter(_ index: Int, _ settings: Parameter) throws {
        let name = name(index)
        let batch = batch(index)
        let count = settings.positions * settings.channels
        let stored = try weight(name, count: count)
        let result = newValue(try .plain([batch * settings.positions, settings.channels]))
        values[index] = try unfolded(result, like: index)
        // Stored with the channels last, as rows.
        switch mode.weights {
        case .packed(let packed):
            let tensor = try packed.tensor(name, .plain([settings.positions, settings.channels])) { tensor in
                stored.floats.withUnsafeBytes { tensor.bytes.copyMemory(from: $0) }
            }
            emit(name, buffers: [result.buffer]) { context in
                guard let source = tensor.bytes.baseAddress else { return }
                for clip in 0..<batch {
                    (context.bytes(result.buffer) + clip * count * 4).copyMemory(from: source, byteCount: count * 4)
                }
            }
        case .store(let store):
            let slot = try addParameter(
                name, shape: settings.storedShape, dimensions: settings.storedShape, in: store)
            emit(name, buffers: [result.buffer]) { context in
                guard let source = store.address(of: slot, in: \.weights) else { return }
                for clip in 0..<batch {
                    (context.bytes(result.buffer) + clip * count * 4).copyMemory(from: source, byteCount: count * 4)
                }
            }
            recipes[index] = { builder, gradient in
                guard store.slots[slot].isTrainable else { return }
                let rows = try builder.rows(gradient, type: dnnl_f32, name: name)
                builder.emit(name + " gradient", buffers: [rows.buffer]) { context in
                    guard let target = store.address(of: slot, in: \.gradients)?.assumingMemoryBound(to: Float.self)
                    else { return }
                    let source = context.floats(rows.buffer)
                    for entry in 0..<count {
                        var sum: Float = 0
                        for clip in 0..<batch { sum += source[clip * count + entry] }
                        target[entry] = sum
                    }
                }
            }
        }
    }
}
