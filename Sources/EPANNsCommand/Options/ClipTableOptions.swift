import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsData
import EPANNsEvaluation
import Foundation

/// The table of clips that a model is measured on.
struct ClipTableOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The table of clips and, without --teacher, their classes: CSV, or a PANNs HDF5 pack.", valueName: "table"),
        completion: .file())
    var data: String

    @Option(
        help: ArgumentHelp("The folder of the recordings (default: the table's).", valueName: "folder"),
        completion: .directory)
    var audio: String?

    @Option(
        help: ArgumentHelp("Only the clips of these folds, such as 5 or 1,2 (default: all).", valueName: "folds"))
    var folds: String?

    /// Reads the table.
    ///
    /// - Parameters:
    ///   - ignoresClasses: Whether its classes are of no interest, since a teacher says what is heard.
    ///   - missing: What becomes of recordings that are not there.
    /// - Throws: `EPANNsError` as `DataSet.read`, and with code `invalidConfiguration` for folds that are not in the table.
    func dataSet(ignoresClasses: Bool, missing: DataSet.MissingFiles? = nil) throws -> DataSet {
        var options = DataSet.Options()
        options.missingFiles = missing
        options.ignoresClasses = ignoresClasses
        // Those of AudioSet's segment lists.
        options.ignoresUnknownClasses = ignoresClasses
        let all = try DataSet.read(data, audio: audio, options: options)
        return try folds.map { try all.selecting(folds: FoldList.parse($0, option: "--folds")) } ?? all
    }

    /// Notes what was evaluated: the table's name, and its digest where it is a file of its own.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when it cannot be read any more.
    func identify(_ set: DataSet, in subject: inout EvaluationReport.Subject) throws {
        subject.data = (data as NSString).lastPathComponent
        // Packs hold the recordings, too: to read gigabytes for a digest is nobody's wish.
        let isPack = set.clips.contains { if case .hdf5 = $0.source { true } else { false } }
        var isFolder: ObjCBool = false
        guard !isPack, FileManager.default.fileExists(atPath: data, isDirectory: &isFolder), !isFolder.boolValue else {
            return
        }
        subject.dataSHA256 = try FileDigest.sha256(path: data)
    }
}
