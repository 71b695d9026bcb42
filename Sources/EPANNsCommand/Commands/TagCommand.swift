import ArgumentParser
import EPANNs
import EPANNsCore
import Foundation

extension ResultFormat: PrintFormat {
    static var standard: ResultFormat { .text }
    static var explanation: String {
        "text for people; json: an array with one element an input; jsonl: one element a line; csv: one row a tag; "
            + "npy: all classes' scores for NumPy"
    }
}

/// `epanns tag`: what is heard in files, folders and streams.
struct TagCommand: ParsableCommand, SharedCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag",
        abstract: "Says what is heard in audio.",
        discussion: """
            Scores of different classes are independent probabilities: they need not add up to 1. The built-in model \
            is small: only what passes its own thresholds is reported, and where nothing does, its three best guesses; \
            --threshold 0 gives all.

            With --window, text, csv and jsonl are written window by window; jsonl then has a line a window, and one \
            at the end with the file's duration and warnings. Every input is in every format but npy, those that \
            failed with an error.

            With --framewise, networks that tell where in a clip a class is heard (cnn14-decision-level-max, -avg, \
            -att) have scores for each frame, 100 a second: csv with a row a tag of a frame, npy with an array (frames, \
            classes) an input, the frames of windows one after the other.

            Results go to standard output, messages to standard error. The exit status is 0 when every input was \
            tagged, 1 when some of several failed. Several processes, on one machine or more, share the files: \
            mpirun -n N epanns tag … (needs a build with MPI: swift build --traits MPI).

            EXAMPLES
              epanns tag street.wav                         one clip
              epanns tag -m mn04 street.wav                 with a better model
              epanns tag --window 2 --hop 1 -k 3 hour.flac  what happens when
              epanns tag -f jsonl recordings > tags.jsonl   for a program
              epanns tag --window 10 -o tags --resume archive
              epanns tag --allow Siren --allow Dog --threshold 0.2 street.wav
              epanns tag -m cnn14-dlmax --framewise -f npy -o street.npy street.wav
              arecord -f S16_LE -r 32000 | epanns tag --window 2 -
            """)

    /// From which score on a tag is reported.
    enum Threshold: ExpressibleByArgument {
        case score(Float)
        case automatic

        init?(argument: String) {
            if argument == "auto" {
                self = .automatic
            } else if let score = Float(argument), score.isFinite {
                self = .score(score)
            } else {
                return nil
            }
        }
    }

    @OptionGroup var input: InputOptions
    @OptionGroup(title: "Model") var model: ModelOptions

    @Option(
        help: """
            Replaces the output activation: sigmoid gives independent probabilities and is right for all models here; \
            softmax reproduces the published E-PANNs demo; none gives logits.
            """)
    var activation: OutputActivation?

    @Option(
        name: [.customShort("k", allowingJoined: true), .long],
        help: ArgumentHelp("At most so many tags a window.", valueName: "n"))
    var topK = 10

    @Option(
        help: ArgumentHelp(
            "Only scores of at least this, such as 0.3; auto takes each class's own threshold, where the model knows "
                + "them (“epanns calibrate”), else \(TagThreshold.general) (default: auto for the built-in model, none "
                + "for others).",
            valueName: "score|auto"))
    var threshold: Threshold?

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp(
            "Report this class only, by name, MID or index; may be repeated. “epanns labels” lists the classes.",
            valueName: "class"))
    var allow: [String] = []

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp("Never report this class; may be repeated.", valueName: "class"))
    var deny: [String] = []

    @Flag(help: "The scores of frames instead of clips and windows, as csv or npy.")
    var framewise = false

    @OptionGroup var formatOption: FormatOption<ResultFormat>
    private var format: ResultFormat { formatOption.format }

    @Option(
        name: .shortAndLong, help: ArgumentHelp(ResultDestination.help, valueName: "path"), completion: .file())
    var output: String?

    @Flag(
        help: """
            Skip inputs whose results the output folder already holds. The folder's \(ResultFolder.settingsName) says \
            with which model and settings they were made; with others the command refuses.
            """)
    var resume = false

    @Option(
        name: [.customShort("j", allowingJoined: true), .long],
        help: ArgumentHelp(
            "Inputs, or windows of a single input, that are computed side by side (default: all, at most the cores).",
            valueName: "n"))
    var jobs: Int?

    func validate() throws {
        if topK < 1 { throw ValidationError("--top-k must be at least 1.") }
        if let jobs, !(1...1024).contains(jobs) { throw ValidationError("--jobs must be between 1 and 1024.") }
        if case .score(let score) = threshold, activation != OutputActivation.none, !(0...1).contains(score) {
            throw ValidationError(
                "--threshold must be between 0 and 1, as scores are; only logits (--activation none) go beyond.")
        }
        if framewise && format != .csv && format != .npy {
            throw ValidationError("--framewise writes --format csv or --format npy.")
        }
        if framewise && activation != nil {
            throw ValidationError("The scores of frames are the network's own; leave out --activation.")
        }
        if format == .npy && (threshold != nil || !allow.isEmpty || !deny.isEmpty) {
            throw ValidationError("npy holds the scores of all classes; leave out --threshold, --allow and --deny.")
        }
        if resume {
            guard case .folder? = try? ResultDestination(output, fileExtension: format.fileExtension) else {
                throw ValidationError("--resume needs --output with a folder, the one to look into.")
            }
        }
    }

    func run() throws {
        let batch = try BatchCommand(
            input, output: output, fileExtension: format.fileExtension, resumes: resume)
        if batch.isLeftToTheFirst { return }
        if format == .npy { try batch.checkArrays(forSeveral: "csv", forTerminal: "csv") }
        guard batch.inputs.needModel else {
            return try batch.run(nil, writer: writer(TagSelection(), .audioSet, batch), jobs: 1)
        }
        let split = model.split(units: batch.units(jobs: jobs), jobs: jobs, cores: batch.group.coreCount)
        let tagger = try model.tagger(split, activation: activation)
        if framewise { try tagger.checkFramewise() }
        let selection = try selection(tagger)
        try batch.folder.map { try keepSettings(tagger, selection, folder: $0, found: batch.inputs.doneCount) }
        if batch.inputs.list.count > 1 { try tagger.requireAgreement(batch.group) }
        let writer = writer(selection, tagger.labels, batch)
        if writer.namesModel {
            // The digest of a large file takes a while: meanwhile audio is read and the plan compiled.
            Thread.detachNewThread { _ = tagger.identity }
        }
        try batch.run(tagger, writer: writer, jobs: split.jobs)
    }

    private func writer(_ selection: TagSelection, _ labels: LabelSet, _ batch: BatchCommand) -> any ResultWriter {
        let view = TagView(
            selection: selection, labels: labels, isWindowed: input.policy.isWindowed, isFramewise: framewise)
        guard format == .text else { return format.writer(view) }
        return TextWriter(view, columns: Terminal.width ?? 80, namesFailures: batch.inputs.total > 1)
    }

    private func selection(_ tagger: AudioTagger) throws -> TagSelection {
        let wanted: TagThreshold =
            switch threshold {
            case .score(let score): .score(score)
            case .automatic: .automatic
            case nil: tagger.isBuiltIn && activation == nil ? .automatic : .none
            }
        if wanted == .automatic, tagger.thresholds == nil {
            guard activation == nil else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "The thresholds of \(tagger.modelName) are for its own output activation, if it has any; leave "
                        + "--activation out, or give a score instead of auto.")
            }
            StandardError.write(
                "\(tagger.modelName) has no thresholds of its own; \(TagThreshold.general), a general one, is taken for "
                    + "all classes. “epanns calibrate” finds better ones.")
        }
        return try tagger.selection(topK: topK, threshold: wanted, allow: allow, deny: deny)
    }

    /// Compares the run with what the output folder holds already, or notes there what this run is.
    private func keepSettings(
        _ tagger: AudioTagger, _ selection: TagSelection, folder: ResultFolder, found: Int
    ) throws {
        var score: Float?
        if case .score(let given) = threshold { score = given }
        let settings = TagSettings(
            modelSHA256: tagger.identity.sha256, architecture: tagger.architecture,
            precision: tagger.precision.rawValue,
            activation: activation.map { "\($0)" },
            channel: input.channel == .automatic ? nil : input.channel.description, windowSeconds: input.window,
            hopSeconds: input.hop == input.window ? nil : input.hop, whole: input.whole ? true : nil, topK: topK,
            threshold: score, automaticThreshold: selection.guessCount > 0 ? true : nil,
            allow: selection.allowed?.sorted(), deny: selection.denied.sorted(), framewise: framewise ? true : nil,
            format: format.rawValue)
        guard resume else { return try folder.begin(settings: settings.encoded()) }
        if let stored = try TagSettings.read(folder) {
            try settings.check(against: stored, folder: folder.path)
            try folder.proceed()
        } else if found == 0 {
            try folder.begin(settings: settings.encoded())
        } else {
            StandardError.write(
                "\(folder.path) does not say with which model and settings its results were made; they are accepted.")
            try folder.proceed()
        }
    }
}
