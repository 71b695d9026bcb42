extension Tensor {
    /// All elements in row-major order, converted to Float32 (Bool to 0 and 1).
    public var floats: [Float] {
        let count = count
        if dataType == .float32, isContiguous {
            return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
                copyContiguousBytes(to: UnsafeMutableRawBufferPointer(buffer))
                initialized = count
            }
        }
        let bytes = storage.bytes
        var result: [Float] = []
        result.reserveCapacity(count)
        withExtendedLifetime(storage) {
            forEachByteOffset { offset in
                result.append(Self.loadFloat(bytes, offset, dataType))
            }
        }
        return result
    }

    /// All elements in row-major order, converted to Float64.
    public var doubles: [Double] {
        guard dataType == .float64 else { return floats.map(Double.init) }
        let bytes = storage.bytes
        var result: [Double] = []
        result.reserveCapacity(count)
        withExtendedLifetime(storage) {
            forEachByteOffset { result.append(bytes.loadUnaligned(fromByteOffset: $0, as: Double.self)) }
        }
        return result
    }

    /// Calls `body` with the elements as contiguous Float32, without a copy where they already are.
    public func withFloats<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) rethrows -> Result {
        let start = storage.bytes.baseAddress.map { UInt(bitPattern: $0) + UInt(byteOffset) } ?? 0
        if dataType == .float32, isContiguous, start % 4 == 0 {
            let region = UnsafeRawBufferPointer(rebasing: storage.bytes[byteOffset..<byteOffset + count * 4])
            return try withExtendedLifetime(storage) { try body(region.bindMemory(to: Float.self)) }
        }
        return try floats.withUnsafeBufferPointer(body)
    }

    /// The elements' bytes, row-major and little-endian, without conversion.
    public func copyContiguousBytes(to destination: UnsafeMutableRawBufferPointer) {
        let size = dataType.byteCount
        precondition(destination.count >= count * size)
        let bytes = storage.bytes
        withExtendedLifetime(storage) {
            if isContiguous {
                destination.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[byteOffset..<byteOffset + count * size]))
                return
            }
            var position = 0
            forEachByteOffset { offset in
                for index in 0..<size { destination[position + index] = bytes[offset + index] }
                position += size
            }
        }
    }

    /// Says that the elements are not needed for now, because they were copied elsewhere.
    public func releaseForNow() {
        guard isContiguous else { return }
        storage.releaseForNow(byteOffset..<byteOffset + count * dataType.byteCount)
    }

    private func forEachByteOffset(_ body: (Int) -> Void) {
        guard count > 0 else { return }
        let size = dataType.byteCount
        var index = [Int](repeating: 0, count: shape.count)
        var element = 0
        while true {
            body(byteOffset + element * size)
            var axis = shape.count - 1
            while axis >= 0 {
                index[axis] += 1
                element += strides[axis]
                if index[axis] < shape[axis] { break }
                element -= strides[axis] * shape[axis]
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }

    private static func loadFloat(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _ type: DataType) -> Float {
        switch type {
        case .float64: Float(bytes.loadUnaligned(fromByteOffset: offset, as: Double.self))
        case .float32: bytes.loadUnaligned(fromByteOffset: offset, as: Float.self)
        case .float16: halfToFloat(bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
        case .bfloat16:
            Float(bitPattern: UInt32(bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)) << 16)
        case .int64: Float(bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self))
        case .int32: Float(bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
        case .int16: Float(bytes.loadUnaligned(fromByteOffset: offset, as: Int16.self))
        case .int8: Float(bytes.loadUnaligned(fromByteOffset: offset, as: Int8.self))
        case .uint8: Float(bytes[offset])
        case .bool: bytes[offset] == 0 ? 0 : 1
        }
    }

    // By hand: Float16 does not exist on Intel Macs.
    private static func halfToFloat(_ bits: UInt16) -> Float {
        let sign: Float = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10) & 0x1F
        let fraction = Float(bits & 0x3FF)
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction / 1024)
        }
    }
}
