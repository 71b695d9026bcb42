import ArgumentParser
import EPANNs
import Foundation
import Synchronization

extension ResultFormat: ExpressibleByArgument {}

/// Tags files, folders and streams.
struct TagCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag",
        abstract: "Says what is heard in audio.",
        discussion: """
            One clip:                  epanns tag --model mn04 street.wav
            What happens when:         epanns tag --model mn04 --window 2 --hop 1 --top-k 3 hour.flac
            A folder, for a program:   epanns tag --model mn04 --format jsonl recordings > tags.jsonl
            An archive, resumable:     epanns tag --model mn04 --window 10 --output tags --resume archive
            Only some classes:         epanns tag --model mn04 --allow Siren --allow 'Dog' --threshold 0.2 street.wav
            From a microphone:         arecord -f S16_LE -r 32000 | epanns tag --model mn04 --window 2 -

            Scores of different classes are independent probabilities: they need not add up to 1. Results go to \
            standard output, messages to standard error. The exit status is 0 when every input was tagged, 1 when \
            some of several failed.
            """)

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

    @Option(help: ArgumentHelp("Only scores of at least this, such as 0.3.", valueName: "score"))
    var threshold: Float?

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
            "Inputs, or windows of a single input, that are computed side by side (default: as many as there are, at most the cores).",
            valueName: "n"))
    var jobs: Int?

    func validate() throws {
        if topK < 1 { throw ValidationError("--top-k must be at least 1.") }
        if let jobs, !(1...1024).contains(jobs) { throw ValidationError("--jobs must lie in 1…1024.") }
        if resume && output == nil { throw ValidationError("--resume needs --output, the folder to look into.") }
    }

    func run() throws {
        let (found, missing) = try input.files()
        let sink = ResultSink(format: format, folder: output)
        try sink.checkNames(found)
        let files = resume ? found.filter { !sink.holds($0) } : found
        let cores = ProcessInfo.processInfo.activeProcessorCount
        // Files go side by side, or the windows of one; live input is not made to wait for a batch of windows.
        let canSplit = input.window != nil && found[0].path != "-"
        let split = model.split(units: files.count > 1 ? files.count : canSplit ? cores : 1, jobs: jobs)
        let tagger = try model.tagger(split, activation: activation)
        let selection = try TagSelection(
            topK: topK, threshold: threshold, allow: allow, deny: deny, labels: tagger.labels)
        if let output { try keepSettings(tagger, selection, folder: output, isEmpty: files.count == found.count) }
        if files.count < found.count {
            StandardError.write("\(found.count - files.count) of \(found.count) inputs are in \(output ?? "") already.")
        }
        if files.isEmpty { return try report(failed: missing, of: missing + found.count) }
        if format.namesModel {
            // The digest of a large file takes a while: meanwhile audio is read and the plan compiled.
            Thread.detachNewThread { _ = tagger.identity }
        }
        if files.count == 1, missing == 0 { return try tagOne(files[0], tagger, selection, sink, jobs: split.jobs) }
        let failed = try tagAll(files, tagger, selection, sink, jobs: split.jobs)
        try report(failed: failed + missing, of: files.count + missing)
    }

    /// Compares the run with what the output folder holds already, or notes there what this run is.
    private func keepSettings(
        _ tagger: AudioTagger, _ selection: TagSelection, folder: String, isEmpty: Bool
    ) throws {
        let settings = TagSettings(
            modelSHA256: tagger.identity.sha256, precision: tagger.precision.rawValue,
            activation: activation.map { "\($0)" }, windowSeconds: input.window,
            hopSeconds: input.hop == input.window ? nil : input.hop, topK: topK, threshold: threshold,
            allow: selection.allowed?.sorted(), deny: selection.denied.sorted(), format: format.rawValue)
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
        try sink.put(audio, index: 0, input: file, progress: ProgressBar(total: 1))
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

    private func tagAll(
        _ files: [InputFile], _ tagger: AudioTagger, _ selection: TagSelection, _ sink: ResultSink, jobs: Int
    ) throws -> Int {
        let progress = ProgressBar(total: files.count)
        let next = Atomic(0)
        let failures = Atomic(0)
        // A failure to write concerns all inputs and ends the run; a failure to read concerns one.
        let fatal = Mutex<(any Error)?>(nil)
        // One file that is left of several has the cores for its windows.
        let concurrency = files.count == 1 ? jobs : 1
        try sink.begin()
        DispatchQueue.concurrentPerform(iterations: min(jobs, files.count)) { _ in
            while fatal.withLock({ $0 == nil }) {
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < files.count else { return }
                var audio: TaggedAudio?
                do {
                    audio = try tag(files[index], tagger, selection, concurrency: concurrency)
                    for warning in audio?.warnings ?? [] {
                        progress.message("epanns: \(files[index].path): \(warning)")
                    }
                } catch {
                    failures.wrappingAdd(1, ordering: .relaxed)
                    let text = "\(error)"
                    let prefix = text.contains(files[index].path) ? "" : files[index].path + ": "
                    progress.message("epanns: \(prefix)\(text)")
                }
                do {
                    try sink.put(audio, index: index, input: files[index], progress: progress)
                } catch {
                    fatal.withLock { $0 = $0 ?? error }
                }
                progress.advance(audioSeconds: audio?.durationSeconds)
            }
        }
        progress.finish()
        if let error = fatal.withLock({ $0 }) { throw error }
        try sink.end()
        return failures.load(ordering: .relaxed)
    }

    private func report(failed: Int, of total: Int) throws {
        guard failed > 0 else { return }
        StandardError.write("\(failed) of \(total) inputs could not be tagged.")
        throw ExitCode(1)
    }
}
