import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

/// The folder of a training run: configuration, log, checkpoint, models.
public struct RunFolder: Sendable {
    /// The folder.
    public let path: String

    /// Names a folder; nothing is made yet.
    public init(path: String) { self.path = path }

    /// What the run depends on.
    public var configurationPath: String { path + "/configuration.json" }
    /// One JSON object a line; see `TrainingLog`.
    public var logPath: String { path + "/log.jsonl" }
    /// All that is needed to go on.
    public var checkpointPath: String { path + "/checkpoint.safetensors" }
    /// The best model so far by the run's metric.
    public var bestModelPath: String { path + "/best.safetensors" }
    /// The model after the last iteration.
    public var finalModelPath: String { path + "/final.safetensors" }
    /// Metrics of the best model.
    public var evaluationPath: String { path + "/evaluation.json" }

    /// Whether a run has left a checkpoint here.
    public var hasCheckpoint: Bool { FileManager.default.fileExists(atPath: checkpointPath) }
    /// Whether a run was started here.
    public var hasConfiguration: Bool { FileManager.default.fileExists(atPath: configurationPath) }

    /// Reads the configuration of a run.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`, `invalidConfiguration`.
    public func configuration() throws -> TrainingConfiguration {
        guard let data = FileManager.default.contents(atPath: configurationPath) else {
            throw EPANNsError(.fileFailure, "\(path) holds no run: there is no configuration.json.")
        }
        return try TrainingConfiguration(json: data)
    }

    /// Makes the folder.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    public func create() throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw EPANNsError(.fileFailure, "The folder \(path) cannot be made.", cause: error)
        }
    }

    /// Writes the configuration, which makes the folder a run's.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    public func write(_ configuration: TrainingConfiguration) throws {
        let file = try AtomicFile(path: configurationPath)
        try file.write(String(decoding: try configuration.json(), as: UTF8.self) + "\n")
        try file.commit()
    }
}

/// Appends lines to a run's log; a line is whole or, after a kill, cut, and the reader minds neither.
final class RunLog {
    private var handle: FileHandle?
    private let folder: RunFolder?
    private let continues: Bool
    private let encoder = JSONEncoder()

    /// Prepares the log of a run, to go on at its end or anew; nil as folder writes nothing.
    ///
    /// The file is made with its first line, so that a run that cannot begin leaves nothing behind.
    init(_ folder: RunFolder?, continues: Bool) {
        self.folder = folder
        self.continues = continues
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    }

    /// The log's file, made where it is missing.
    private func opened(_ folder: RunFolder) throws -> FileHandle {
        if let handle { return handle }
        try folder.create()
        let path = folder.logPath
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (continues ? 0 : O_TRUNC), 0o666)
        guard descriptor >= 0 else {
            throw EPANNsError(.fileFailure, "\(path) cannot be written: \(String(cString: strerror(errno))).")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        // What a killed run left of its last line must not swallow the next one.
        if try handle.seekToEnd() > 0, let data = FileManager.default.contents(atPath: path),
            data.last != 0x0A
        {
            try handle.write(contentsOf: Data([0x0A]))
        }
        self.handle = handle
        return handle
    }

    func write(_ entry: some Encodable) throws {
        guard let folder else { return }
        do {
            try opened(folder).write(contentsOf: try encoder.encode(entry) + Data([0x0A]))
        } catch let error as EPANNsError {
            throw error
        } catch {
            throw EPANNsError(
                .fileFailure,
                "\(folder.logPath) cannot be written; free some space and go on with --resume. The last checkpoint is whole.",
                cause: error)
        }
    }
}
