import EPANNsCore
import EPANNsGraph

/// The bytes of a checkpoint and what to call them in messages.
struct CheckpointSource {
    /// The whole file.
    let storage: TensorStorage
    /// The file's path, or what the caller called the bytes.
    let name: String

    /// The bytes; valid while `storage` lives, which ``Checkpoint``'s readers see to.
    var bytes: UnsafeRawBufferPointer { storage.bytes }

    /// A part of the file as storage of its own; no copy.
    func slice(_ range: Range<Int>) -> TensorStorage {
        TensorStorage(bytes: UnsafeRawBufferPointer(rebasing: bytes[range]), owner: storage) { [storage] part in
            storage.releaseForNow(part.lowerBound + range.lowerBound..<part.upperBound + range.lowerBound)
        }
    }

    /// An error with code `invalidCheckpoint` that names the file.
    func damaged(_ what: String, file: String = #fileID, line: Int = #line) -> EPANNsError {
        EPANNsError(
            .invalidCheckpoint, "\(name.quoted): \(what) The file is damaged; download or save it again.",
            file: file, line: line)
    }

    /// An error with code `unsupportedFormat` that names the file.
    func unsupported(_ what: String, file: String = #fileID, line: Int = #line) -> EPANNsError {
        EPANNsError(.unsupportedFormat, "\(name.quoted): \(what)", file: file, line: line)
    }
}

/// Bounds on what a checkpoint may ask for, far above what any real one needs.
enum CheckpointLimits {
    /// Tensors in one file; the largest of our models has 348.
    static let tensors = 100_000
    /// Axes of one tensor, as in PyTorch.
    static let axes = 64
    /// Bytes of a tensor's name.
    static let nameBytes = 1024

    /// Bytes that all tensors may have when laid out without sharing, for a file of `fileBytes`.
    ///
    /// Strides of 0 and shared storage let a few bytes stand for terabytes, which a consumer would then allocate.
    static func logicalBytes(fileBytes: Int) -> Int {
        // A file's size is far below 2⁵⁸, so neither step can overflow.
        precondition(fileBytes < 1 << 58)
        return fileBytes * 8 + (1 << 20)
    }
}

/// A cursor over untrusted little-endian bytes; every read is checked.
struct ByteCursor {
    let source: CheckpointSource
    let bytes: UnsafeRawBufferPointer
    private(set) var position: Int
    let end: Int

    /// Starts at the first byte of `range`, which must lie within the source.
    init(_ source: CheckpointSource, _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= source.bytes.count)
        self.source = source
        bytes = source.bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// Bytes not yet read.
    var remaining: Int { end - position }

    /// Skips `count` bytes and returns where they are.
    mutating func take(_ count: Int) throws -> Range<Int> {
        guard count >= 0, count <= remaining else {
            throw source.damaged(
                "It ends too early: \(count.counted("byte")) wanted at \(position), \(remaining) there.")
        }
        defer { position += count }
        return position..<position + count
    }

    /// Skips `count` bytes that are known to be there.
    mutating func skip(_ count: Int) {
        precondition(count >= 0 && count <= remaining)
        position += count
    }

    /// Reads an integer.
    mutating func read<Integer: FixedWidthInteger>(_ type: Integer.Type) throws -> Integer {
        let range = try take(MemoryLayout<Integer>.size)
        return Integer(littleEndian: bytes.loadUnaligned(fromByteOffset: range.lowerBound, as: Integer.self))
    }

    /// Reads an unsigned 64-bit size, which must fit an `Int`.
    mutating func readSize() throws -> Int {
        let value = try read(UInt64.self)
        guard let size = Int(exactly: value) else { throw source.damaged("It holds the absurd size \(value).") }
        return size
    }
}
