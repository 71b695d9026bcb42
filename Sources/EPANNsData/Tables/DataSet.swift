import EPANNsCore
import EPANNsGraph
import EPANNsModels

/// Clips and what is heard in them: a value, read from a table by ``read(_:audio:options:)``.
///
/// Tests: `DataSetTests`, `DataSetTableTests`, `DataSetAudioSetTests`, `DataSetHDF5Tests`.
public struct DataSet: Sendable, Hashable {
    /// One recording.
    public struct Clip: Sendable, Hashable {
        /// Its name in the table, such as `1-100032-A-0.ogg` or `YtQ4…wav`; empty for an empty row of a pack.
        public var name: String
        /// Where its samples are.
        public var source: Source
        /// The cross-validation fold; nil when the table has none.
        public var fold: Int?
        /// Indices of its classes in ``DataSet/labels``, ascending, each once.
        public var classes: [Int]

        /// Makes a clip; `classes` may come in any order.
        public init(name: String, source: Source, fold: Int? = nil, classes: [Int]) {
            self.name = name
            self.source = source
            self.fold = fold
            self.classes = Set(classes).sorted()
        }
    }

    /// Where a clip's samples are.
    public enum Source: Sendable, Hashable {
        /// A recording in any format that `AudioReader` reads.
        case file(String)
        /// A row of the data set `waveform` of one of PANNs' packs.
        case hdf5(path: String, row: Int)
        /// Nowhere: ten seconds of silence without classes, as AudioSet's packs treat a missing file (SPEC §5.1).
        case missing
    }

    /// The classes, in the order of the targets.
    public var labels: LabelSet
    /// Whether every clip has exactly one class (cross-entropy, accuracy) instead of any number (BCE, mAP).
    public var isSingleLabel: Bool
    /// The clips, in the table's order.
    public var clips: [Clip]
    /// What a person should know of how the table was understood.
    public var notes: [String]

    /// Makes a data set.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a class is out of range, or a clip of a
    ///   single-label set has not exactly one.
    public init(labels: LabelSet, isSingleLabel: Bool, clips: [Clip], notes: [String] = []) throws {
        self.labels = labels
        self.isSingleLabel = isSingleLabel
        self.clips = clips
        self.notes = notes
        try validate()
    }

    /// Checks the classes of all clips, which may have been changed since the data set was made.
    ///
    /// - Throws: As ``init(labels:isSingleLabel:clips:notes:)``.
    public func validate() throws {
        for clip in clips {
            guard clip.classes.allSatisfy({ (0..<labels.count).contains($0) }) else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "“\(clip.name)” has a class outside 0..<\(labels.count); table and class list do not match.")
            }
            guard !isSingleLabel || clip.classes.count == 1 else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "“\(clip.name)” has \(clip.classes.count.counted("class")) in a single-label data set; it needs exactly one."
                )
            }
        }
    }

    /// Number of classes.
    public var classCount: Int { labels.count }

    /// Number of clips of each class, shape `(classes)`.
    public var classCounts: [Int] {
        var counts = [Int](repeating: 0, count: labels.count)
        for clip in clips { for index in clip.classes { counts[index] += 1 } }
        return counts
    }

    /// The folds that occur, ascending.
    public var folds: [Int] { Set(clips.compactMap(\.fold)).sorted() }
}

extension DataSet {
    /// The clips of some folds.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a fold does not occur, or none is named.
    public func selecting(folds: some Collection<Int>) throws -> DataSet {
        let wanted = try checked(folds)
        return filtered { clip in clip.fold.map(wanted.contains) ?? false }
    }

    /// The clips of all other folds; clips without a fold stay.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a fold does not occur, or no clip is left.
    public func excluding(folds: some Collection<Int>) throws -> DataSet {
        let unwanted = try checked(folds)
        let rest = filtered { clip in clip.fold.map { !unwanted.contains($0) } ?? true }
        guard !rest.clips.isEmpty else {
            throw EPANNsError(.invalidConfiguration, "Without the folds \(unwanted.sorted()) no clip is left.")
        }
        return rest
    }

    /// Some clips, by index, in the order given.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when an index is out of range.
    public func subset(_ indices: some Sequence<Int>) throws -> DataSet {
        var result = self
        result.clips = try indices.map { index in
            guard clips.indices.contains(index) else {
                throw EPANNsError(
                    .invalidConfiguration, "There is no clip \(index); the data set has \(clips.count).")
            }
            return clips[index]
        }
        return result
    }

    private func filtered(_ isIncluded: (Clip) -> Bool) -> DataSet {
        var result = self
        result.clips = clips.filter(isIncluded)
        return result
    }

    private func checked(_ folds: some Collection<Int>) throws -> Set<Int> {
        let present = Set(self.folds)
        let unknown = folds.filter { !present.contains($0) }
        guard !folds.isEmpty, unknown.isEmpty else {
            let what =
                folds.isEmpty
                ? "No fold is named" : "There is no fold \(unknown.map(String.init).joined(separator: ", "))"
            let have =
                present.isEmpty
                ? "the data set has no folds (a column “fold” gives them)"
                : "the data set has \(present.sorted().map(String.init).joined(separator: ", "))"
            throw EPANNsError(.invalidConfiguration, "\(what); \(have).")
        }
        return Set(folds)
    }
}

extension DataSet {
    /// A checksum of everything that training depends on.
    ///
    /// That is the class list, and of each clip the name, fold, classes and kind of source. Folders are left out, so
    /// data may move.
    /// The samples themselves are not part of it. A run that resumes compares it with the one it was started with.
    ///
    /// - Returns: SHA-256 as 64 hexadecimal digits.
    public var digest: String {
        var hash = MessageDigest(.sha256)
        func add(_ text: String) {
            // The length first, so that no two sequences of texts run into each other.
            hash.update(text.utf8.count)
            hash.update(text)
        }
        add("EPANNs DataSet 1")
        hash.update(labels.count)
        for label in labels.labels {
            add(label.mid)
            add(label.name)
        }
        hash.update(isSingleLabel ? 1 : 0)
        hash.update(clips.count)
        for clip in clips {
            add(clip.name)
            hash.update(clip.fold ?? -1)
            switch clip.source {
            case .file: hash.update(-1)
            case .missing: hash.update(-2)
            case .hdf5(_, let row): hash.update(row)
            }
            hash.update(clip.classes.count)
            for index in clip.classes { hash.update(index) }
        }
        return hash.hexadecimal
    }
}
