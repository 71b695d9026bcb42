import Foundation
import Synchronization

/// Names of recordings that do not depend on the present folder nor on how a path is written.
///
/// `esc10/a.ogg`, `./esc10/a.ogg` and `/data/esc10/a.ogg` are one recording in a cache. Folders are looked up once each.
/// Test: `WaveformCacheTests`.
final class CanonicalPaths: Sendable {
    private let folders = Mutex<[String: String]>([:])

    /// The absolute path, without links and steps upwards in the folders; of a folder that is not there as it is written.
    func callAsFunction(_ path: String) -> String {
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = slash.map { String(path[path.utf8.index(after: $0)...]) } ?? path
        let canonical = folders.withLock { folders in
            if let known = folders[folder] { return known }
            let found = Self.resolved(folder)
            folders[folder] = found
            return found
        }
        return canonical == "/" ? "/" + name : canonical + "/" + name
    }

    private static func resolved(_ folder: String) -> String {
        if let text = realpath(folder, nil) {
            defer { free(text) }
            return String(cString: text)
        }
        return folder.hasPrefix("/") ? folder : FileManager.default.currentDirectoryPath + "/" + folder
    }
}
