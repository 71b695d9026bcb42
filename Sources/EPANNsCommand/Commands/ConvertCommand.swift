import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsHub
import Foundation

/// `epanns convert`: a published checkpoint becomes a self-describing file.
struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Writes a checkpoint as one self-describing safetensors file.",
        discussion: """
            Architecture and widths are recognised from the tensors. The result also holds what --architecture says, the \
            front end, the output activation, the labels and where the weights came from, so that it can be used \
            without anything else, and it opens faster. Weights stay as they are, and so do the scores, unless --dtype says otherwise.

            EXAMPLES
              epanns convert checkpoint_closeto_.44.pt epanns.safetensors
              epanns convert mn04 mn04-bf16.safetensors --dtype bf16
              epanns convert e1.pth mean.safetensors --average e2.pth --average e3.pth
              epanns convert mine.pth mine.safetensors --labels mine.csv --name bird-calls
            """)

    /// Element types of the weights.
    enum WeightType: String, ExpressibleByArgument, CaseIterable {
        case fp32, bf16

        var dataType: DataType {
            switch self {
            case .fp32: .float32
            case .bf16: .bfloat16
            }
        }
    }

    @Argument(
        help: ArgumentHelp(
            "The checkpoint: a file (.pt, .pth, .safetensors), or the name of a downloaded model.", valueName: "in"),
        completion: .file(extensions: ["pt", "pth", "bin", "safetensors"]))
    var input: String

    @Argument(
        help: ArgumentHelp("The file to write, ending in .safetensors.", valueName: "out"),
        completion: .file(extensions: ["safetensors"]))
    var output: String

    @OptionGroup var architectureOption: ArchitectureOption

    @Option(help: "The model's name in results (default: the file's, without its extension).")
    var name: String?

    @Option(
        help: ArgumentHelp(
            "The classes' names: CSV with the columns index,mid,display_name, or one name a line.", valueName: "file"),
        completion: .file())
    var labels: String?

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp(
            "Write the mean of the weights of <in> and of this checkpoint of the same network; may be repeated.",
            valueName: "file"),
        completion: .file(extensions: ["pt", "pth", "bin", "safetensors"]))
    var average: [String] = []

    @Option(help: "Replaces the output activation.")
    var activation: OutputActivation?

    /// PANNs' front ends by sample rate.
    enum FrontEnd: String, ExpressibleByArgument, CaseIterable {
        case hz32k = "32k"
        case hz16k = "16k"
        case hz8k = "8k"

        func configuration(melBands: Int) -> FrontEndConfiguration {
            switch self {
            case .hz32k: .panns32k(melBands: melBands)
            case .hz16k: .panns16k
            case .hz8k: .panns8k
            }
        }
    }

    @Option(help: "PANNs' variant, for a checkpoint that stores no front end (default: 32k).")
    var frontEnd: FrontEnd?

    @Option(
        help: """
            Element type of the weights (default: as in the checkpoint); bf16 halves a file of fp32 and rounds them to \
            three digits.
            """)
    var dtype: WeightType?

    @Flag(help: "Replace the file to write if it exists.")
    var force = false

    func validate() throws {
        try OutputFile.checkModelName(output)
        if let name, name.isEmpty { throw ValidationError("--name must not be empty.") }
    }

    func run() throws {
        let source = try ModelSource(input)
        try OutputFile.check(output, against: source, force: force)
        let architecture = architectureOption.architecture
        var model = try source.model(architecture: architecture)
        let type = dtype?.dataType ?? model.storedDataType
        if !average.isEmpty {
            // The step's parent is the first; the others are told by name.
            let others = try average.map { path in
                let other = try ModelSource(path)
                try OutputFile.check(output, against: other, force: force)
                return try other.model(architecture: architecture)
            }
            model = try model.averaged(with: others)
            let digests = others.map { $0.sha256().map { " " + $0 } ?? "" }
            model.record(
                .averaged, details: ["with": zip(others, digests).map { $0.name + $1 }.joined(separator: ", ")],
                by: "epanns \(EPANNsVersion.current)", date: nil)
        }
        if let labels { try model.replaceLabels(LabelSet.read(path: labels)) }
        if let name { model.name = name }
        if let activation, activation != model.configuration.outputActivation {
            model.configuration.outputActivation = activation
            // They are for the scores that the model gave.
            model.thresholds = nil
        }
        if let frontEnd {
            try model.replaceFrontEnd(frontEnd.configuration(melBands: model.configuration.frontEnd.melBands))
        }
        model.recordProvenance(convertedBy: "epanns \(EPANNsVersion.current)")
        var details = ["weights": Self.name(type)]
        if labels != nil { details["labels"] = model.labels.count.counted("other") }
        if let activation { details["activation"] = activation.rawValue }
        if let architecture { details["architecture"] = architecture }
        if let frontEnd { details["front end"] = frontEnd.rawValue }
        model.record(.converted, details: details, by: "epanns \(EPANNsVersion.current)", date: nil)
        try model.write(to: output, dataType: type)
        try printSummary(of: model, type)
    }

    /// As `--dtype` calls it.
    private static func name(_ type: DataType) -> String { type == .bfloat16 ? "bf16" : "fp32" }

    private func printSummary(of model: Model, _ type: DataType) throws {
        let parameters = try model.graph().parameterCount
        let before = model.origin.map { ByteText.short($0.byteCount) } ?? ""
        let written = try MappedFile(path: output)
        let activation = model.configuration.outputActivation
        let rows = [
            (
                "Read",
                "\(model.file?.path ?? "the built-in \(Model.builtInName)"), \(model.format?.rawValue ?? ""), \(before)"
            ),
            ("Recognised", InfoText.structure(model.configuration)),
            (
                "",
                "\(CountText.grouped(parameters)) parameters, \(CountText.of(model.labels.count, "class", "classes")), \(activation)"
            ),
            (
                "Wrote",
                "\(output), \(Self.name(type)), \(ByteText.short(written.bytes.count)), as model “\(model.name)”"
            ),
            ("SHA-256", FileDigest.sha256(written)),
        ]
        let notes = model.notes.map { ("Note", $0.commandText) }
        try StandardOutput.writeLines((rows + notes).map { "\($0.padded(to: 12))\($1)" })
    }
}
