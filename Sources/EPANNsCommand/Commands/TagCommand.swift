import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsProcesses
import EPANNsTraining
import Foundation
import Synchronization

extension ResultFormat: ExpressibleByArgument {}

/// Tags files, folders and streams.
struct TagCommand: ParsableCommand, SharedCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag",
        abstract: "Says what is heard in audio.",
        discussion: """
            One clip:                  epanns tag street.wav
            With a better model:       epanns tag --model mn04 street.wav
            What happens when:         epanns tag --model mn04 --window 2 --hop 1 --top-k 3 hour.flac
            A folder, for a program:   epanns tag --model mn04 --format jsonl recordings > tags.jsonl
            An archive, resumable:     epanns tag --model mn04 --window 10 --output tags --resume archive
            Only some classes:         epanns tag --model mn04 --allow Siren --allow 'Dog' --threshold 0.2 street.wav
            From a microphone:         arecord -f S16_LE -r 32000 | epanns tag --model mn04 --window 2 -

            Scores of different classes are independent probabilities: they need not add up to 1. Results go to \
            standard output, messages to standard error. The exit status is 0 when every input was tagged, 1 when \
            some of several failed. Several processes, on one machine or more, share the files: mpirun -n N epanns \
            tag … (needs a build with MPI: swift build --traits MPI).
            """)

    /// From which score on a tag is reported.
    enum Threshold: ExpressibleByArgument {
        case score(Float)
        case automatic

        init?(argument: String) {
            if argument == "auto" {
                self = .automatic
            } else if let score = Float(argument) {
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

    @Option(name: [.customShort("k"), .long], help: ArgumentHelp("At most so many tags a window.", valueName: "n"))
    var topK = 10

    @Option(
        help: ArgumentHelp(
            "Only scores of at least this, such as 0.3; auto takes each class's own threshold, where the model knows "
                + "them (“epanns calibrate”).",
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

    @Option(
        name: .shortAndLong,
        help: """
            text for people; json: an array with one element an input; jsonl: one element a line; csv: one row a tag.
            """)
    var format = ResultFormat.text

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Write one file an input into this folder instead of standard output.", valueName: "folder"),
        completion: .directory)
    var output: String?

    @Flag(
        help: """
            Skip inputs whose file the output folder already holds. The folder's \(TagSettings.fileName) says with \
            which model and settings they were made; with others the command refuses.
            """)
    var resume = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Inputs, or windows of a single input, that are computed side by side (default: all, at most the cores).",
            valueName: "n"))
    var jobs: Int?

    func validate() throws {
        if topK < 1 { throw ValidationError("--top-k must be at least 1.") }
        if let jobs, !(1...1024).contains(jobs) { throw ValidationError("--jobs must lie in 1…1024.") }
        if resume && output == nil { throw ValidationError("--resume needs --output, the folder to look into.") }
    }

    func run() throws {
        let group = try ProcessGroup.current()
        let sink = ResultSink(format: format, folder: output)
        let inputs = try inputs(sink, group)
        let files = inputs.files
        let (failed, total) = (inputs.failureCount, inputs.failureCount + inputs.foundCount)
        if inputs.foundCount == 0 { throw ExitCode(1) }
        if files.count < inputs.foundCount {
            StandardError.write(
                "\(inputs.foundCount - files.count) of \(inputs.foundCount) inputs are in \(output ?? "") already.")
        }
        let isAlone = files.count < 2
        // One file is one process's work.
        if isAlone, group.rank > 0 { return }
        // Files go side by side, or the windows of one; live input is not made to wait for a batch of windows.
        let canSplit = input.window != nil && files.first?.path != "-"
        let units = isAlone ? (canSplit ? group.coreCount : 1) : (files.count + group.count - 1) / group.count
        let split = model.split(units: units, jobs: jobs, cores: group.coreCount)
        let tagger = try model.tagger(split, activation: activation)
        let selection = try TagSelection(
            topK: topK, threshold: score, classThresholds: classThresholds(tagger), allow: allow, deny: deny,
            labels: tagger.labels)
        if let output, group.rank == 0 {
            try keepSettings(tagger, selection, folder: output, isEmpty: files.count == inputs.foundCount)
        }
        if files.isEmpty { return try report(failed: failed, of: total) }
        if !isAlone { try tagger.requireAgreement(group) }
        if format.namesModel {
            // The digest of a large file takes a while: meanwhile audio is read and the plan compiled.
            Thread.detachNewThread { _ = tagger.identity }
        }
        if isAlone, failed == 0 { return try tagOne(files[0], tagger, selection, sink, jobs: split.jobs) }
        let share = WorkShare(communicator: isAlone ? SoloCommunicator() : group, jobs: split.jobs)
        let newlyFailed = try tagAll(files, tagger, selection, sink, share, jobs: split.jobs)
        guard group.rank == 0 else { return }
        try report(failed: failed + newlyFailed, of: files.count + failed)
    }

    private var score: Float? {
        if case .score(let score) = threshold { return score }
        return nil
    }

    private func classThresholds(_ tagger: AudioTagger) throws -> [Float]? {
        guard case .automatic = threshold else { return nil }
        guard let thresholds = tagger.thresholds else {
            throw EPANNsError(
                .invalidConfiguration,
                activation == nil
                    ? "\(tagger.modelName) has no thresholds of its own. Give a score instead, such as --threshold 0.3, or "
                        + "find thresholds with “epanns calibrate”."
                    : "The thresholds of \(tagger.modelName) are for its own output activation, if it has any; leave "
                        + "--activation out, or give a score instead of auto.")
        }
        return thresholds.scores
    }

    /// What is to be tagged: found by one process, since what one writes would look different to another.
    private struct Inputs: Codable {
        var files: [InputFile]
        /// Those that need no tagging included.
        var foundCount: Int
        /// Arguments that lead nowhere.
        var failureCount: Int
    }

    private func inputs(_ sink: ResultSink, _ group: any Communicator) throws -> Inputs {
        func find() throws -> Inputs {
            let (found, failureCount) = try input.files()
            try sink.checkNames(found)
            return Inputs(
                files: resume ? found.filter { !sink.holds($0) } : found, foundCount: found.count,
                failureCount: failureCount)
        }
        guard group.count > 1 else { return try find() }
        guard !input.inputs.contains("-") else {
            throw EPANNsError(
                .invalidConfiguration, "Several processes cannot share standard input; start one, without mpirun.")
        }
        let bytes = try group.fromFirst {
            do {
                return [UInt8](try JSONEncoder().encode(try find()))
            } catch is ExitCode {
                // Has been said; all are to know of it.
                return [UInt8](try JSONEncoder().encode(Inputs(files: [], foundCount: 0, failureCount: 0)))
            }
        }
        return try JSONDecoder().decode(Inputs.self, from: Data(bytes))
    }

    /// Compares the run with what the output folder holds already, or notes there what this run is.
    private func keepSettings(
        _ tagger: AudioTagger, _ selection: TagSelection, folder: String, isEmpty: Bool
    ) throws {
        let settings = TagSettings(
            modelSHA256: tagger.identity.sha256, precision: tagger.precision.rawValue,
            activation: activation.map { "\($0)" }, windowSeconds: input.window,
            hopSeconds: input.hop == input.window ? nil : input.hop, topK: topK, threshold: score,
            automaticThreshold: selection.classThresholds == nil ? nil : true, allow: selection.allowed?.sorted(),
            deny: selection.denied.sorted(), format: format.rawValue)
        guard resume else { return try settings.write(folder: folder) }
        if let stored = try TagSettings.read(folder: folder) {
            try settings.check(against: stored, folder: folder)
        } else if isEmpty {
            try settings.write(folder: folder)
        } else {
            StandardError.write(
                "\(folder) does not say with which model and settings its results were made; they are accepted.")
        }
    }

    private func tagOne(
        _ file: InputFile, _ tagger: AudioTagger, _ selection: TagSelection, _ sink: ResultSink, jobs: Int
    ) throws {
        if let window = input.window, format.isStreamable, output == nil {
            return try stream(file, tagger, selection, windowSeconds: window, concurrency: jobs)
        }
        // Computed first, so that a failure leaves no half of a document.
        let audio = try tag(file, tagger, selection, concurrency: jobs)
        for warning in audio.warnings ?? [] { StandardError.write("\(file.path): \(warning)") }
        try sink.begin()
        try sink.put(try sink.store(audio, input: file), index: 0, progress: ProgressBar(total: 1))
        try sink.end()
    }

    private func tag(
        _ file: InputFile, _ tagger: AudioTagger, _ selection: TagSelection, concurrency: Int
    ) throws -> TaggedAudio {
        let source = try input.source(file)
        let namesModel = format.namesModel
        guard let window = input.window else {
            return try tagger.tag(source, name: file.path, selection: selection, includesDigest: namesModel)
        }
        return try tagger.tag(
            source, name: file.path, windowSeconds: window, hopSeconds: input.hop, selection: selection,
            concurrency: concurrency, includesDigest: namesModel)
    }

    /// Prints windows as they come: for live input, and so that a long recording needs no memory for its results.
    private func stream(
        _ file: InputFile, _ tagger: AudioTagger, _ selection: TagSelection, windowSeconds: Double, concurrency: Int
    ) throws {
        // Written with the first window: a source that cannot be read leaves no output.
        var header = format == .text ? "\(file.path)\n" : format.header
        let (_, warnings) = try tagger.forEachWindow(
            of: input.source(file), windowSeconds: windowSeconds, hopSeconds: input.hop, concurrency: concurrency
        ) { window, outputs in
            let tagged = TaggedWindow(
                startSeconds: window.startSeconds, endSeconds: window.endSeconds,
                tags: selection.tags(outputs.scores, labels: tagger.labels))
            try StandardOutput.write(header + format.window(tagged, file: file.path))
            header = ""
            return true
        }
        for warning in warnings { StandardError.write("\(file.path): \(warning)") }
    }

    /// What became of an input.
    private struct Outcome: Codable {
        /// For standard output.
        var text: String?
        var failure: String?
        var warnings: [String] = []
        var audioSeconds: Double?
    }

    private func tagAll(
        _ files: [InputFile], _ tagger: AudioTagger, _ selection: TagSelection, _ sink: ResultSink,
        _ share: WorkShare, jobs: Int
    ) throws -> Int {
        let isFirst = !StandardError.isSilent
        let progress = ProgressBar(total: files.count, isShared: share.isShared)
        defer { progress.finish() }
        let failures = Atomic(0)
        // One file that is left of several has the cores for its windows.
        let concurrency = files.count == 1 ? jobs : 1
        if isFirst { try sink.begin() }
        // A failure to write concerns all inputs and ends the run; a failure to read concerns one.
        try share.run(files.count) { index in
            let file = files[index]
            let audio: TaggedAudio
            do {
                audio = try tag(file, tagger, selection, concurrency: concurrency)
            } catch {
                let text = "\(error)"
                return Outcome(failure: (text.contains(file.path) ? "" : file.path + ": ") + text)
            }
            return Outcome(
                text: try sink.store(audio, input: file),
                warnings: (audio.warnings ?? []).map { "\(file.path): \($0)" }, audioSeconds: audio.durationSeconds)
        } take: { index, outcome in
            for message in outcome.warnings + [outcome.failure].compactMap(\.self) {
                progress.message("epanns: \(message)")
            }
            if outcome.failure != nil { failures.wrappingAdd(1, ordering: .relaxed) }
            try sink.put(outcome.text, index: index, progress: progress)
            progress.advance(audioSeconds: outcome.audioSeconds)
        }
        progress.finish()
        if isFirst { try sink.end() }
        return failures.load(ordering: .relaxed)
    }

    private func report(failed: Int, of total: Int) throws {
        guard failed > 0 else { return }
        StandardError.write("\(failed) of \(total) inputs could not be tagged.")
        throw ExitCode(1)
    }
}
