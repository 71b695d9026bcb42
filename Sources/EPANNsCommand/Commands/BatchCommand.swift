import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsProcesses
import Foundation

/// What `tag` and `embed` have in common: inputs that are found once for all processes, somewhere to write, and what is
/// said on the way and at the end.
struct BatchCommand {
    /// What is to be done, as one process has found it: what one writes would look different to another.
    struct Inputs: Codable {
        var list: [BatchInput]
        /// Inputs whose results are there already.
        var doneCount: Int
        var ignored: InputSearch.Ignored

        /// Whether some lead somewhere, and a model is needed.
        var needModel: Bool { list.contains { $0.failure == nil } || doneCount > 0 }
        var total: Int { list.count + doneCount }
    }

    let group: any Communicator
    let destination: ResultDestination
    /// Open in the first process alone.
    let folder: ResultFolder?
    let inputs: Inputs
    private let input: InputOptions
    private let start = ContinuousClock.now

    /// Finds the inputs and opens the place for results.
    ///
    /// - Parameters:
    ///   - input: What the user named.
    ///   - output: Where results go.
    ///   - fileExtension: The format's.
    ///   - resumes: Whether results that are there are kept.
    /// - Throws: `EPANNsError`.
    init(_ input: InputOptions, output: String?, fileExtension: String, resumes: Bool = false) throws {
        self.input = input
        input.note()
        let group = try ProcessGroup.current()
        let destination = try ResultDestination(output, fileExtension: fileExtension)
        if group.count > 1, input.inputs.contains("-") {
            throw EPANNsError(
                .invalidConfiguration, "Several processes cannot share standard input; start one, without mpirun.")
        }
        var opened: ResultFolder?
        let bytes = try group.fromFirst {
            let search = input.search()
            var list = search.inputs
            if case .folder(let path) = destination, list.contains(where: { $0.failure == nil }) {
                try ResultFile.checkNames(list, folder: path, fileExtension: fileExtension)
                let folder = try ResultFolder(path: path, fileExtension: fileExtension)
                opened = folder
                folder.sweep(for: list)
                if resumes { list = list.filter { $0.failure != nil || !folder.holds($0) } }
            }
            try destination.check(against: list)
            let found = Inputs(list: list, doneCount: search.inputs.count - list.count, ignored: search.ignored)
            return [UInt8](try JSONEncoder().encode(found))
        }
        inputs = try JSONDecoder().decode(Inputs.self, from: Data(bytes))
        folder = opened
        self.group = group
        self.destination = destination
        if inputs.doneCount > 0 {
            StandardError.write(
                "\(inputs.doneCount) of \(inputs.total.counted("input")) \(inputs.doneCount.isOrAre) in \(output ?? "") already."
            )
        }
    }

    /// Whether the work is the first process's alone, and this is another one.
    var isLeftToTheFirst: Bool { inputs.total < 2 && group.rank > 0 }

    /// Refuses to write several arrays into one document, and one onto a screen.
    ///
    /// - Parameters:
    ///   - forSeveral: A format that can hold several inputs.
    ///   - forTerminal: One that people can read.
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    func checkArrays(forSeveral: String, forTerminal: String) throws {
        if case .folder = destination { return }
        guard inputs.list.count == 1 else {
            throw EPANNsError(
                .invalidConfiguration,
                "Several inputs as npy need a folder: --output FOLDER; or take --format \(forSeveral).")
        }
        guard destination != .standardOutput || isatty(STDOUT_FILENO) == 0 else {
            throw EPANNsError(
                .invalidConfiguration,
                "An npy file is not text for a terminal; write it with --output FILE.npy, or take --format "
                    + "\(forTerminal).")
        }
    }

    /// Pieces that can go side by side: files, or the windows of one that is not live.
    ///
    /// - Parameter jobs: What the user asks for; nil where nothing is said.
    func units(jobs: Int? = nil) -> Int {
        let count = inputs.list.count
        if count > 1 { return (count + group.count - 1) / group.count }
        // Live sound is not made to wait for a batch of windows; a clip's only window takes all cores.
        guard let only = inputs.list.first, only.failure == nil, only.path != "-" else { return 1 }
        let hasWindows =
            switch input.policy {
            case .every: true
            case .whole: false
            case .automatic:
                only.promisedSeconds.map { $0 > WindowPolicy.longestWholeSeconds } ?? (jobs != nil)
            }
        return hasWindows ? group.coreCount : 1
    }

