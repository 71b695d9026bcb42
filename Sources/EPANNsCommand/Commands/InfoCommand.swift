import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsHub
import Foundation

/// `epanns info`: what a model or an architecture is made of, and what it costs.
struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info",
        abstract: "Shows a model's or an architecture's layers, parameters and operations.",
        discussion: """
            MACs are multiply-accumulate operations for a clip of --seconds, the STFT included, as in E-PANNs' Fig. 6. \
            FLOPs are counted as PANNs count them: two a MAC, one for every bias, two for every normalised value.

            Architectures: \(ModelConfiguration.architectureNames.joined(separator: ", ")). Besides these, epanns-R \
            takes every percentage of pruning from 0 to 99, mnNN every width in tenths, and erann-S-W both numbers of an \
            ERANN. A file goes before a downloaded model, and that before an architecture of the same name.

            JSON: name, architecture, configuration, class_count, embedding_width, duration_seconds, minimum_seconds, \
            minimum_sample_count, notes; cost with sample_count, frame_count, parameters, macs, flops, \
            state_dict_byte_count, tensor_count and layers (name, operation, output_shape, parameters, macs, flops); \
            for a model also has_audio_set_labels and file (path, byte_count, sha256, container, and provenance when it \
            was converted); for \(Model.builtInName) also built_in, and an empty path.

            EXAMPLES
              epanns info
              epanns info epanns-50
              epanns info cnn14 --widths 64,64,128,128,256,256,256,256,512,512,1024,1024
              epanns info mn04_as_mAP_432.pt --seconds 1 --format json
              epanns info --table1
            """)

    @Argument(
        help: ArgumentHelp(
            "A model's file, the name of a downloaded model, \(Model.builtInName) where it is built in, or an "
                + "architecture; without one, the cost of all architectures is listed.",
            valueName: "model"),
        completion: .file(extensions: ["safetensors", "pt", "pth", "bin"]))
    var name: String?

    @Option(help: "Length of the clip that is counted.")
    var seconds = 10.0

    @Option(
        help: ArgumentHelp(
            "The architecture with other widths, one for every convolution: 4 for cnn6, 8 for cnn10, 12 for cnn14.",
            valueName: "n,n,…"),
        transform: parseWidths)
    var widths: [Int]?

    @OptionGroup var architectureOption: ArchitectureOption
    private var architecture: String? { architectureOption.architecture }

    @Flag(help: "In the text, also layers that do nothing when a model is run (dropout).")
    var all = false

    @Flag(
        name: .customLong("table1"),
        help: "The paper's Table 1: its parameters and mAP beside those of the networks here.")
    var isTable1 = false

    @OptionGroup var output: FormatOption<ReportFormat>

    private var model: String { name ?? "" }

    func validate() throws {
        if isTable1 && (name != nil || widths != nil || all) {
            throw ValidationError("--table1 is a table of its own; give no model, no --widths and no --all with it.")
        }
        if name == nil && architecture != nil { throw ValidationError("--architecture goes with a model's file.") }
        if name == nil && widths != nil { throw ValidationError("--widths goes with an architecture's name.") }
    }

    func run() throws {
        if isTable1 { return try showTable1() }
        guard name != nil else { return try listArchitectures() }
        let report = try report()
        if output.format == .json { return try JSONOutput.print(report) }
        try StandardOutput.writeLines(InfoText.lines(report, showsAll: all, width: Terminal.width ?? 80))
    }

    private func showTable1() throws {
        let rows = try PaperSystem.table.map { try PaperComparison($0, seconds: seconds) }
        if output.format == .json { return try JSONOutput.print(rows) }
        try StandardOutput.writeLines(PaperText.lines(rows, seconds: seconds, width: Terminal.width ?? 80))
    }

    private func listArchitectures() throws {
        let reports = try ModelConfiguration.architectureNames.compactMap { name in
            try ModelConfiguration.named(name).map {
                try ModelReport(name: name, configuration: $0, durationSeconds: seconds)
            }
        }
        if output.format == .json { return try JSONOutput.print(reports) }
        var table = TextTable([
            ("ARCHITECTURE", .left), ("PARAMETERS", .right), ("MACS", .right), ("FLOPS", .right),
            ("STATE DICT", .right), ("TENSORS", .right),
        ])
        for report in reports {
            table.add(
                report.name, CountText.grouped(report.cost.parameters), CountText.short(report.cost.macs, decimals: 3),
                CountText.short(report.cost.flops, decimals: 3), CountText.grouped(report.cost.stateDictByteCount),
                String(report.cost.tensorCount))
        }
        try StandardOutput.writeLines(table.lines)
    }

    private func report() throws -> ModelReport {
        if !model.isEmpty, case .builtIn = try? ModelSource(model) {
            guard widths == nil else { throw widthsOfModel }
            return try ModelReport(ModelSource.builtIn.model(architecture: architecture), durationSeconds: seconds)
        }
        if let path = try path() {
            guard widths == nil else { throw widthsOfModel }
            return try ModelReport(Model.read(path: path, architecture: architecture), durationSeconds: seconds)
        }
        guard var configuration = ModelConfiguration.named(model) else { throw unknownName }
        guard architecture == nil else {
            throw EPANNsError(
                .invalidConfiguration, "--architecture goes with a model's file; \(model) is an architecture itself.")
        }
        if let widths { configuration = try configuration.withWidths(widths) }
        return try ModelReport(name: model.lowercased(), configuration: configuration, durationSeconds: seconds)
    }

    /// The model's file; nil when the argument is an architecture's name, or nothing that is known.
    private func path() throws -> String? {
        if FileManager.default.fileExists(atPath: model) { return model }
        let cache = try ModelCache.standard()
        let registered = ModelRegistry.standard.find(model)
        let isArchitecture = ModelConfiguration.named(model) != nil
        if let registered, cache.isCached(registered), widths == nil || !isArchitecture {
            return try cache.resolve(model).path
        }
        let looksLikePath = model.contains { "/.".contains($0) }
        guard !isArchitecture, registered != nil || looksLikePath else { return nil }
        do {
            return try cache.resolve(model).path
        } catch var error as EPANNsError where error.code == .modelUnavailable {
            let near = ModelConfiguration.namesNear(model)
            if !near.isEmpty { error.message += " Architectures need no file: \(InfoCommand.list(near))." }
            throw error
        }
    }

    private var widthsOfModel: EPANNsError {
        EPANNsError(
            .invalidConfiguration, "--widths goes with an architecture's name; \(model) is a model with its own.")
    }

    private var unknownName: EPANNsError {
        var names: [String] = []
        for name in ModelConfiguration.namesNear(model) + ModelRegistry.standard.suggestions(for: model)
        where !names.contains(name) {
            names.append(name)
        }
        let hint = names.isEmpty ? "" : " Did you mean \(InfoCommand.list(Array(names.prefix(3))))?"
        return EPANNsError(
            .invalidConfiguration,
            "“\(model)” is neither a file, nor a model, nor an architecture.\(hint) “epanns info --help” lists the "
                + "architectures, “epanns models” the models.")
    }

    private static func list(_ names: [String]) -> String {
        names.map { "“\($0)”" }.joined(separator: " or ")
    }
}

/// Reads a list such as `64,64,128`.
@Sendable private func parseWidths(_ text: String) throws -> [Int] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
        guard let width = Int(part.trimmingCharacters(in: .whitespaces)), width > 0 else {
            throw ValidationError("Give whole numbers above 0 with commas between them, such as 64,64,128.")
        }
        return width
    }
}
