import EPANNsCore

/// The directory of a zip archive whose entries are stored, not compressed.
///
/// Sizes and offsets come from the central directory, zip64 included. The local headers only tell where an entry's
/// data starts: PyTorch writes the sizes behind the data. Checksums are not verified, because that would read
/// every page of a file whose tensors are mapped; `FileDigest` is for that.
///
/// Source: SPEC §3.3 and PKWARE's APPNOTE. Tests: `PyTorchCheckpointTests`, `CheckpointFuzzTests`.
struct ZipArchive {
    /// Most entries accepted; PyTorch writes one per storage.
    static let entryLimit = CheckpointLimits.tensors + 1000

    private struct Entry {
        var isStored: Bool
        var isEncrypted: Bool
        var size: Int
        var headerOffset: Int
    }

    private struct Directory {
        var entryCount: Int
        var size: Int
        var start: Int
    }

    private let source: CheckpointSource
    private let directoryStart: Int
    private var entries: [String: Entry] = [:]

    /// The entries' names.
    var names: some Collection<String> { entries.keys }

    /// Reads the central directory.
    init(_ source: CheckpointSource) throws {
        self.source = source
        let (directory, limit) = try Self.findDirectory(source)
        directoryStart = directory.start
        guard directory.size >= 0, directory.start <= limit, directory.size <= limit - directory.start else {
            throw source.damaged("Its zip directory lies outside the file.")
        }
        guard directory.entryCount <= Self.entryLimit, directory.entryCount <= directory.size / 46 else {
            throw source.damaged(
                "Its zip directory claims \(directory.entryCount.counted("entry", plural: "entries")).")
        }
        var cursor = ByteCursor(source, directory.start..<directory.start + directory.size)
        for _ in 0..<directory.entryCount { try readEntry(&cursor) }
    }

    /// Where an entry's data is; `nil` when there is no such entry.
    ///
    /// - Throws: `EPANNsError` with code `unsupportedFormat` for a compressed or encrypted entry.
    func data(of name: String) throws -> Range<Int>? {
        guard let entry = entries[name] else { return nil }
        guard entry.isStored, !entry.isEncrypted else {
            throw source.unsupported(
                "Its entry \(name.quoted) is compressed or encrypted, which PyTorch never does. Unpack the archive and "
                    + "pack it again without compression (`zip -0 -r`), or save it again with `torch.save`.")
        }
        var cursor = ByteCursor(source, 0..<directoryStart)
        _ = try cursor.take(entry.headerOffset)
        let header = try cursor.take(30)
        guard Self.integer(source, header.lowerBound, UInt32.self) == 0x0403_4B50 else {
            throw source.damaged("Its zip entry \(name.quoted) has no header where it should be.")
        }
        _ = try cursor.take(Self.integer(source, header.lowerBound + 26, UInt16.self))
        _ = try cursor.take(Self.integer(source, header.lowerBound + 28, UInt16.self))
        return try cursor.take(entry.size)
    }

    // MARK: Central directory

    /// The directory's place, and the offset that it must not reach past.
    private static func findDirectory(_ source: CheckpointSource) throws -> (Directory, limit: Int) {
        let size = source.bytes.count
        // The record is last, but a comment of up to 65 535 bytes may follow it.
        var offset = size - 22
        let lowest = max(0, size - 22 - 65535)
        while offset >= lowest {
            if integer(source, offset, UInt32.self) == 0x0605_4B50,
                integer(source, offset + 20, UInt16.self) == size - offset - 22
            {
                return try directory(source, record: offset)
            }
            offset -= 1
        }
        throw source.damaged("Its zip directory is missing, so the end of the file is cut off.")
    }

    private static func directory(_ source: CheckpointSource, record: Int) throws -> (Directory, limit: Int) {
        guard integer(source, record + 4, UInt32.self) == 0 else {
            throw source.unsupported("It is one part of a split zip archive. Join the parts first.")
        }
        if record >= 20, integer(source, record - 20, UInt32.self) == 0x0706_4B50 {
            var cursor = ByteCursor(source, record - 20 + 8..<record - 20 + 16)
            let offset = try cursor.readSize()
            cursor = ByteCursor(source, 0..<record - 20)
            _ = try cursor.take(offset)
            let fields = try cursor.take(56)
            guard integer(source, offset, UInt32.self) == 0x0606_4B50 else {
                throw source.damaged("Its zip64 directory record is missing.")
            }
            cursor = ByteCursor(source, fields.lowerBound + 32..<fields.upperBound)
            let directory = Directory(
                entryCount: try cursor.readSize(), size: try cursor.readSize(), start: try cursor.readSize())
            return (directory, offset)
        }
        let directory = Directory(
            entryCount: integer(source, record + 10, UInt16.self), size: integer(source, record + 12, UInt32.self),
            start: integer(source, record + 16, UInt32.self))
        return (directory, record)
    }

    private mutating func readEntry(_ cursor: inout ByteCursor) throws {
        let fields = try cursor.take(46).lowerBound
        guard Self.integer(source, fields, UInt32.self) == 0x0201_4B50 else {
            throw source.damaged("Its zip directory has a broken entry at byte \(fields).")
        }
        let nameRange = try cursor.take(Self.integer(source, fields + 28, UInt16.self))
        let extra = try cursor.take(Self.integer(source, fields + 30, UInt16.self))
        _ = try cursor.take(Self.integer(source, fields + 32, UInt16.self))
        guard let name = String(validating: source.bytes[nameRange], as: UTF8.self) else {
            throw source.damaged("A name in its zip directory, at byte \(nameRange.lowerBound), is not UTF-8.")
        }
        var packed = Self.integer(source, fields + 20, UInt32.self)
        var size = Self.integer(source, fields + 24, UInt32.self)
        var offset = Self.integer(source, fields + 42, UInt32.self)
        if packed == 0xFFFF_FFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF {
            try readWide(extra, &size, &packed, &offset)
        }
        let isStored = Self.integer(source, fields + 10, UInt16.self) == 0
        guard !isStored || packed == size else {
            throw source.damaged("Its zip entry \(name.quoted) has two different sizes.")
        }
        let entry = Entry(
            isStored: isStored, isEncrypted: Self.integer(source, fields + 8, UInt16.self) & 1 != 0, size: size,
            headerOffset: offset)
        guard entries.updateValue(entry, forKey: name) == nil else {
            throw source.damaged("Its zip directory has \(name.quoted) twice.")
        }
    }

    /// Replaces saturated fields by those of the zip64 extra field, which holds only these, in this order.
    private func readWide(_ extra: Range<Int>, _ size: inout Int, _ packed: inout Int, _ offset: inout Int) throws {
        var cursor = ByteCursor(source, extra)
        while cursor.remaining >= 4 {
            let kind = try cursor.read(UInt16.self)
            let content = try cursor.take(Int(try cursor.read(UInt16.self)))
            guard kind == 1 else { continue }
            var wide = ByteCursor(source, content)
            if size == 0xFFFF_FFFF { size = try wide.readSize() }
            if packed == 0xFFFF_FFFF { packed = try wide.readSize() }
            if offset == 0xFFFF_FFFF { offset = try wide.readSize() }
            return
        }
        throw source.damaged("A zip64 entry lacks its sizes.")
    }

    /// Reads an unsigned field that is known to lie within the file.
    private static func integer<Field: FixedWidthInteger & UnsignedInteger>(
        _ source: CheckpointSource, _ offset: Int, _ type: Field.Type
    ) -> Int {
        Int(Field(littleEndian: source.bytes.loadUnaligned(fromByteOffset: offset, as: Field.self)))
    }
}