    /// Does the work, says what happened, and ends with the status that says so.
    ///
    /// - Parameters:
    ///   - tagger: The model; nil where none is needed.
    ///   - writer: How results are written.
    ///   - jobs: Inputs, or windows, side by side.
    /// - Throws: The only input's error; `ExitCode` 1 when some of several failed; `EPANNsError` when results cannot be
    ///   written.
    func run(_ tagger: AudioTagger?, writer: any ResultWriter, jobs: Int) throws {
        let isAlone = inputs.list.count < 2
        if isAlone, group.rank > 0 { return }
        let progress = ProgressBar(total: inputs.list.count, isShared: group.count > 1)
        defer { progress.finish() }
        let file = try ResultDocument(destination)
        var place = BatchRun.Destination.document { data in try progress.aside { try file.write(data) } }
        if case .folder(let path) = destination { place = .folder(path: path, folder) }
        var run = BatchRun(inputs.list, policy: input.policy, writer: writer, destination: place)
        run.jobs = jobs
        run.rawFormat = try input.rawFormat()
        run.channels = input.channel
        // `tag` and `embed` have the same ways to take an input.
        run.words = { $0.commandText(in: TagCommand.self) }
        run.communicator = isAlone ? SoloCommunicator() : group
        // The only input's failure is the run's, and said at its end.
        let isOnly = inputs.total == 1
        let summary = try run.run(tagger) { event in
            switch event {
            case .warning(let text): progress.message(StandardError.line(text))
            case .failure(let text): if !isOnly { progress.message(StandardError.line(text)) }
            case .progress(let seconds, let total): progress.advance(seconds: seconds, of: total)
            case .finished(let seconds): progress.advance(audioSeconds: seconds)
            }
        }
        try file.commit()
        progress.finish()
        guard group.rank == 0 else { return }
        if isOnly, let failure = summary.failure {
            throw EPANNsError(.init(rawValue: failure.code) ?? .backendFailure, failure.message)
        }
        if inputs.total > 1, !inputs.list.isEmpty { say(summary) }
        if summary.failureCount > 0 { throw ExitCode(1) }
    }

    private func say(_ summary: BatchRun.Summary) {
        let elapsed = ContinuousClock.now - start
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
        var parts = [CountText.of(summary.inputCount, "input")]
        if summary.failureCount > 0 { parts.append("\(summary.failureCount) failed") }
        if summary.warningCount > 0 { parts.append(CountText.of(summary.warningCount, "warning")) }
        StandardError.write(
            parts.joined(separator: ", ") + "; \(ResultFormat.clock(summary.audioSeconds, decimals: 0)) of audio in "
                + CountText.fixed(seconds, decimals: seconds < 10 ? 1 : 0) + " s.")
        let ignored = inputs.ignored
        let left = [
            (ignored.hidden, "hidden file", "hidden files"),
            (ignored.others, "file not called as audio is", "files not called as audio is"),
            (ignored.special, "named pipe or device", "named pipes or devices"),
            (ignored.seen, "link to a folder searched already", "links to folders searched already"),
        ].filter { $0.0 > 0 }.map { $0.counted($1, plural: $2) }
        if !left.isEmpty { StandardError.write("Left alone: \(left.joined(separator: ", ")).") }
    }
}

/// The one document that results go into: standard output, or a file that appears whole or not at all.
final class ResultDocument: @unchecked Sendable {
    // Whoever writes sees to it that one thread at a time does.
    private let file: AtomicFile?
    private var isEmpty = true

    init(_ destination: ResultDestination) throws {
        if case .file(let path) = destination { file = try AtomicFile(path: path) } else { file = nil }
    }

    func write(_ data: Data) throws {
        guard let file else { return try StandardOutput.write(data) }
        try data.withUnsafeBytes { try file.write($0) }
        isEmpty = isEmpty && data.isEmpty
    }

    /// Puts the file in its place; a run without a result leaves none.
    func commit() throws { if !isEmpty { try file?.commit() } }
}
