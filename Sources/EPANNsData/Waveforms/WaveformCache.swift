import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

/// The waveforms of a data set at one sample rate, packed as 16-bit mono and memory-mapped.
///
/// Built once by ``build(_:sampleRate:folder:options:progress:)``. Rows of PANNs' packs are read where they are, without a
/// second copy. One cache may be read from several threads at once. The samples are as SPEC §1.6 has them.
/// Tests: `WaveformCacheTests`.
public final class WaveformCache: Sendable {
    /// Where a clip's samples are in a cache; found once, then free.
    public struct Location: Sendable, Hashable {
        enum Storage: Sendable, Hashable {
            case packed(offset: Int)
            case hdf5(pack: Int, row: Int)
            case silence
        }
        let storage: Storage
        /// Length of the clip, in samples.
        public let sampleCount: Int
    }

    struct Pack: Sendable {
        var waveforms: HDF5Array
        /// Every how manyth sample is taken.
        var step: Int
    }

    /// Samples a second.
    public let sampleRate: Int
    /// Recordings that could not be read and were skipped: path and reason.
    public let unreadable: [String: String]
    /// What a person should know of how the cache was built.
    public let notes: [String]
    private let file: MappedFile?
    private let offsets: [String: (offset: Int, count: Int)]
    private let packs: [Pack]
    private let packNumbers: [String: Int]
    private let paths: CanonicalPaths

    /// Length of a clip whose recording is missing, in seconds: that of AudioSet's.
    static let silenceSeconds = 10

    init(
        sampleRate: Int, dataPath: String, records: [WaveformRecord], packs: [(path: String, pack: Pack)],
        unreadable: [String: String], notes: [String], paths: CanonicalPaths
    ) throws {
        self.sampleRate = sampleRate
        self.paths = paths
        self.unreadable = unreadable
        self.notes = notes
        let file = records.isEmpty ? nil : try MappedFile(path: dataPath)
        let available = (file?.bytes.count ?? 0) / 2
        guard records.allSatisfy({ $0.offset + $0.count <= available }) else {
            throw EPANNsError(
                .fileFailure,
                "\(dataPath.quoted) is shorter than its index says; delete the cache and build it again.")
        }
        self.file = file
        offsets = Dictionary(records.map { ($0.path, ($0.offset, $0.count)) }) { $1 }
        self.packs = packs.map(\.pack)
        packNumbers = Dictionary(packs.enumerated().map { ($1.path, $0) }) { first, _ in first }
    }

    /// Finds a clip.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the cache was built without it.
    public func location(of clip: DataSet.Clip) throws -> Location {
        switch clip.source {
        case .missing:
            return Location(storage: .silence, sampleCount: Self.silenceSeconds * sampleRate)
        case .file(let path):
            if let place = offsets[paths(path)] {
                return Location(storage: .packed(offset: place.offset), sampleCount: place.count)
            }
        case .hdf5(let path, let row):
            if let number = packNumbers[paths(path)], (0..<packs[number].waveforms.rowCount).contains(row) {
                let pack = packs[number]
                let count = (pack.waveforms.columnCount + pack.step - 1) / pack.step
                return Location(storage: .hdf5(pack: number, row: row), sampleCount: count)
            }
        }
        throw EPANNsError(
            .invalidConfiguration,
            "The waveform cache does not have \(clip.name.quoted); build it for this data set, and leave out what could "
                + "not be read.")
    }

    /// Reads part of a clip.
    ///
    /// - Parameters:
    ///   - location: The clip.
    ///   - offset: The first sample; may lie behind the end.
    ///   - output: Room for the samples, shape `(samples)`; zeros where the clip has ended.
    /// - Throws: `EPANNsError` with code `unsupportedFormat` when a pack is damaged.
    public func read(
        _ location: Location, from offset: Int = 0, into output: UnsafeMutableBufferPointer<Float>
    ) throws {
        precondition(offset >= 0, "A clip begins at 0")
        let count = max(0, min(output.count, location.sampleCount - offset))
        let part = UnsafeMutableBufferPointer(rebasing: output[..<count])
        switch location.storage {
        case .silence: part.update(repeating: 0)
        case .packed(let start):
            guard let file, let base = file.bytes.baseAddress else {
                preconditionFailure("A location of another cache")
            }
            precondition((start + location.sampleCount) * 2 <= file.bytes.count, "A location of another cache")
            withExtendedLifetime(file) {
                WaveformQuantization.samples(
                    of: base.assumingMemoryBound(to: Int16.self) + start + offset, into: part)
            }
        case .hdf5(let number, let row):
            precondition(packs.indices.contains(number), "A location of another cache")
            guard count > 0 else { break }
            let pack = packs[number]
            // From the first sample wanted to the last, and what lies between.
            let first = offset * pack.step
            let columns = first..<first + (count - 1) * pack.step + 1
            try withUnsafeTemporaryAllocation(of: Int16.self, capacity: columns.count) { values in
                try pack.waveforms.readInt16(row: row, columns: columns, into: values)
                guard let base = values.baseAddress else { return }
                WaveformQuantization.samples(of: base, step: pack.step, into: part)
            }
        }
        output[count...].update(repeating: 0)
    }

    /// Reads a whole clip.
    ///
    /// - Returns: Shape `(samples)`.
    /// - Throws: As ``read(_:from:into:)`` and ``location(of:)``.
    public func waveform(of clip: DataSet.Clip) throws -> [Float] {
        let location = try location(of: clip)
        return try [Float](unsafeUninitializedCapacity: location.sampleCount) { buffer, initialized in
            try read(location, into: UnsafeMutableBufferPointer(rebasing: buffer[..<location.sampleCount]))
            initialized = location.sampleCount
        }
    }
}
