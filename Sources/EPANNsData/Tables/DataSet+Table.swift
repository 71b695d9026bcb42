import EPANNsCore
import EPANNsGraph
import EPANNsModels

extension DataSet {
    /// Reads a CSV with a header row.
    static func readTable(_ reader: CSVReader, table: String, options: Options) throws -> DataSet {
        var reader = reader
        guard let header = try reader.next() else {
            throw EPANNsError(.invalidConfiguration, "\(table.quoted) has no header row.")
        }
        let columns = try TableColumns(
            header.fields, wanted: options.columns, table: table, ignoresClasses: options.ignoresClasses)
        let policy = options.missingFiles ?? .fail
        guard policy != .silence || columns.kind == .labels else {
            throw EPANNsError(
                .invalidConfiguration,
                "A clip of a single-label data set cannot be silence without a class; skip missing recordings instead.")
        }
        var rows: [TableRow] = []
        var lines: [String: Int] = [:]
        while let row = try reader.next() {
            let parsed = try columns.parse(row, table: table)
            if let other = lines.updateValue(row.line, forKey: parsed.filename) {
                throw EPANNsError(
                    .invalidConfiguration,
                    "Lines \(other) and \(row.line) of \(table.quoted) both name \(parsed.filename.quoted); several "
                        + "classes of one clip go into one cell of a column “labels”, separated by “;”.")
            }
            rows.append(parsed)
        }
        guard !rows.isEmpty else {
            throw EPANNsError(.invalidConfiguration, "\(table.quoted) has no rows below its header.")
        }
        let resolved = try TableClasses(rows, kind: columns.kind, table: table, options: options)
        var folders = try AudioFolders(options.audioFolders)
        var missing = MissingClips(policy)
        var clips: [Clip] = []
        var none = 0
        for (row, classes) in zip(rows, resolved.classes) {
            // A single class that was ignored leaves nothing to learn from.
            if classes.isEmpty, columns.kind != .labels, !row.cell.isEmpty { continue }
            if let path = try folders.path(of: row.filename, fold: row.fold) {
                if row.cell.isEmpty, !options.ignoresClasses { none += 1 }
                clips.append(Clip(name: row.filename, source: .file(path), fold: row.fold, classes: classes))
            } else {
                missing.add(row.filename)
                if policy == .silence {
                    clips.append(Clip(name: row.filename, source: .missing, fold: row.fold, classes: []))
                }
            }
        }
        let note = try missing.note(
            clipCount: rows.count, folders: folders.folders,
            hint: "", remedy: .nameAudioFolderOrSkip)
        return try DataSet(
            labels: resolved.labels, isSingleLabel: columns.kind != .labels && none == 0, clips: clips,
            notes: columns.notes + resolved.notes + (note.map { [$0] } ?? [])
                + (none > 0 ? [noteOfNone(none)] : []))
    }
}

/// A row before its classes are known.
struct TableRow {
    var line: Int
    var filename: String
    var fold: Int?
    var cell: String
}

/// Where a table has what.
struct TableColumns {
    /// What the column of classes holds.
    enum Kind { case category, target, labels }

    let kind: Kind
    private(set) var notes: [String] = []
    private let count: Int
    private let filename: Int
    private let fold: Int?
    /// Nil where classes are of no interest.
    private let cell: Int?

    init(_ header: [String], wanted: DataSet.Columns, table: String, ignoresClasses: Bool) throws {
        let names = header.map { $0.lowercased() }
        func position(_ candidates: [String]) throws -> Int? {
            for candidate in candidates.map({ $0.lowercased() }) {
                let found = names.indices.filter { names[$0] == candidate }
                guard found.count < 2 else {
                    throw EPANNsError(
                        .invalidConfiguration, "\(table.quoted) has two columns \(candidate.quoted); remove one.")
                }
                if let first = found.first { return first }
            }
            return nil
        }
        func failure(_ what: String, _ candidates: [String]) -> EPANNsError {
            EPANNsError(
                .invalidConfiguration,
                "\(table.quoted) has no column with \(what) (one of \(candidates.joined(separator: ", "))); its first row "
                    + "names \(header.firstFewQuoted). Rename a column, or say what it is called.")
        }
        count = header.count
        guard let filename = try position(wanted.filename) else { throw failure("file names", wanted.filename) }
        self.filename = filename
        fold = try position(wanted.fold)
        let (labels, category, target) = try (
            position(wanted.labels), position(wanted.category), position(wanted.target)
        )
        if ignoresClasses {
            (kind, cell) = (.labels, nil)
        } else if let labels {
            (kind, cell) = (.labels, labels)
            if let category {
                notes.append(
                    "Classes come from the column \(header[labels].quoted), several a clip; the column "
                        + "\(header[category].quoted) is not used.")
            }
        } else if let category {
            (kind, cell) = (.category, category)
        } else if let target {
            (kind, cell) = (.target, target)
        } else {
            throw failure("classes", wanted.category + wanted.target + wanted.labels)
        }
    }

