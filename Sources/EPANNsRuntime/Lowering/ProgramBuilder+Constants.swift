import COneDNN
import EPANNsCore

// Weights as constants: folded, rounded and packed once, for inference.
extension ProgramBuilder {
    /// A tensor of the checkpoint.
    package func weight(_ name: String, count: Int? = nil) throws -> Tensor {
        guard let tensor = weights[name] else {
            throw EPANNsError(.checkpointMismatch, "The weights have no tensor \(name).")
        }
        if let count, tensor.count != count {
            throw EPANNsError(
                .checkpointMismatch,
                "\(name) has \(tensor.count) elements where the network has \(count); do the weights belong to it?")
        }
        return tensor
    }

    /// A vector of Float32 as a constant argument.
    func constant(
        _ index: Int32, _ key: String, _ values: [Float], in packed: PackedWeights
    ) throws -> Argument {
        let layout = try MemoryDescriptor.plain([values.count])
        let tensor = try packed.tensor(key, layout) { tensor in
            values.withUnsafeBytes { tensor.bytes.copyMemory(from: $0) }
        }
        return Argument(index: index, place: .constant(tensor), layout: layout)
    }

    /// A weight in the layout that a primitive wants, each filter scaled by the folded norm.
    ///
    /// - Parameters:
    ///   - dimensions: Extents as the primitive sees them; the last two are the kernel of a convolution.
    ///   - swapsKernel: Whether the primitive sees the kernel's height as its width.
    func packedWeight(
        _ name: String, in packed: PackedWeights, scale: [Float]?, dimensions: [Int], wanted: MemoryDescriptor,
        swapsKernel: Bool = false
    ) throws -> PackedTensor {
        let name = name + ".weight"
        let source = try weight(name, count: dimensions.reduce(1, *))
        let plain = try MemoryDescriptor.plain(dimensions)
        if let scale, scale.count != source.shape.first {
            throw EPANNsError(
                .checkpointMismatch, "\(name) has shape \(source.shape), but its norm has \(scale.count) channels.")
        }
        return try packed.tensor(name + (swapsKernel ? " swapped" : ""), wanted) { destination in
            defer { source.releaseForNow() }
            func pack(_ elements: UnsafeBufferPointer<Float>) throws {
                try Program.reorder(
                    "a reorder of \(name)", from: plain, UnsafeMutableRawPointer(mutating: elements.baseAddress),
                    to: destination.layout, destination.bytes.baseAddress)
            }
            try source.withFloats { elements in
                let kernel = swapsKernel ? Array(dimensions.suffix(2)) : [1, 1]
                let isRounded = wanted.dataType == dnnl_bf16
                guard scale != nil || kernel != [1, 1] || isRounded else { return try pack(elements) }
                let arranged = Self.arranged(
                    elements, scale: scale, filterCount: source.shape[0], kernel: kernel, isRounded: isRounded)
                try arranged.withUnsafeBufferPointer { try pack($0) }
            }
        }
    }

    /// Scales each filter and swaps the axes of each kernel.
    ///
    /// oneDNN has no reorder for permuted kernels, and scaling copies anyway.
    private static func arranged(
        _ elements: UnsafeBufferPointer<Float>, scale: [Float]?, filterCount: Int, kernel: [Int],
        isRounded: Bool
    ) -> [Float] {
        let filterSize = elements.count / filterCount
        let kernelSize = kernel[0] * kernel[1]
        return [Float](unsafeUninitializedCapacity: elements.count) { buffer, count in
            count = elements.count
            for filter in 0..<filterCount {
                let factor = scale?[filter] ?? 1
                let range = filter * filterSize..<(filter + 1) * filterSize
                if kernelSize == 1 {
                    for index in range { buffer[index] = elements[index] * factor }
                } else {
                    for start in stride(from: range.lowerBound, to: range.upperBound, by: kernelSize) {
                        for row in 0..<kernel[0] {
                            for column in 0..<kernel[1] {
                                buffer[start + row * kernel[1] + column] =
                                    elements[start + column * kernel[0] + row] * factor
                            }
                        }
                    }
                }
            }
            if isRounded {
                DiffusedRounding.apply(UnsafeMutableBufferPointer(rebasing: buffer[..<count]), filterSize: filterSize)
            }
        }
    }
}
