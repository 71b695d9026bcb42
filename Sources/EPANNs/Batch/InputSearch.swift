import EPANNsCore
import Foundation

/// Turns names into inputs: files, folders that are searched through, patterns, and `-` for standard input.
///
/// From folders come regular files whose name ends as one of audio, in a stable order. Links are followed, each folder is
/// searched once. Nothing is lost in silence: what cannot be read is an input that has failed, what was left alone is
/// counted. Names need not be UTF-8 text. Tests: `InputSearchTests`.
public struct InputSearch: Sendable {
    /// Extensions that are taken from folders; files named one by one may have any.
    public static let extensions: Set<String> = [
        "wav", "wave", "w64", "rf64", "bwf", "flac", "mp3", "mp2", "ogg", "oga", "opus", "m4a", "m4b", "aac", "aif",
        "aiff", "aifc", "caf", "au", "snd", "wma", "wv", "ape", "tta", "amr", "ac3", "eac3", "mka", "mkv", "webm",
        "mp4", "m4v", "mov", "avi", "mpg", "mpeg", "ts", "mts", "3gp", "wmv", "flv", "ogv",
    ]

    /// What folders hold and a search leaves alone.
    public struct Ignored: Codable, Hashable, Sendable {
        /// Names that begin with a dot: companions of others (“._x.wav” on some disks), not recordings.
        public var hidden = 0
        /// Files that are not called as audio is.
        public var others = 0
        /// Named pipes, sockets and devices, which reading might never end.
        public var special = 0
        /// Links to folders that have been searched already.
        public var seen = 0

        /// Makes a count of nothing.
        public init() {}
    }

    /// The inputs, each once; among them those that lead nowhere.
    public private(set) var inputs: [BatchInput] = []
    /// What was left alone.
    public private(set) var ignored = Ignored()
    private var known: Set<[UInt8]> = []

    /// Searches.
    ///
    /// - Parameter names: Paths, patterns or `-`; bytes, since a path need not be text.
    public init(_ names: [[UInt8]]) {
        for name in names { resolve(name) }
    }

    /// Searches.
    ///
    /// - Parameter names: Paths, patterns or `-`.
    public init(_ names: [String]) { self.init(names.map { Array($0.utf8) }) }

    private mutating func resolve(_ name: [UInt8]) {
        if name == Array("-".utf8) { return add(.standardInput) }
        guard !name.isEmpty, !name.contains(0) else {
            return fail(name, name, "An input's path is empty, or holds a NUL.", .invalidConfiguration)
        }
        switch FilePath.kind(name) {
        case .folder: search(name, pattern: nil)
        case .regular, .special: add(input(name, FilePath.last(name)))
        case .missing(let number):
            if name.contains(where: "*?[".utf8.contains) { return match(name) }
            let message =
                number != ENOENT
                ? SystemCall.failure("read", FilePath.text(name), number).message
                : FilePath.isLink(name)
                    ? "The link \(FilePath.text(name)) leads nowhere."
                    : "There is no file or folder \(FilePath.text(name))."
            fail(name, FilePath.last(name), message)
        }
    }

    private mutating func match(_ pattern: [UInt8]) {
        // “**/” is any folder below: what is before it is searched through for what is behind it.
        if let stars = pattern.firstRange(of: Array("**/".utf8)) {
            let base = stars.lowerBound == 0 ? Array(".".utf8) : Array(pattern[..<stars.lowerBound])
            return search(base, pattern: Array(pattern[stars.upperBound...]))
        }
        var matches = glob_t()
        defer { globfree(&matches) }
        guard FilePath.withCString(pattern, { glob($0, 0, nil, &matches) }) == 0, matches.gl_pathc > 0 else {
            return fail(pattern, FilePath.last(pattern), "No file matches \(FilePath.text(pattern)).")
        }
        for index in 0..<Int(matches.gl_pathc) {
            guard let path = matches.gl_pathv[index] else { continue }
            resolve(UnsafeBufferPointer(start: path, count: strlen(path)).map { UInt8(bitPattern: $0) })
        }
    }

    private mutating func search(_ folder: [UInt8], pattern: [UInt8]?) {
        var walk = FolderWalk(pattern: pattern)
        walk.search(folder, relative: [])
        ignored.hidden += walk.ignored.hidden
        ignored.others += walk.ignored.others
        ignored.special += walk.ignored.special
        ignored.seen += walk.ignored.seen
        for entry in walk.found.sorted(by: { $0.path.lexicographicallyPrecedes($1.path) }) {
            if let message = entry.failure {
                fail(entry.path, entry.relative, message)
            } else {
                add(input(entry.path, entry.relative))
            }
        }
        guard walk.found.isEmpty else { return }
        let name = FilePath.text(folder)
        fail(
            folder, FilePath.last(folder),
            pattern.map { "No file below \(name) matches \(FilePath.text($0))." }
                ?? "The folder \(name) holds no audio (files ending in .wav, .flac, .mp3, .ogg, .m4a, …).")
    }

    private func input(_ path: [UInt8], _ relative: [UInt8]) -> BatchInput {
        let isText = String(validating: path, as: UTF8.self) != nil
        return BatchInput(
            path: FilePath.text(path), relativePath: FilePath.text(relative), bytes: isText ? nil : path)
    }

    private mutating func add(_ input: BatchInput) {
        // A file that two arguments name is done once; by its bytes, which another name may spell as text.
        if known.insert(input.bytes ?? Array(input.path.utf8)).inserted { inputs.append(input) }
    }

    private mutating func fail(
        _ path: [UInt8], _ relative: [UInt8], _ message: String, _ code: EPANNsError.Code = .fileFailure
    ) {
        var failed = input(path, relative)
        failed.failure = ResultFailure(code: code.rawValue, message: message)
        add(failed)
    }
}
