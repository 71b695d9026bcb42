import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

extension DataSet {
    /// What happens to a clip whose recording is not there.
    public enum MissingFiles: String, Sendable, Codable, CaseIterable {
        /// Reading fails and names the files.
        case fail
        /// The clip is left out, with a note.
        case skip
        /// The clip stays as silence without classes, as in AudioSet's packs (SPEC §5.1). Multi-label sets only.
        case silence
    }

    /// The names of a table's columns, any case; the first that occurs is taken.
    public struct Columns: Sendable, Hashable, Codable {
        /// The recording's file name.
        public var filename = ["filename", "file", "path", "slice_file_name", "fname"]
        /// The cross-validation fold, an integer.
        public var fold = ["fold"]
        /// The one class, by name.
        public var category = ["category", "class", "label"]
        /// The one class, by number.
        public var target = ["target", "classid"]
        /// Any number of classes, as MIDs or names separated by `;` or `,`.
        public var labels = ["labels", "mids", "positive_labels"]

        /// The usual names: ESC-50's, UrbanSound8K's, FSD50K's.
        public init() {}
    }

    /// How a table is read.
    public struct Options: Sendable {
        /// The class list; nil takes the table's own.
        public var labels: LabelSet?
        /// Folders of recordings, searched after the one given to ``DataSet/read(_:audio:options:)``.
        public var audioFolders: [String] = []
        /// Column names of a CSV with a header.
        public var columns = Columns()
        /// What happens to missing recordings; nil is `silence` for AudioSet's tables and `fail` for others.
        public var missingFiles: MissingFiles?
        /// Whether classes that the class list lacks are left out, with a note, instead of being an error.
        public var ignoresUnknownClasses = false

        /// Whether classes are of no interest, for a teacher's students: a CSV needs no column of them, and no clip
        /// gets any from one.
        public var ignoresClasses = false

        /// The defaults.
        public init() {}
    }

    /// Reads a data set.
    ///
    /// Its kind is seen from the file's contents:
    ///
    /// - a CSV with a header row (ESC-50, UrbanSound8K, FSD50K and the like);
    /// - a folder that has one for each class, named after it, and perhaps `_none` for what is of none of them;
    /// - AudioSet's segment tables, whose first lines start with `#` (SPEC §5.1);
    /// - PANNs' HDF5 packs and index files (SPEC §5.1).
    ///
    /// - Parameters:
    ///   - table: Path of the table, or of the folder.
    ///   - audio: Folder of the recordings, or of the packs; nil is the table's folder.
    ///   - options: Class list, columns, what to do with missing files.
    /// - Throws: `EPANNsError`, which names lines, files and classes: `fileFailure` when a file or folder is missing,
    ///   `invalidConfiguration` when the table is invalid, `unsupportedFormat` for HDF5 of another kind.
    ///
    /// Tests: `DataSetTableTests`, `DataSetAudioSetTests`, `DataSetHDF5Tests`, `DataSetFolderTests`.
    public static func read(_ table: String, audio: String? = nil, options: Options = Options()) throws -> DataSet {
        if isFolder(table) {
            guard audio == nil else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "\(table.quoted) is a folder with its recordings in it; no other folder of recordings can be given."
                )
            }
            return try readClassFolders(table, options: options)
        }
        let file = try MappedFile(path: table)
        guard !file.bytes.isEmpty else {
            throw EPANNsError(.invalidConfiguration, "\(table.quoted) is empty; name a table of clips.")
        }
        let folder = folder(of: table)
        var options = options
        if file.bytes.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]) {
            return try readHDF5(table, folders: (audio.map { [$0] } ?? []) + options.audioFolders, options: options)
        }
        if audio != nil || options.audioFolders.isEmpty {
            options.audioFolders.insert(audio ?? folder, at: 0)
        }
        // A signature and a comment can both follow a byte order mark.
        let start = file.bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let isAudioSet = file.bytes.count > start && file.bytes[start] == UInt8(ascii: "#")
        let result = try withExtendedLifetime(file) {
            let reader = CSVReader(file.bytes, name: table)
            return isAudioSet
                ? try readAudioSet(reader, table: table, options: options)
                : try readTable(reader, table: table, options: options)
        }
        guard !result.clips.isEmpty else {
            throw EPANNsError(.invalidConfiguration, "\(table.quoted) has no clips that can be used.")
        }
        return result
    }

    /// A path's folder.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

/// Collects what is wrong with a table's clips, so that one message says it all.
struct MissingClips {
    let policy: DataSet.MissingFiles
    private(set) var names: [String] = []

    init(_ policy: DataSet.MissingFiles) { self.policy = policy }

    mutating func add(_ name: String) { names.append(name) }

    /// The note about them; nil when there are none.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when they are not to be tolerated, or nothing else is there.
    func note(clipCount: Int, folders: [String], hint: String, remedy: Remedy) throws -> String? {
        guard !names.isEmpty else { return nil }
        let counted = "\(names.count.counted(of: clipCount, "recording")) \(names.count.isOrAre)"
        let place = folders.map(\.quoted).joined(separator: ", ")
        guard policy != .fail, names.count < clipCount else {
            throw EPANNsError(
                .fileFailure,
                "\(counted) not in \(place): \(names.firstFewQuoted)."
                    + (hint.isEmpty ? "" : " \(hint)"),
                remedy: remedy)
        }
        let fate = policy == .skip ? "left out" : "taken as silence without classes, as in AudioSet's packs"
        return "\(counted) missing and \(fate): \(names.firstFewQuoted)."
    }
}
