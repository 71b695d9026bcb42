import EPANNsCore
import EPANNsGraph
import EPANNsModels

extension DataSet {
    /// Reads AudioSet's segment table: `id, start, end, "mid,mid"` (SPEC §5.1), recordings named `Y<id>.<any>`.
    static func readAudioSet(_ reader: CSVReader, table: String, options: Options) throws -> DataSet {
        var reader = reader
        let classes = ClassIndex(options.labels ?? .audioSet)
        var folders = try AudioFolders(options.audioFolders)
        var missing = MissingClips(options.missingFiles ?? .silence)
        var (clips, seen): ([Clip], Set<String>) = ([], [])
        var (unknown, unlisted): (Set<String>, Int) = ([], 0)
        var rowCount = 0
        while let row = try reader.next() {
            rowCount += 1
            let fields = row.fields
            guard fields.count == 4, !fields[0].isEmpty, let start = Double(fields[1]), let end = Double(fields[2]),
                start >= 0, end > start, end.isFinite
            else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "Line \(row.line) of \(table.quoted) is not `id, start, end, \"mid,mid\"`; AudioSet's tables are."
                )
            }
            guard !fields[0].contains("/") else {
                throw EPANNsError(
                    .invalidConfiguration, "Line \(row.line) of \(table.quoted): \(fields[0].quoted) is not an id.")
            }
            let name = "Y\(fields[0]).wav"
            guard seen.insert(name).inserted else {
                throw EPANNsError(
                    .invalidConfiguration, "Line \(row.line) of \(table.quoted) repeats \(fields[0].quoted).")
            }
            let (found, rest) = classes.findAll(fields[3])
            unknown.formUnion(rest)
            if !rest.isEmpty { unlisted += 1 }
            if let path = try folders.path(of: name) ?? folders.path(of: "\(fields[0]).wav") {
                clips.append(Clip(name: name, source: .file(path), classes: found))
            } else {
                missing.add(name)
                if missing.policy == .silence { clips.append(Clip(name: name, source: .missing, classes: [])) }
            }
        }
        guard rowCount > 0 else {
            throw EPANNsError(.invalidConfiguration, "\(table.quoted) has no rows below its header.")
        }
        var notes = try [
            missing.note(
                clipCount: rowCount, folders: folders.folders,
                hint: "They are expected as Y<id>.wav (or another extension).", remedy: .nameAudioFolderOrSkip)
        ].compactMap { $0 }
        if !unknown.isEmpty {
            let which = unknown.sorted().firstFewQuoted
            guard options.ignoresUnknownClasses else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "\(table.quoted) has classes that the class list lacks: \(which). Give the matching list, or "
                        + "have unknown classes ignored.")
            }
            notes.append(
                "Classes without a place in the class list were ignored in \(unlisted.counted("row")): \(which).")
        }
        return try DataSet(labels: classes.labels, isSingleLabel: false, clips: clips, notes: notes)
    }
}
