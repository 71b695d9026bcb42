import EPANNsCore
import EPANNsGraph

extension Tensor {
    /// Part of the tensor: of each axis some indices, in the order given; nil for all.
    ///
    /// The result is the tensor itself where nothing is left out, otherwise a contiguous copy of the same type.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when an index is out of range.
    package func keeping(_ kept: [[Int]?]) throws -> Tensor {
        precondition(kept.count == shape.count)
        for (indices, extent) in zip(kept, shape) {
            guard indices?.allSatisfy({ (0..<extent).contains($0) }) ?? true else {
                throw EPANNsError(
                    .invalidConfiguration, "There is no index above \(extent - 1) in a tensor of \(shape).")
            }
        }
        let axes = zip(kept, shape).map { indices, extent in indices == Array(0..<extent) ? nil : indices }
        guard axes.contains(where: { $0 != nil }) else { return self }
        let newShape = zip(axes, shape).map { $0?.count ?? $1 }
        let size = dataType.byteCount
        // Axes behind the last one of which something is left out are copied as one stretch, if they lie so.
        var inner = (axes.lastIndex { $0 != nil } ?? 0) + 1
        let tail = Self.contiguousStrides(Array(shape[inner...]))
        if Array(strides[inner...]) != tail { inner = shape.count }
        let stretch = shape[inner...].reduce(1, *) * size
        let result = TensorStorage(byteCount: newShape.reduce(1, *) * size) { destination in
            guard let target = destination.baseAddress, let source = storage.bytes.baseAddress else { return }
            var position = 0
            func copy(_ axis: Int, _ element: Int) {
                if axis == inner {
                    target.advanced(by: position).copyMemory(
                        from: source.advanced(by: byteOffset + element * size), byteCount: stretch)
                    position += stretch
                } else if let indices = axes[axis] {
                    for index in indices { copy(axis + 1, element + index * strides[axis]) }
                } else {
                    for index in 0..<shape[axis] { copy(axis + 1, element + index * strides[axis]) }
                }
            }
            withExtendedLifetime(storage) { copy(0, 0) }
        }
        releaseForNow()
        return Tensor(shape: newShape, dataType: dataType, contiguous: result)
    }
}
