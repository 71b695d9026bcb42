import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

extension DataSet {
    /// Reads one of PANNs' packs (`waveform`) or index files (`hdf5_path`, `index_in_hdf5`); SPEC §5.1.
    ///
    /// The samples stay where they are; `WaveformCache` reads them row by row.
    static func readHDF5(_ path: String, folders: [String], options: Options) throws -> DataSet {
        let file = try HDF5File(path: path)
        let labels = options.labels ?? .audioSet
        let (names, targets) = try (file.array("audio_name"), file.array("target"))
        let isIndex = file.hasArray("hdf5_path")
        let rowCount = names.rowCount
        guard names.shape.count == 1, targets.shape.count == 2, targets.rowCount == rowCount, rowCount > 0 else {
            throw file.damaged("the number of rows of audio_name and target")
        }
        guard targets.columnCount == labels.count else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(path.quoted) has targets of \(targets.columnCount) classes, the class list has \(labels.count); give "
                    + "the list that the pack was made with.")
        }
        let places =
            isIndex
            ? try IndexedRows(file, rowCount: rowCount, folders: folders, options: options)
            : try IndexedRows(pack: file, rowCount: rowCount)
        var clips: [Clip] = []
        clips.reserveCapacity(rowCount)
        var emptyCount = 0
        // In pieces: the targets of all of AudioSet are a gigabyte.
        for start in stride(from: 0, to: rowCount, by: 4096) {
            let rows = start..<min(start + 4096, rowCount)
            let names = try names.readStrings(rows: rows)
            let flags = try targets.readBytes(rows: rows)
            for (offset, row) in rows.enumerated() {
                guard let source = places.source(of: row) else { continue }
                let first = offset * labels.count
                let classes = (0..<labels.count).filter { flags[first + $0] != 0 }
                if names[offset].isEmpty { emptyCount += 1 }
                clips.append(Clip(name: names[offset], source: source, classes: classes))
            }
        }
        var notes = places.notes
        if emptyCount > 0 {
            notes.append(
                "\(emptyCount.counted(of: rowCount, "row")) \(emptyCount.isOrAre) empty (the recording was missing): silence without classes."
            )
        }
        guard !clips.isEmpty else {
            throw EPANNsError(.invalidConfiguration, "\(path.quoted) has no clips that can be used.")
        }
        return try DataSet(labels: labels, isSingleLabel: false, clips: clips, notes: notes)
    }
}

/// Which row of which pack each row of a table is.
private struct IndexedRows {
    private(set) var notes: [String] = []
    private var packs: [String?] = []
    private var packOfRow: [Int32] = []
    private var rowInPack: [Int32] = []

    /// A pack is its own index.
    init(pack file: HDF5File, rowCount: Int) throws {
        try Self.check(file, rowCount: rowCount)
        packs = [file.path]
        packOfRow = [Int32](repeating: 0, count: rowCount)
        rowInPack = (0..<Int32(rowCount)).map { $0 }
    }

    /// An index names packs by paths of the machine that made it.
    init(_ file: HDF5File, rowCount: Int, folders: [String], options: DataSet.Options) throws {
        let (paths, rows) = try (file.array("hdf5_path"), file.array("index_in_hdf5"))
        guard paths.shape == [rowCount], rows.shape == [rowCount] else {
            throw file.damaged("the number of rows of hdf5_path and index_in_hdf5")
        }
        rowInPack = try rows.readInt32(rows: 0..<rowCount)
        var numbers: [String: Int32] = [:]
        var named: [String] = []
        packOfRow.reserveCapacity(rowCount)
        for start in stride(from: 0, to: rowCount, by: 4096) {
            for path in try paths.readStrings(rows: start..<min(start + 4096, rowCount)) {
                if let number = numbers[path] {
                    packOfRow.append(number)
                } else {
                    guard named.count < 10_000 else { throw file.damaged("hdf5_path, which names too many packs,") }
                    numbers[path] = Int32(named.count)
                    packOfRow.append(Int32(named.count))
                    named.append(path)
                }
            }
        }
        let indexFolder = DataSet.folder(of: file.path)
        packs = try named.map { try Self.find($0, indexFolder: indexFolder, folders: folders) }
        let missing = zip(named, packs).filter { $0.1 == nil }.map(\.0)
        if !missing.isEmpty {
            guard options.missingFiles == .skip, missing.count < named.count else {
                throw EPANNsError(
                    .fileFailure,
                    "\(file.path.quoted) names packs that are not there: \(missing.firstFewQuoted). They were looked "
                        + "for at that path, in \((folders + [indexFolder]).firstFewQuoted), and under their last "
                        + "folders there; name their folder, or have missing ones skipped.",
                    remedy: .nameAudioFolderOrSkip)
            }
            notes.append(
                "\(missing.count.counted(of: named.count, "pack")) \(missing.count.isOrAre) missing and left out: "
                    + "\(missing.firstFewQuoted).")
        }
        try checkRows()
    }

    func source(of row: Int) -> DataSet.Source? {
        packs[Int(packOfRow[row])].map { .hdf5(path: $0, row: Int(rowInPack[row])) }
    }

    /// Each pack is opened once, so that a wrong one is found before training.
    private func checkRows() throws {
        var highest = [Int32](repeating: -1, count: packs.count)
        for (pack, row) in zip(packOfRow, rowInPack) {
            guard row >= 0 else {
                throw EPANNsError(.unsupportedFormat, "The index names row \(row) of a pack; it is damaged.")
            }
            highest[Int(pack)] = max(highest[Int(pack)], row)
        }
        for case (let path?, let highest) in zip(packs, highest) {
            let file = try HDF5File(path: path)
            let count = try file.array("waveform").rowCount
            try Self.check(file, rowCount: count)
            guard highest < count else {
                throw EPANNsError(
                    .unsupportedFormat,
                    "The index names row \(highest) of \(path.quoted), which has \(count); index and pack do not match."
                )
            }
        }
    }

    private static func check(_ file: HDF5File, rowCount: Int) throws {
        let waveform = try file.array("waveform")
        guard waveform.shape.count == 2, waveform.rowCount == rowCount, waveform.element == .integer(size: 2) else {
            throw file.damaged("waveform, which should be 16-bit integers of shape (clips, samples),")
        }
        guard let rate = try file.integerAttribute("sample_rate") else {
            throw file.damaged("the attribute sample_rate")
        }
        guard rate == 32000 else {
            throw EPANNsError(
                .unsupportedFormat, "\(file.path.quoted) has samples at \(rate) Hz; PANNs' packs have 32000 Hz.")
        }
    }

    /// A pack's present path: in the folders given, where the index says, or near the index.
    private static func find(_ path: String, indexFolder: String, folders: [String]) throws -> String? {
        let steps = path.split(separator: "/").map(String.init)
        guard !steps.isEmpty else {
            throw EPANNsError(.unsupportedFormat, "The index has an empty hdf5_path; it is damaged.")
        }
        // The longest ends of the path first, so that a whole tree that was moved keeps its order.
        let ends = steps.contains("..") ? [] : steps.indices.map { steps[$0...].joined(separator: "/") }
        func search(_ folder: String) -> String? {
            ends.map { folder + "/" + $0 }.first { FileManager.default.isReadableFile(atPath: $0) }
        }
        for folder in folders { if let found = search(folder) { return found } }
        let original = path.hasPrefix("/") ? path : indexFolder + "/" + path
        if FileManager.default.isReadableFile(atPath: original) { return original }
        return search(indexFolder) ?? search(indexFolder + "/..")
    }
}
