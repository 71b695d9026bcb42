import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

/// Finds the recordings of a table in one or several folders, and nothing outside them.
///
/// Each folder is listed once. A name is looked up as it stands, then in `fold<n>` (UrbanSound8K's layout), then with
/// any audio extension in the place of its own (or of none). Tests: `AudioFoldersTests`.
struct AudioFolders {
    private struct Listing {
        var names: Set<String>
        var byStem: [String: String]
    }

    let folders: [String]
    private var listings: [String: Listing] = [:]

    /// Takes folders in the order of search.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when one does not exist.
    init(_ folders: [String]) throws {
        for folder in folders {
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
                throw EPANNsError(
                    .fileFailure, "There is no folder \(folder.quoted); name the folder with the recordings.")
            }
        }
        self.folders = folders.map { $0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    }

    /// The path of a recording; nil when it is in none of the folders.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the name leads out of the folders.
    mutating func path(of name: String, fold: Int? = nil) throws -> String? {
        for folder in folders {
            guard let components = try Self.components(of: name, in: folder) else { continue }
            let parents = components.dropLast().map { "/" + $0 }.joined()
            let places = [folder + parents] + (fold.map { ["\(folder)/fold\($0)\(parents)"] } ?? [])
            for place in places {
                if let found = find(components.last ?? "", in: place) { return found }
            }
        }
        if name.hasPrefix("/"), try folders.allSatisfy({ try Self.components(of: name, in: $0) == nil }) {
            throw Self.outside(name)
        }
        return nil
    }

    /// The steps from a folder to a file; nil for an absolute path that lies elsewhere.
    private static func components(of name: String, in folder: String) throws -> [String]? {
        var relative = name[...]
        if name.hasPrefix("/") {
            let prefix = folder == "/" ? "/" : folder + "/"
            guard name.hasPrefix(prefix) else { return nil }
            relative = name.dropFirst(prefix.count)
        }
        var steps: [String] = []
        for step in relative.split(separator: "/") where step != "." {
            if step == ".." {
                guard steps.popLast() != nil else { throw outside(name) }
            } else {
                steps.append(String(step))
            }
        }
        guard !steps.isEmpty else {
            throw EPANNsError(.invalidConfiguration, "\(name.quoted) is not a file name; check the table.")
        }
        return steps
    }

    private static func outside(_ name: String) -> EPANNsError {
        EPANNsError(
            .invalidConfiguration,
            "\(name.quoted) leads out of the folder of recordings; name the folder that holds it, or correct the table."
        )
    }

    private mutating func find(_ name: String, in folder: String) -> String? {
        let listing = listing(of: folder)
        if listing.names.contains(name) { return folder + "/" + name }
        if let other = listing.byStem[name] ?? listing.byStem[Self.stem(of: name).stem] { return folder + "/" + other }
        return nil
    }

    private mutating func listing(of folder: String) -> Listing {
        if let known = listings[folder] { return known }
        // A folder that is not there holds nothing; the caller names the files that it misses.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var listing = Listing(names: Set(names), byStem: [:])
        for name in names {
            let (stem, suffix) = Self.stem(of: name)
            guard Self.extensions.contains(suffix) else { continue }
            // Of a.flac and a.wav the first by name, on every machine.
            listing.byStem[stem] = min(listing.byStem[stem] ?? name, name)
        }
        listings[folder] = listing
        return listing
    }

    /// A name's part before the last dot, and the extension in lower case when it is one of audio.
    private static func stem(of name: String) -> (stem: String, suffix: String) {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return (name, "") }
        let suffix = name[name.index(after: dot)...].lowercased()
        return extensions.contains(suffix) ? (String(name[..<dot]), suffix) : (name, "")
    }

    /// Whether a file's name has an extension of audio.
    static func isRecording(_ name: String) -> Bool { extensions.contains(stem(of: name).suffix) }

    private static let extensions: Set<String> = [
        "wav", "wave", "w64", "flac", "mp3", "mp2", "ogg", "oga", "opus", "m4a", "aac", "aif", "aiff", "caf", "au",
        "wma", "wv", "mka", "mkv", "webm", "mp4",
    ]
}
