import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsPruning
import EPANNsReports
import Foundation

/// `epanns prune`: a model with fewer filters.
struct PruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Removes the least important filters of a model.",
        discussion: """
            Filters are ranked by a criterion, layer by layer; the lowest go, with everything that belongs to them, and a \
            smaller model is written, which every other command takes. By default half of the filters of CNN14's C7 to \
            C12 go, by the authors' criterion: E-PANNs. What is left must be fine-tuned to be of use (epanns train).

            --layers lists layers, each perhaps with its own amount: C7-C12, C7=0.3,C8=50%, conv_block6.*=256 (a number \
            without point is what stays). C1, C2, … are the convolutions in order; names are those in “epanns info”. \
            Without it, CNN14 loses filters of C7 to C12, other networks of all convolutions that no residual sum ties \
            and that do not make the embedding.

            Criteria: operator-norm (E-PANNs'), operator-norm-invariant (without its dependence on the filters' order), \
            l1, l2, geometric-mean, geometric-median, cosine-similarity, batch-norm-scale, random; feature-rank and \
            feature-energy listen to the clips of --data or --audio, taylor to labelled clips of --data.

            A budget instead of a ratio: --target-parameters 10M, --target-macs 12G, --target-latency 40 (milliseconds \
            for --seconds of audio, measured here). The same ratio is taken for all layers, the smallest that will do.

            Which filters stayed, and why, is kept in the file. --sensitivity writes no model: it prunes one layer at a \
            time, by the shares of --ratios, and measures mAP, on the labels of --data, or, with --audio alone, against \
            what the whole model hears (scores of at least 0.5).

            EXAMPLES
              epanns prune -m cnn14 --output half.safetensors
              epanns prune -m mn10 --target-macs 300M --multiple 8 \\
                --output small.safetensors
              epanns prune -m cnn14 --layers C11-C12=0.75 --criterion l1 --dry-run
              epanns prune -m mn04 --sensitivity --audio clips --plot sensitivity.svg
            """)

    @OptionGroup(title: "Model") var model: ModelOptions

    @Option(help: ArgumentHelp("The share of filters that goes (default: 0.5).", valueName: "share"))
    var ratio: Double?

    @Option(help: ArgumentHelp("The layers, each perhaps with an amount.", valueName: "list"))
    var layers: String?

    @Option(help: ArgumentHelp("How filters are ranked.", valueName: "name"))
    var criterion = PruningCriterion.operatorNorm.name

    @Option(help: ArgumentHelp("Round what stays to a multiple, such as 16, for the hardware.", valueName: "n"))
    var multiple = 1

    @Option(help: ArgumentHelp("Where the criterion random starts (default: 0).", valueName: "n"))
    var seed: UInt64?

    /// What is done with channels that residual sums tie.
    enum Residuals: String, ExpressibleByArgument, CaseIterable {
        case keep, prune
    }

    @Option(help: "Layers tied by residual sums: left alone, or pruned as one group.")
    var residuals = Residuals.keep

    @Option(
        help: ArgumentHelp("At most so many parameters, such as 10M.", valueName: "n"),
        transform: PruneCommand.parseCount)
    var targetParameters: Int?

    @Option(
        help: ArgumentHelp("At most so many MACs for --seconds of audio, such as 12G.", valueName: "n"),
        transform: PruneCommand.parseCount)
    var targetMacs: Int?

    @Option(help: ArgumentHelp("At most so many milliseconds for --seconds of audio.", valueName: "ms"))
    var targetLatency: Double?

    @Option(help: "Length of the clip that is counted and measured, and to which clips are cut or padded.")
    var seconds = 10.0

    @OptionGroup(title: "Clips") var clips: PruningClipOptions

    @Flag(help: "Write no model: measure how much each layer's pruning costs.")
    var sensitivity = false

    @Option(
        help: ArgumentHelp(
            "With --sensitivity: the shares that are tried (default: 0.25,0.5,0.75).", valueName: "share,…"),
        transform: parseRatios)
    var ratios: [Double]?
    static let defaultRatios = [0.25, 0.5, 0.75]

    @Option(
        help: ArgumentHelp("With --sensitivity: draw the curves (.svg, .png; gnuplot).", valueName: "file"),
        completion: .file())
    var plot: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The file to write, ending in .safetensors.", valueName: "file"),
        completion: .file(extensions: ["safetensors"]))
    var output: String?

    @Option(help: "The new model's name in results (default: the old one's).")
    var name: String?

    @Flag(help: "Replace the file to write if it exists.")
    var force = false

    @Flag(help: "Have the STFT kernels in the file, which only PyTorch's classes read.")
    var keepStft = false

    @Flag(help: "Do everything but write the model.")
    var dryRun = false

    @Flag(help: "Do not measure how long the networks take.")
    var skipLatency = false

    @Flag(help: "In JSON, also the importance of every filter.")
    var scores = false

    @OptionGroup var format: FormatOption<ReportFormat>

    func validate() throws {
        try validateCombination()
        if let output { try OutputFile.checkModelName(output) }
        if let name, name.isEmpty { throw ValidationError("--name must not be empty.") }
        let targets = [targetParameters.map(Double.init), targetMacs.map(Double.init), targetLatency].compactMap(\.self)
        if targets.count > 1 { throw ValidationError("Give one budget, not several.") }
        if targets.contains(where: { !($0 > 0) }) { throw ValidationError("A budget must be above 0.") }
        if targetLatency != nil && skipLatency {
            throw ValidationError("--target-latency cannot be met without measuring.")
        }
        if !(seconds > 0 && seconds <= 3600) {
            throw ValidationError("--seconds must lie above 0 and be at most 3600.")
        }
    }

    /// Refuses what would be ignored.
    private func validateCombination() throws {
        func refuse(_ options: [(given: Bool, name: String)], _ why: String) throws {
            if let option = options.first(where: \.given) { throw ValidationError("\(option.name) \(why)") }
        }
        let hasBudget = targetParameters != nil || targetMacs != nil || targetLatency != nil
        if sensitivity {
            if output != nil { throw ValidationError("--sensitivity writes no model; leave out --output.") }
            try refuse(
                [
                    (name != nil, "--name"), (keepStft, "--keep-stft"), (scores, "--scores"), (force, "--force"),
                    (ratio != nil, "--ratio"), (hasBudget, "A budget"), (multiple != 1, "--multiple"),
                    (skipLatency, "--skip-latency"), (dryRun, "--dry-run"),
                ], "does not go with --sensitivity, which writes no model and tries the shares of --ratios.")
            return
        }
        guard dryRun || output != nil else {
            throw ValidationError("Say with --output where the model goes, or look first with --dry-run.")
        }
        try refuse([(plot != nil, "--plot"), (ratios != nil, "--ratios")], "goes with --sensitivity.")
        if ratio != nil && hasBudget {
            throw ValidationError("A budget finds the ratio; leave out --ratio, or the budget.")
        }
    }

    /// Refuses what the criterion would ignore.
    private func check(_ criterion: PruningCriterion) throws {
        if seed != nil && criterion.seed == nil {
            throw EPANNsError(.invalidConfiguration, "--seed goes with --criterion random.")
        }
        if criterion.evidence == .nothing, !sensitivity, clips.areGiven {
            throw EPANNsError(
                .invalidConfiguration,
                "The criterion \(criterion.name) listens to nothing; leave out --data, --audio and --map, or take "
                    + "feature-rank, feature-energy or taylor.")
        }
    }

    func run() throws {
        let criterion = try PruningCriterion(name: criterion, seed: seed ?? 0)
        try check(criterion)
        let source = try model.source()
        if let output, !dryRun { try OutputFile.check(output, against: source, force: force) }
        try OutputFile.checkPlots([plot].compactMap(\.self))
        let whole = try source.model(architecture: model.architecture)
        for note in whole.notes { StandardError.write(note.commandText) }
        let spec = PruningSpec(
            layers: try layers.map { try LayerSelection(parsing: $0) }, ratio: ratio ?? 0.5, multiple: multiple,
            prunesResiduals: residuals == .prune)
        let session = try PruningSession(
            whole, spec,
            .init(
                criterion: criterion, seconds: seconds, precision: model.precision.resolved,
                threads: model.split(units: 1).threads, measuresLatency: !skipLatency && !sensitivity,
                program: "epanns \(EPANNsVersion.current)"))
        if sensitivity { return try study(session) }
        let heard =
            criterion.evidence == .nothing
            ? nil
            : try clips.load(
                for: session.model, seconds: seconds, purpose: "The criterion \(criterion.name)",
                needsClasses: criterion.evidence == .gradients)
        var (small, report) = try session.prune(to: target(whole), clips: heard, includesScores: scores)
        if let name { small.name = name }
        if let output, !dryRun { report.output = try write(small, to: output, as: whole.storedDataType) }
        if format.format == .json { return try JSONOutput.print(report) }
        try StandardOutput.writeLines(PruningText.lines(report))
    }

    private func study(_ session: PruningSession) throws {
        let heard = try clips.load(
            for: session.model, seconds: seconds, purpose: "--sensitivity",
            needsClasses: session.options.criterion.evidence == .gradients)
        let ratios = ratios ?? Self.defaultRatios
        let bar = ProgressBar(total: 1 + session.selection.entries.count * ratios.count)
        let report = try session.sensitivity(on: heard, ratios: ratios) { _, _ in
            bar.advance(audioSeconds: Double(heard.spectrograms.count) * seconds)
        }
        bar.finish()
        // First what took minutes; the plot may fail.
        if format.format == .json {
            try JSONOutput.print(report)
        } else {
            try StandardOutput.writeLines(PruningText.lines(report))
        }
        try plot.map { try PruningText.plot(report).write(to: $0) }
    }

    private func write(_ small: Model, to output: String, as type: DataType) throws -> PruningReport.File {
        var small = small
        if keepStft { try small.addTransformKernels() }
        try small.write(to: output, dataType: type, keepsTransformKernels: keepStft)
        let written = try MappedFile(path: output)
        return .init(path: output, byteCount: written.bytes.count, sha256: FileDigest.sha256(written))
    }

    private func target(_ model: Model) -> PruningTarget? {
        if let targetParameters { return .parameters(targetParameters) }
        if let targetMacs {
            let rate = model.configuration.frontEnd.sampleRate
            return .macs(targetMacs, sampleCount: Int((seconds * Double(rate)).rounded()))
        }
        return targetLatency.map { .latency(seconds: $0 / 1000) }
    }

    /// Reads `10M`, `1.5G`, `300000`.
    @Sendable static func parseCount(_ text: String) throws -> Int {
        let units: [Character: Double] = ["k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12]
        let unit = text.last.flatMap { units[$0] }
        guard let number = Double(unit == nil ? text : String(text.dropLast())), number > 0,
            // What an integer holds.
            (0.5...1e18).contains(number * (unit ?? 1))
        else { throw ValidationError("Give a number from 1 to 10^18, such as 300000, 10M or 1.5G.") }
        return Int((number * (unit ?? 1)).rounded())
    }
}

/// Reads a list such as `0.25,0.5`.
@Sendable private func parseRatios(_ text: String) throws -> [Double] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
        guard let ratio = Double(part.trimmingCharacters(in: .whitespaces)), (0..<1).contains(ratio) else {
            throw ValidationError("Give shares from 0 to below 1 with commas between them, such as 0.25,0.5.")
        }
        return ratio
    }
}