    func parse(_ row: CSVReader.Row, table: String) throws -> TableRow {
        func failure(_ what: String) -> EPANNsError {
            EPANNsError(.invalidConfiguration, "Line \(row.line) of \(table.quoted) \(what).")
        }
        guard row.fields.count == count else {
            throw failure(
                "has \(row.fields.count.counted("column")), the header has \(count); quote fields that hold commas")
        }
        let name = row.fields[filename]
        guard !name.isEmpty else { throw failure("has no file name") }
        let number = try fold.map { column -> Int in
            guard let number = Int(row.fields[column]), (0...9999).contains(number) else {
                throw failure("has the fold \(row.fields[column].quoted); a fold is an integer from 0 to 9999")
            }
            return number
        }
        let classes = cell.map { row.fields[$0] } ?? ""
        // No category is an answer: the clip is of none of the classes. No number would be a gap.
        guard !classes.isEmpty || kind != .target else { throw failure("has no class") }
        return TableRow(line: row.line, filename: name, fold: number, cell: classes)
    }
}

/// The class list of a table, and the classes of each row.
struct TableClasses {
    private(set) var labels: LabelSet
    private(set) var classes: [[Int]] = []
    private(set) var notes: [String] = []

    init(_ rows: [TableRow], kind: TableColumns.Kind, table: String, options: DataSet.Options) throws {
        switch kind {
        case .target:
            let numbers = try rows.map { row -> Int in
                guard let number = Int(row.cell), (0..<100_000).contains(number) else {
                    throw EPANNsError(
                        .invalidConfiguration,
                        "Line \(row.line) of \(table.quoted) has the target \(row.cell.quoted); a target counts from 0."
                    )
                }
                return number
            }
            let count = (numbers.max() ?? 0) + 1
            labels = options.labels ?? .numbered(count)
            guard count <= labels.count else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "\(table.quoted) has the target \(count - 1), but the class list ends at \(labels.count - 1).")
            }
            classes = numbers.map { [$0] }
            return
        case .category:
            let names = Set(rows.map(\.cell)).subtracting([""]).sorted()
            guard !names.isEmpty else {
                throw EPANNsError(.invalidConfiguration, "No clip of \(table.quoted) has a class.")
            }
            labels = options.labels ?? LabelSet(names.map { LabelSet.Label(name: $0) })
        case .labels:
            (labels, notes) = Self.labelsOfMultiLabelTable(rows, options: options)
        }
        let index = ClassIndex(labels)
        var (unknown, rowCount): (Set<String>, Int) = ([], 0)
        for row in rows {
            let (found, rest) =
                kind != .category || row.cell.isEmpty
                ? index.findAll(row.cell) : index.find(row.cell).map { ([$0], []) } ?? ([], [row.cell])
            classes.append(found)
            unknown.formUnion(rest)
            if !rest.isEmpty { rowCount += 1 }
        }
        guard !unknown.isEmpty else { return }
        let which = unknown.sorted().firstFewQuoted
        guard options.ignoresUnknownClasses else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(table.quoted) has classes that the class list lacks: \(which). Correct the table or the list, or "
                    + "have unknown classes ignored.")
        }
        let fate = kind == .category ? ", and those clips left out" : ""
        notes.append(
            "Classes without a place in the class list were ignored in \(rowCount.counted("row"))\(fate): \(which).")
    }

    /// AudioSet's 527 when every class is one of them, else the distinct names.
    private static func labelsOfMultiLabelTable(
        _ rows: [TableRow], options: DataSet.Options
    ) -> (LabelSet, [String]) {
        if let labels = options.labels { return (labels, []) }
        if options.ignoresClasses { return (.audioSet, []) }
        let audioSet = ClassIndex(.audioSet)
        if rows.allSatisfy({ audioSet.findAll($0.cell).unknown.isEmpty }) {
            return (.audioSet, ["All classes are AudioSet's, so its 527 are used; give a class list for fewer."])
        }
        let names = Set(rows.flatMap { ClassIndex.parts($0.cell) }).sorted()
        return (LabelSet(names.map { LabelSet.Label(name: $0) }), [])
    }
}
