import EPANNs
import EPANNsCore
import Foundation

/// One input, and what its result is called in an output folder.
struct InputFile: Hashable, Codable, Sendable {
    /// The path as given or found, `-` for standard input.
    var path: String
    /// Path relative to the folder that was searched, or the file's name.
    var relativePath: String
}

/// Turns arguments into files.
enum InputFinder {
    /// Extensions that are taken from folders; files named one by one may have any.
    static let extensions: Set<String> = [
        "wav", "wave", "w64", "rf64", "bwf", "flac", "mp3", "mp2", "ogg", "oga", "opus", "m4a", "m4b", "aac", "aif",
        "aiff",
        "aifc", "caf", "au", "snd", "wma", "wv", "ape", "tta", "amr", "ac3", "eac3", "mka", "mkv", "webm", "mp4", "m4v",
        "mov", "avi", "mpg", "mpeg", "ts", "mts", "3gp", "wmv", "flv", "ogv",
    ]

    /// What arguments led to.
    struct Found {
        /// The files, each once.
        var files: [InputFile] = []
        /// Arguments that name nothing, or folders without audio.
        var failures: [EPANNsError] = []
    }

    /// Resolves files, folders, patterns and `-`; an argument that leads nowhere does not stop the others.
    static func find(_ arguments: [String]) -> Found {
        var found = Found()
        var seen: Set<String> = []
        for argument in arguments {
            do {
                // A file that two arguments name is done once.
                found.files += try resolve(argument).filter { seen.insert($0.path).inserted }
            } catch let error as EPANNsError {
                found.failures.append(error)
            } catch {
                found.failures.append(EPANNsError(.fileFailure, "\(argument) cannot be read.", cause: error))
            }
        }
        return found
    }

    private static func resolve(_ argument: String) throws -> [InputFile] {
        if argument == "-" { return [InputFile(path: "-", relativePath: "standard-input")] }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder) else {
            return try pattern(argument)
        }
        return isFolder.boolValue ? try folder(argument) : [file(argument)]
    }

    private static func file(_ path: String) -> InputFile {
        InputFile(path: path, relativePath: URL(fileURLWithPath: path).lastPathComponent)
    }

    private static func folder(_ path: String) throws -> [InputFile] {
        guard let walker = FileManager.default.enumerator(atPath: path) else {
            throw EPANNsError(.fileFailure, "The folder \(path) cannot be read; check its permissions.")
        }
        let base = path.hasSuffix("/") ? String(path.dropLast()) : path
        var found: [InputFile] = []
        for case let relative as String in walker where extensions.contains(extensionOf(relative)) {
            // Hidden files are companions of others ("._x.wav" on some disks), not recordings.
            if relative.split(separator: "/").contains(where: { $0.hasPrefix(".") }) { continue }
            var isFolder: ObjCBool = false
            let full = base + "/" + relative
            if FileManager.default.fileExists(atPath: full, isDirectory: &isFolder), !isFolder.boolValue {
                found.append(InputFile(path: full, relativePath: relative))
            }
        }
        guard !found.isEmpty else {
            throw EPANNsError(
                .fileFailure, "The folder \(path) holds no audio (files ending in .wav, .flac, .mp3, .ogg, .m4a, …).")
        }
        return found.sorted { $0.path < $1.path }
    }

    private static func extensionOf(_ path: String) -> String {
        URL(fileURLWithPath: path).pathExtension.lowercased()
    }

    private static func pattern(_ text: String) throws -> [InputFile] {
        guard text.contains(where: { "*?[".contains($0) }) else {
            throw EPANNsError(.fileFailure, "There is no file or folder \(text).")
        }
        var matches = glob_t()
        defer { globfree(&matches) }
        guard glob(text, 0, nil, &matches) == 0, matches.gl_pathc > 0 else {
            throw EPANNsError(.fileFailure, "No file matches \(text).")
        }
        let paths = (0..<Int(matches.gl_pathc)).compactMap { matches.gl_pathv[$0].map { String(cString: $0) } }
        return try paths.flatMap { path -> [InputFile] in
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            return isFolder.boolValue ? try folder(path) : [file(path)]
        }
    }
}
