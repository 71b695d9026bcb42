import EPANNsCore
import Foundation
import Synchronization

/// A folder with a file of results for each input.
///
/// One run writes it at a time. A hidden file says with which settings the results were made, another one lists those that
/// this generation of settings has made: what an interrupted run with other settings has left is never taken for its own.
/// Tests: `BatchRunTests`, `ResumeTests`.
public final class ResultFolder: Sendable {
    /// The folder.
    public let path: String
    /// Extension of its files.
    public let fileExtension: String
    private let lock: FolderLock
    private let state: Mutex<State>

    private struct State {
        /// Names of results that the settings beside them have made; nil where nobody has kept a list.
        var listed: Set<String>?
        var list: FileHandle?
    }

    /// Name of the file with the settings; hidden, so that folders of results stay folders of results.
    public static let settingsName = ".epanns-tag.json"
    /// Name of the file that lists the results.
    public static let listName = ".epanns-tag.done"
    // Far more than any list of classes takes; a larger file is none of ours.
    private static let maximumSettingsByteCount = 1 << 20

    /// Opens a folder for writing, which is made where it is missing, and sweeps what dead writers have left in it.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when that is not possible, or another run is writing there.
    public init(path: String, fileExtension: String) throws {
        self.path = path
        self.fileExtension = fileExtension
        try ResultFile.makeFolder(path)
        lock = try FolderLock(folder: path, owner: "Another run")
        AtomicFile.sweep(folder: path)
        state = Mutex(State(listed: try Self.list(path)))
    }

    /// Sweeps what dead writers have left where results will go.
    ///
    /// Only there: the folder may be one that holds much else, and other file systems.
    ///
    /// - Parameter inputs: Whose results they will be.
    public func sweep(for inputs: [BatchInput]) {
        let folders = Set(inputs.map { $0.relativePath.split(separator: "/").dropLast().joined(separator: "/") })
        for folder in folders where !folder.isEmpty { AtomicFile.sweep(folder: "\(path)/\(folder)") }
    }

    // MARK: Settings

    /// The settings that made the results there; nil where nothing says it.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`, `invalidConfiguration` for a file that is far too long.
    public func settings() throws -> Data? { try Self.settings(path) }

    private static func settings(_ folder: String) throws -> Data? {
        let path = "\(folder)/\(settingsName)"
        guard access(path, F_OK) == 0 else { return nil }
        let file = try MappedFile(path: path)
        guard file.bytes.count <= maximumSettingsByteCount else {
            throw EPANNsError(.invalidConfiguration, "\(path.quoted) is far too long for settings; delete it.")
        }
        // The bytes live as long as the file.
        return withExtendedLifetime(file) { Data(file.bytes) }
    }

    /// Begins a generation of results: from now on none that is there counts.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    public func begin(settings: Data) throws {
        // The list goes first: settings without their list mean that nothing was made with them.
        let list = "\(path)/\(Self.listName)"
        guard unlink(list) == 0 || errno == ENOENT else { throw SystemCall.failure("remove", list) }
        try settings.withUnsafeBytes { try AtomicFile.write($0, to: "\(path)/\(Self.settingsName)") }
        try state.withLock { $0 = State(listed: [], list: try Self.newList(list, of: settings)) }
    }

    /// Goes on with the generation that is there, or where nothing says how the results were made, with all of them.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    public func proceed() throws {
        try state.withLock { state in
            let listed = state.listed ?? resultNames()
            let list = "\(path)/\(Self.listName)"
            // Written anew: the one that is there may be missing, of other settings, or end in the middle of a line.
            state = State(listed: listed, list: try Self.newList(list, of: settings() ?? Data(), listed))
        }
    }

    /// All results that are there, whoever made them: where nobody kept a list, one begins with them, so that the record of
    /// an input that fails from now on is not taken for a result.
    private func resultNames() -> Set<String> {
        let found = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        return Set(found.filter { $0.hasSuffix(".\(fileExtension)") && $0 != Self.settingsName })
    }

    /// The results that the settings in a folder have made; nil where no list was kept: by an earlier version of this
    /// package, or since somebody has deleted the settings.
    private static func list(_ folder: String) throws -> Set<String>? {
        struct Kept: Decodable { var resultsListed: Bool? }
        let settings = try Self.settings(folder)
        if let settings, (try? ResultJSON.decoder.decode(Kept.self, from: settings))?.resultsListed != true {
            return nil
        }
        // Without settings a list counts that was begun without them.
        let none: Set<String>? = settings == nil ? nil : []
        guard let data = FileManager.default.contents(atPath: "\(folder)/\(listName)") else { return none }
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.first.map(String.init) == digest(settings ?? Data()) else { return none }
        // What follows the last line end was not written to its end.
        return Set(
            lines.dropFirst().dropLast().compactMap {
                try? ResultJSON.decoder.decode(String.self, from: Data($0.utf8))
            })
    }

    private static func newList(_ path: String, of settings: Data, _ names: Set<String> = []) throws -> FileHandle {
        var text = Data("\(digest(settings))\n".utf8)
        for name in names.sorted() { text += try ResultJSON.line(name) }
        try text.withUnsafeBytes { try AtomicFile.write($0, to: path) }
        let descriptor = SystemCall.retrying { open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW) }
        guard descriptor >= 0 else { throw SystemCall.failure("write", path) }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    private static func digest(_ data: Data) -> String {
        var digest = MessageDigest(.sha256)
        data.withUnsafeBytes { digest.update($0) }
        return digest.hexadecimal
    }

    // MARK: Results

    /// Whether the folder holds the input's result, made with the settings beside it.
    public func holds(_ input: BatchInput) -> Bool {
        let name = ResultFile.name(input, fileExtension)
        return state.withLock { $0.listed?.contains(name) ?? true } && access("\(path)/\(name)", F_OK) == 0
    }

    /// Takes note of a result that was written.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    func note(_ input: BatchInput) throws {
        let line = try ResultJSON.line(ResultFile.name(input, fileExtension))
        do {
            try state.withLock { try $0.list?.write(contentsOf: line) }
        } catch {
            throw EPANNsError(
                .fileFailure, "The list of results in \(path.quoted) cannot be written: is the disk full?", cause: error
            )
        }
    }
}
