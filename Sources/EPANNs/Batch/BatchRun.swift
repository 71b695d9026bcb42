import EPANNsAudio
import EPANNsCore
import EPANNsProcesses
import Foundation
import Synchronization

/// Runs a model over inputs and writes the results: in the order of the inputs as one document, or a file each into a
/// folder.
///
/// A failure of one input is recorded and does not stop the others. Several processes can share the inputs. Tests:
/// `BatchRunTests`.
public struct BatchRun: Sendable {
    /// Where results go.
    public enum Destination: Sendable {
        /// One document, piece by piece; called by one thread at a time.
        case document(@Sendable (Data) throws -> Void)
        /// A file for each input; the folder is open in the first process alone.
        case folder(path: String, ResultFolder?)
    }

    /// What happens on the way.
    public enum Event: Sendable {
        /// Something worth knowing of an input, with its name.
        case warning(String)
        /// An input failed; the message has its name.
        case failure(String)
        /// So many seconds of the only input are read, of as many as its header promises.
        case progress(seconds: Double, total: Double?)
        /// Another input is done; nil seconds where it failed.
        case finished(audioSeconds: Double?)
    }

    /// What came of it.
    public struct Summary: Hashable, Sendable {
        /// Inputs, those that failed included.
        public var inputCount = 0
        /// Inputs that failed.
        public var failureCount = 0
        /// Things worth knowing.
        public var warningCount = 0
        /// Length of the audio.
        public var audioSeconds = 0.0
        /// Why one of those that failed did.
        public var failure: ResultFailure?
    }

    /// The inputs; those that lead nowhere are recorded, too.
    public var inputs: [BatchInput]
    /// How they are cut.
    public var policy: WindowPolicy
    /// How results are written.
    public var writer: any ResultWriter
    /// Where they go.
    public var destination: Destination
    /// Inputs side by side, or windows of a single one.
    public var jobs = 1
    /// The format of bare samples on standard input.
    public var rawFormat: RawPCMFormat?
    /// Which channels are listened to.
    public var channels = ChannelSelection.automatic
    /// Puts an error into words.
    public var words: @Sendable (EPANNsError) -> String = { $0.description }
    /// The processes that share the inputs.
    public var communicator: any Communicator = SoloCommunicator()

    /// Makes a run.
    public init(
        _ inputs: [BatchInput], policy: WindowPolicy = .automatic, writer: any ResultWriter, destination: Destination
    ) {
        self.inputs = inputs
        self.policy = policy
        self.writer = writer
        self.destination = destination
    }

    /// What became of an input.
    private struct Outcome: Codable {
        /// What is to be written into the document.
        var data: Data?
        var failure: ResultFailure?
        var warnings: [String] = []
        var audioSeconds: Double?
    }

    /// A document that cannot be written, which concerns all inputs.
    private struct LostOutput: Error { var cause: any Error }

    /// Does all of it.
    ///
    /// - Parameters:
    ///   - tagger: The model; nil where no input leads anywhere.
    ///   - event: Called on any thread, in the first process alone.
    /// - Returns: What came of it; in other processes than the first, nothing.
    /// - Throws: `EPANNsError` when results cannot be written; then nothing more is done.
    public func run(_ tagger: AudioTagger?, _ event: @escaping @Sendable (Event) -> Void = { _ in }) throws -> Summary {
        let document = OrderedDocument(writer: writer, destination: destination)
        let summary = Mutex(Summary(inputCount: inputs.count))
        // A window of the only input is written as soon as it is there.
        let only = inputs.count == 1 && communicator.count == 1 ? document : nil
        let share = WorkShare(communicator: communicator, jobs: only == nil ? jobs : 1)
        try share.run(inputs.count) { index in
            do {
                return try outcome(of: inputs[index], tagger, only, event)
            } catch let lost as LostOutput {
                throw lost.cause
            } catch let failure as InputFailure {
                return Outcome(failure: record(failure.error))
            }
        } take: { index, outcome in
            let input = inputs[index]
            for warning in outcome.warnings { event(.warning("\(input.path): \(warning)")) }
            if let failure = outcome.failure {
                let isNamed = failure.message.contains(input.path)
                event(.failure(isNamed ? failure.message : "\(input.path): \(failure.message)"))
            } else if case .folder(_, let folder?) = destination {
                try folder.note(input)
            }
            summary.withLock { summary in
                summary.warningCount += outcome.warnings.count
                summary.audioSeconds += outcome.audioSeconds ?? 0
                summary.failureCount += outcome.failure == nil ? 0 : 1
                summary.failure = summary.failure ?? outcome.failure
            }
            try document.put(outcome.data, index: index)
            event(.finished(audioSeconds: outcome.failure == nil ? outcome.audioSeconds ?? 0 : nil))
        }
        if communicator.rank == 0 { try document.end() }
        return summary.withLock { $0 }
    }

    private func outcome(
        of input: BatchInput, _ tagger: AudioTagger?, _ document: OrderedDocument?,
        _ event: @escaping @Sendable (Event) -> Void
    ) throws -> Outcome {
        if let failure = input.failure { return try failed(input, failure) }
        guard let tagger else { preconditionFailure("inputs that lead somewhere want a model") }
        var encoder = writer.encoder(for: input.head(tagger.identity(includesDigest: writer.namesModel)))
        var data = Data()
        func put(_ piece: Data) throws {
            guard let document, case .document = destination else { return data += piece }
            do { try document.write(piece) } catch { throw LostOutput(cause: error) }
        }
        var outcome = Outcome()
        do {
            try input.withSource(rawFormat: rawFormat) { source in
                let reader = try tagger.reader(
                    of: source, policy, channels: channels, concurrency: concurrency(of: input))
                if document != nil {
                    let total = reader.source.info.durationSeconds
                    reader.onRead = { event(.progress(seconds: $0, total: total)) }
                }
                while let window = try reader.next() { try put(encoder.take(window)) }
                outcome.warnings = reader.warnings
                outcome.audioSeconds = reader.durationSeconds
            }
            try put(encoder.finish(.init(durationSeconds: outcome.audioSeconds ?? 0, warnings: outcome.warnings)))
        } catch let lost as LostOutput {
            throw lost
        } catch {
            return try failed(input, record(error))
        }
        return try kept(data, input, outcome)
    }

    /// Windows side by side: those of the only input, unless it is a live one, which does not wait for others.
    private func concurrency(of input: BatchInput) -> Int { inputs.count == 1 && input.path != "-" ? jobs : 1 }

    private func failed(_ input: BatchInput, _ failure: ResultFailure) throws -> Outcome {
        let outcome = Outcome(failure: failure)
        // An argument that leads nowhere has no place in a folder of results.
        if case .folder = destination, input.failure != nil { return outcome }
        let record = try writer.failure(failure, of: input.head(nil))
        return record.isEmpty ? outcome : try kept(record, input, outcome)
    }

    private func kept(_ data: Data, _ input: BatchInput, _ outcome: Outcome) throws -> Outcome {
        var outcome = outcome
        switch destination {
        case .document: outcome.data = data
        case .folder(let path, _):
            let document = Data(writer.header.utf8) + data + Data(writer.footer.utf8)
            try ResultFile.write(document, of: input, folder: path, fileExtension: writer.fileExtension)
        }
        return outcome
    }

    private func record(_ error: any Error) -> ResultFailure {
        let code = (error as? EPANNsError)?.code ?? .backendFailure
        return ResultFailure(code: code.rawValue, message: (error as? EPANNsError).map(words) ?? "\(error)")
    }
}
