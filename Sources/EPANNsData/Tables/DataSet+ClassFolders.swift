import EPANNsCore
import EPANNsModels
import Foundation

extension DataSet {
    /// Name of the folder whose recordings are of none of the classes.
    public static let folderOfNone = "_none"

    /// Reads a folder that has one for each class, named after it, with the class's recordings.
    ///
    /// Recordings may lie in folders within; hidden files, and folders without recordings, are passed over. A clip's
    /// name is its path below the folder. Test: `DataSetFolderTests`.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when the folder cannot be listed, `invalidConfiguration` when it
    ///   has no folders with recordings.
    static func readClassFolders(_ folder: String, options: Options) throws -> DataSet {
        let folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        var recordings: [(path: String, folder: String)] = []
        var (loose, empty): (Int, [String]) = (0, [])
        for name in try names(in: folder) {
            guard isFolder("\(folder)/\(name)") else {
                if AudioFolders.isRecording(name) { loose += 1 }
                continue
            }
            // Each class for itself: two may share a folder by a link.
            var searched = Set([FolderIdentity(folder)].compactMap(\.self))
            let found = try Self.recordings(below: "\(folder)/\(name)", &searched)
            if found.isEmpty { empty.append(name) }
            recordings += found.map { ("\(name)/\($0)", name) }
        }
        let names = Set(recordings.map(\.folder)).subtracting([folderOfNone]).sorted()
        guard !names.isEmpty else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(folder.quoted) has no folders with recordings. It needs one for each class, named after it"
                    + (loose > 0
                        ? "; \(loose.counted("recording")) in it \(loose == 1 ? "lies" : "lie") outside of any." : "."))
        }
        let labels = options.labels ?? LabelSet(names.map { LabelSet.Label(name: $0) })
        let index = ClassIndex(labels)
        let unknown = names.filter { index.find($0) == nil }
        guard unknown.isEmpty || options.ignoresUnknownClasses || options.ignoresClasses else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(folder.quoted) has folders that are not in the class list: \(unknown.firstFewQuoted). Rename them, or "
                    + "correct the list.")
        }
        var clips: [Clip] = []
        for (path, name) in recordings {
            let classes = options.ignoresClasses || name == folderOfNone ? [] : index.find(name).map { [$0] } ?? []
            if classes.isEmpty, !options.ignoresClasses, name != folderOfNone { continue }
            clips.append(Clip(name: path, source: .file("\(folder)/\(path)"), classes: classes))
        }
        var notes: [String] = []
        if loose > 0 {
            notes.append(
                "Left out, as \(loose == 1 ? "it belongs" : "they belong") to no class: \(loose.counted("recording")) in "
                    + "\(folder.quoted) itself.")
        }
        if !empty.isEmpty { notes.append("Folders without recordings are left out: \(empty.firstFewQuoted).") }
        if !unknown.isEmpty, !options.ignoresClasses {
            notes.append("Folders without a place in the class list are left out: \(unknown.firstFewQuoted).")
        }
        let none = clips.count { $0.classes.isEmpty }
        if none > 0, !options.ignoresClasses { notes.append(noteOfNone(none)) }
        return try DataSet(
            labels: labels, isSingleLabel: none == 0 && !options.ignoresClasses, clips: clips, notes: notes)
    }

    /// What is said of clips that have none of the classes.
    static func noteOfNone(_ count: Int) -> String {
        "\(count.counted("clip")) \(count.isOrAre) of none of the classes: each class is learnt by itself, so that all "
            + "can be silent."
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    private static func names(in folder: String) throws -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }.sorted()
        } catch {
            throw EPANNsError(
                .fileFailure, "The folder \(folder.quoted) cannot be listed; check its permissions.", cause: error)
        }
    }

    /// Paths of recordings, by name; links to folders are followed, each folder is searched once.
    private static func recordings(below folder: String, _ searched: inout Set<FolderIdentity>) throws -> [String] {
        guard let identity = FolderIdentity(folder), searched.insert(identity).inserted else { return [] }
        var found: [String] = []
        for name in try names(in: folder) {
            if isFolder("\(folder)/\(name)") {
                found += try recordings(below: "\(folder)/\(name)", &searched).map { "\(name)/\($0)" }
            } else if AudioFolders.isRecording(name) {
                found.append(name)
            }
        }
        return found
    }

    /// A folder, whatever it is called: links and detours give the same identity.
    private struct FolderIdentity: Hashable {
        let device: UInt64
        let number: UInt64

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            device = UInt64(truncatingIfNeeded: status.st_dev)
            number = UInt64(truncatingIfNeeded: status.st_ino)
        }
    }
}
