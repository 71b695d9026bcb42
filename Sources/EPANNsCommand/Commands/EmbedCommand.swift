import ArgumentParser
import EPANNs
import EPANNsCore
import Foundation

extension EmbeddingFormat: PrintFormat {
    static var standard: EmbeddingFormat { .npy }
    static var explanation: String {
        "npy for NumPy; json: an array with one element an input; jsonl: one element a line"
    }
}

/// `epanns embed`: the vector before the classifier, for each clip or window.
struct EmbedCommand: ParsableCommand, SharedCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Writes scene embeddings: the vectors before the classifier.",
        discussion: """
            Each clip, or with --window each window, becomes one vector, which serves for searching, clustering, or \
            training a small classifier of one's own.

            npy: one input becomes a file (--output FILE.npy) with an array of shape (windows, width), Float32; \
            several become a folder (--output FOLDER) with one file each, named after the input. json: an array of \
            objects with file, duration_seconds, model (name, sha256, precision), windows (start_seconds, end_seconds, \
            embedding), and warnings where there are any; jsonl: such an object a line, or with --window a line a \
            window.

            An input that fails is reported and the others are done; the exit status is then 1. Files are replaced, \
            and each appears whole or not at all.

            EXAMPLES
              epanns embed -m mn04 street.wav --output street.npy
              epanns embed -m mn04 --window 1 -f jsonl night.flac > night.jsonl
              epanns embed -m epanns recordings/ --output embeddings
            """)

    @OptionGroup var model: ModelOptions
    @OptionGroup var input: InputOptions

    @OptionGroup var formatOption: FormatOption<EmbeddingFormat>
    private var format: EmbeddingFormat { formatOption.format }

    @Option(
        name: .shortAndLong, help: ArgumentHelp(ResultDestination.help, valueName: "path"), completion: .file())
    var output: String?

    func run() throws {
        let writer = format.writer(isWindowed: input.policy.isWindowed)
        let batch = try BatchCommand(input, output: output, fileExtension: writer.fileExtension)
        if batch.isLeftToTheFirst { return }
        if format == .npy { try batch.checkArrays(forSeveral: "jsonl", forTerminal: "json") }
        try batch.folder.map(checkResults)
        guard batch.inputs.needModel else { return try batch.run(nil, writer: writer, jobs: 1) }
        let split = model.split(units: batch.units(), cores: batch.group.coreCount)
        let tagger = try model.tagger(split)
        try tagger.checkEmbeds()
        if batch.inputs.list.count > 1 { try tagger.requireAgreement(batch.group) }
        try batch.run(tagger, writer: writer, jobs: split.jobs)
    }

    /// Files that `tag` counts as its results are not overwritten: its `--resume` would take the embeddings for them.
    private func checkResults(_ folder: ResultFolder) throws {
        guard let format = try TagSettings.read(folder).flatMap({ ResultFormat(rawValue: $0.format) }),
            format.fileExtension == folder.fileExtension
        else { return }
        throw EPANNsError(
            .invalidConfiguration,
            "\(folder.path) holds results of “epanns tag” as \(format.rawValue), whose files embeddings would overwrite; "
                + "take another folder, or another --format.")
    }
}
