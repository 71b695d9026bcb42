import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

/// The files of a waveform cache, open for building.
///
/// | file | what |
/// |---|---|
/// | `waveforms-<rate>.i16` | samples of all clips, 16 bits, little-endian; only ever appended to |
/// | `waveforms-<rate>.index` | a header and one ``WaveformRecord`` a line; replaced whole, after the samples are on disk |
/// | `waveforms-<rate>.journal` | records since; a line is written once its samples are |
/// | `waveforms-<rate>.lock` | held by the process that builds |
///
/// A kill leaves a journal, whose records are believed only if the checksums of their samples hold. Not thread-safe.
/// Tests: `WaveformCacheTests`.
final class WaveformStore {
    let dataPath: String
    private(set) var records: [String: WaveformRecord] = [:]
    private(set) var notes: [String] = []
    private let indexPath: String
    private let journalPath: String
    private let sampleRate: Int
    private let lock: Int32
    private var data: Int32 = -1
    private var journal: Int32 = -1
    /// Where the next samples go, in samples.
    private var end = 0
    private var isSealed = false

    /// Opens or makes the files, and waits for another process that is building there.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    init(folder: String, sampleRate: Int) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw EPANNsError(
                .fileFailure, "The folder \(folder.quoted) of the waveform cache cannot be made; choose another.",
                cause: error)
        }
        let base = folder + "/waveforms-\(sampleRate)"
        (dataPath, indexPath, journalPath) = (base + ".i16", base + ".index", base + ".journal")
        self.sampleRate = sampleRate
        lock = open(base + ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o666)
        guard lock >= 0 else { throw Self.failure("create", base + ".lock") }
        // File systems without locks refuse; then nobody else may build there, which is the user's to see to.
        while flock(lock, LOCK_EX) != 0, errno == EINTR {}
        data = open(dataPath, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o666)
        guard data >= 0 else { throw Self.failure("open", dataPath) }
        try load()
    }

    deinit {
        for descriptor in [data, journal, lock] where descriptor >= 0 { close(descriptor) }
    }

    /// Adds a clip: first its samples, then its record.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`, for instance when the disk is full; the files stay valid.
    func append(_ samples: UnsafeBufferPointer<Int16>, _ record: WaveformRecord) throws {
        var record = record
        (record.offset, record.count, record.hash) = (end, samples.count, WaveformRecord.hash(samples))
        if journal < 0 {
            journal = open(journalPath, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o666)
            guard journal >= 0 else { throw Self.failure("create", journalPath) }
        }
        isSealed = false
        guard lseek(data, off_t(end * 2), SEEK_SET) >= 0 || errno == ESPIPE else {
            throw Self.failure("write", dataPath)
        }
        try AtomicFile.writeAll(UnsafeRawBufferPointer(samples), to: data, path: dataPath)
        end += samples.count
        var line = record.line + "\n"
        try line.withUTF8 { try AtomicFile.writeAll(UnsafeRawBufferPointer($0), to: journal, path: journalPath) }
        records[record.path] = record
    }

    /// Forces everything to disk and puts the journal's records into the index.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    func seal() throws {
        guard !isSealed else { return }
        guard fsync(data) == 0 else { throw Self.failure("write", dataPath) }
        let file = try AtomicFile(path: indexPath)
        try file.write(header + "\n")
        var text = ""
        for record in records.values.sorted(by: { $0.offset < $1.offset }) {
            text += record.line + "\n"
            if text.utf8.count > 1 << 20 {
                try file.write(text)
                text = ""
            }
        }
        try file.write(text + footer + "\n")
        try file.commit()
        if journal >= 0 { close(journal) }
        journal = -1
        unlink(journalPath)
        isSealed = true
    }

    private var header: String { "epanns-waveforms 1 \(sampleRate)" }
    private var footer: String { "end \(records.count)" }

    private func load() throws {
        var status = stat()
        guard fstat(data, &status) == 0 else { throw Self.failure("examine", dataPath) }
        let available = Int(status.st_size) / 2
        var isDamaged = false
        for record in try indexRecords(&isDamaged) where record.offset + record.count <= available {
            records[record.path] = record
        }
        if isDamaged { notes.append("The index of the waveform cache was damaged; the cache is built anew.") }
        let unsealed = try journalRecords()
        if !unsealed.isEmpty, available > 0 {
            let map = try MappedFile(path: dataPath)
            withExtendedLifetime(map) {
                let samples = map.bytes.assumingMemoryBound(to: Int16.self)
                for record in unsealed where record.offset + record.count <= available {
                    let part = UnsafeBufferPointer(rebasing: samples[record.offset..<record.offset + record.count])
                    if WaveformRecord.hash(part) == record.hash { records[record.path] = record }
                }
            }
        }
        end = records.values.map { $0.offset + $0.count }.max() ?? 0
        if available > 0, end == 0 {
            // Nothing in it is known now. A new file, since another process may have the old one mapped.
            close(data)
            unlink(dataPath)
            data = open(dataPath, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o666)
            guard data >= 0 else { throw Self.failure("create", dataPath) }
        } else if Int(status.st_size) > end * 2 {
            // What a kill left behind the last clip, which nobody reads.
            _ = ftruncate(data, off_t(end * 2))
        }
        isSealed = unsealed.isEmpty && !isDamaged && FileManager.default.fileExists(atPath: indexPath)
        if !unsealed.isEmpty { try seal() }
        unlink(journalPath)
    }

    private func indexRecords(_ isDamaged: inout Bool) throws -> [WaveformRecord] {
        guard FileManager.default.fileExists(atPath: indexPath) else { return [] }
        var lines = try Self.lines(of: indexPath)
        guard lines.first == Substring(header), let last = lines.last, last == "end \(lines.count - 2)" else {
            isDamaged = true
            return []
        }
        lines = Array(lines[1..<lines.count - 1])
        let found = lines.compactMap { WaveformRecord(line: $0) }
        isDamaged = found.count < lines.count
        return isDamaged ? [] : found
    }

    /// Whole lines that make sense; a torn one is a clip that will be read again.
    private func journalRecords() throws -> [WaveformRecord] {
        guard FileManager.default.fileExists(atPath: journalPath) else { return [] }
        return try Self.lines(of: journalPath).compactMap { WaveformRecord(line: $0) }
    }

    private static func lines(of path: String) throws -> [Substring] {
        let file = try MappedFile(path: path)
        let text = withExtendedLifetime(file) { String(decoding: file.bytes, as: UTF8.self) }
        // The last piece ends with the file, not with a line end: nothing, or torn.
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    }

    private static func failure(_ action: String, _ path: String) -> EPANNsError {
        let number = errno
        let advice =
            switch number {
            case ENOSPC, EDQUOT: "The disk is full; free some space and try again."
            // Somebody else could have put it into a shared folder, to have another file overwritten.
            case ELOOP: "It is a symbolic link, which is not followed here; remove it."
            default: "Check the permissions and the disk."
            }
        return EPANNsError(
            .fileFailure, "Cannot \(action) \(path.quoted): \(String(cString: strerror(number))). \(advice)")
    }
}
