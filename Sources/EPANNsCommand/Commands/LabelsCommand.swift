import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsHub

/// `epanns labels`: the classes of a model.
struct LabelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "labels",
        abstract: "Lists the classes of a model, or finds some by name.",
        discussion: """
            Without a model, the 527 classes of AudioSet (Google, CC BY 4.0), which all published models have. CSV has \
            the columns index,mid,display_name; JSON the keys index, mid, name.

            EXAMPLES
              epanns labels --search bird
              epanns labels --model mine.safetensors --format csv > mine.csv
            """)

    private struct Row: Encodable {
        let index: Int
        let mid, name: String
    }

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A model's file, or the name of a downloaded model (default: AudioSet's classes).", valueName: "file|name"),
        completion: .file(extensions: ["safetensors", "pt", "pth", "bin"]))
    var model: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Only classes with this text in their name, in any case; or a MID, or an index.",
            valueName: "text"))
    var search: String?

    @OptionGroup var output: FormatOption<ListFormat>

    func run() throws {
        let labels =
            try model.map { try ModelSource($0).model().labels } ?? .audioSet
        let indices = try search.map { try labels.search($0) } ?? Array(labels.labels.indices)
        switch output.format {
        case .csv: try StandardOutput.write(labels.csv(of: indices))
        case .json:
            try JSONOutput.print(
                indices.map { Row(index: $0, mid: labels.labels[$0].mid, name: labels.labels[$0].name) })
        case .text:
            var table = TextTable([("INDEX", .right), ("MID", .left), ("NAME", .left)])
            for index in indices {
                let label = labels.labels[index]
                table.add("\(index)", label.mid.printable, label.name.printable)
            }
            try StandardOutput.writeLines(table.lines)
        }
    }
}
