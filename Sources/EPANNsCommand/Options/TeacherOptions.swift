import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsData
import EPANNsProcesses

/// A model whose word is taken for the truth.
struct TeacherOptions: ParsableArguments {
    @Option(
        name: .customLong("teacher"),
        help: ArgumentHelp("Take this model's decisions for the truth instead of labels.", valueName: "file|name"),
        completion: .file(extensions: ["safetensors", "pt", "pth", "bin"]))
    var name: String?

    @Option(
        name: .customLong("teacher-threshold"),
        help: ArgumentHelp("From which score on the teacher means yes.", valueName: "score"))
    var threshold: Float = 0.5

    /// Whether there is one.
    var isGiven: Bool { name != nil }

    func validate() throws {
        if !(threshold > 0 && threshold < 1) { throw ValidationError("--teacher-threshold must lie between 0 and 1.") }
    }

    /// Opens the teacher; nil where there is none.
    ///
    /// - Throws: `EPANNsError` as `Model.read(path:)`, and when the processes have different ones.
    func tagger(
        _ split: WorkSplit, precision: PrecisionChoice, group: any Communicator = SoloCommunicator()
    ) throws -> AudioTagger? {
        guard let name else { return nil }
        let teacher = try AudioTagger(
            model: ModelSource(name).model(), options: .init(precision: precision, threads: split.threads))
        for note in teacher.modelNotes { StandardError.write(note.commandText) }
        try teacher.requireAgreement(group)
        return teacher
    }
}
