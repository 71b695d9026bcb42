/// Immutable bytes with an owner: an allocation of ours, or part of a mapped file.
public final class TensorStorage: Sendable {
    /// The bytes, little-endian.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(buffer.pointer) }

    // Immutable after initialisation, so sharing it between threads is safe.
    private struct Buffer: @unchecked Sendable { let pointer: UnsafeMutableRawBufferPointer }
    private let buffer: Buffer
    private let owner: (any Sendable)?
    private let release: (@Sendable (Range<Int>) -> Void)?

    /// Wraps bytes that live as long as `owner` does (a mapped file).
    ///
    /// - Parameters:
    ///   - bytes: The bytes, valid as long as `owner` lives.
    ///   - owner: What keeps them valid.
    ///   - release: Takes note that a range of the bytes is not needed for now, without changing it.
    public init(
        bytes: UnsafeRawBufferPointer, owner: any Sendable, release: (@Sendable (Range<Int>) -> Void)? = nil
    ) {
        buffer = Buffer(pointer: UnsafeMutableRawBufferPointer(mutating: bytes))
        self.owner = owner
        self.release = release
    }

    /// Says that a range of the bytes is not needed for now: a mapped file's pages leave memory until touched again.
    public func releaseForNow(_ range: Range<Int>) { release?(range) }

    /// Allocates `byteCount` bytes, 64-byte aligned, and lets `initialize` fill them.
    public init(byteCount: Int, initialize: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        let pointer = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
        do {
            try initialize(pointer)
        } catch {
            pointer.deallocate()
            throw error
        }
        buffer = Buffer(pointer: pointer)
        owner = nil
        release = nil
    }

    deinit {
        if owner == nil { buffer.pointer.deallocate() }
    }
}

/// A strided, immutable, multi-dimensional array.
///
/// Checkpoints store tensors with an offset and strides into shared storage (SPEC §3.5); nothing here assumes
/// contiguity. Element order is row-major with respect to `shape`, whatever the strides are.
public struct Tensor: Sendable {
    /// Extent of each axis; empty for a scalar.
    public let shape: [Int]
    /// The element type.
    public let dataType: DataType
    /// Distance between neighbours along each axis, in elements.
    public let strides: [Int]
    /// Position of the first element in `storage`, in bytes.
    public let byteOffset: Int
    /// Where the elements are.
    public let storage: TensorStorage

    /// Number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// Wraps storage.
    ///
    /// - Throws: ``EPANNsError`` with code `invalidCheckpoint` when an extent is negative or an element would lie
    ///   outside the storage. Sizes and offsets come from files, so all arithmetic is overflow-checked.
    public init(
        shape: [Int], dataType: DataType, strides: [Int]? = nil, byteOffset: Int = 0, storage: TensorStorage
    ) throws {
        let strides = strides ?? Self.contiguousStrides(shape)
        guard strides.count == shape.count, byteOffset >= 0, byteOffset <= storage.bytes.count,
            shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }),
            let count = Self.checkedProduct(shape)
        else {
            throw EPANNsError(.invalidCheckpoint, "Tensor of shape \(shape) and strides \(strides) is invalid.")
        }
        if count > 0 {
            var last = 0
            var overflow = false
            for (extent, stride) in zip(shape, strides) {
                let (product, o1) = (extent - 1).multipliedReportingOverflow(by: stride)
                let (sum, o2) = last.addingReportingOverflow(product)
                last = sum
                overflow = overflow || o1 || o2
            }
            let (end, o3) = last.multipliedReportingOverflow(by: dataType.byteCount)
            let (limit, o4) = end.addingReportingOverflow(byteOffset + dataType.byteCount)
            if overflow || o3 || o4 || limit > storage.bytes.count {
                throw EPANNsError(
                    .invalidCheckpoint,
                    "Tensor of shape \(shape) and strides \(strides) at byte \(byteOffset) reaches past its storage "
                        + "of \(storage.bytes.count) bytes; the file is damaged.")
            }
        }
        self.shape = shape
        self.dataType = dataType
        self.strides = strides
        self.byteOffset = byteOffset
        self.storage = storage
    }

    /// Makes a contiguous Float32 tensor from `values`, whose count must be the product of `shape`.
    public init(shape: [Int], values: [Float]) {
        precondition(shape.reduce(1, *) == values.count, "\(values.count) values do not fill shape \(shape)")
        self.shape = shape
        dataType = .float32
        strides = Self.contiguousStrides(shape)
        byteOffset = 0
        storage = TensorStorage(byteCount: values.count * 4) { bytes in
            values.withUnsafeBytes { bytes.copyMemory(from: $0) }
        }
    }

    /// Wraps storage that holds exactly the row-major elements.
    package init(shape: [Int], dataType: DataType, contiguous storage: TensorStorage) {
        precondition(shape.reduce(1, *) * dataType.byteCount == storage.bytes.count)
        self.shape = shape
        self.dataType = dataType
        strides = Self.contiguousStrides(shape)
        byteOffset = 0
        self.storage = storage
    }

    /// Whether the elements lie row-major without gaps.
    public var isContiguous: Bool {
        if count == 0 { return true }
        var expected = 1
        for (extent, stride) in zip(shape, strides).reversed() {
            if extent != 1 && stride != expected { return false }
            expected *= extent
        }
        return true
    }

    /// Row-major strides of `shape`, in elements.
    public static func contiguousStrides(_ shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        for axis in stride(from: shape.count - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1].multipliedReportingOverflow(by: shape[axis + 1]).partialValue
        }
        return strides
    }

    private static func checkedProduct(_ shape: [Int]) -> Int? {
        var product = 1
        for extent in shape {
            let (next, overflow) = product.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            product = next
        }
        return product
    }
}
