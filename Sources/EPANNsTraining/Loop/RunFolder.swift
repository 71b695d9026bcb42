import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

/// The folder of a training run: configuration, log, checkpoint, models.
public struct RunFolder: Sendable {
    /// The folder.
    public let path: String
    /// Held by who has taken the folder before its trainer.
    var lock: Lock?

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
    package var hasCheckpoint: Bool { FileManager.default.fileExists(atPath: checkpointPath) }
    /// Whether a run was started here.
    public var hasConfiguration: Bool { FileManager.default.fileExists(atPath: configurationPath) }

    /// Refuses a folder in which a run was started, whose files a new one would overwrite.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    package func requireNoRun() throws {
        guard hasConfiguration || hasCheckpoint else { return }
        throw EPANNsError(
            .invalidConfiguration, "\(path.quoted) holds a run already; a new one needs another folder.",
            remedy: .resume)
    }

    /// Reads the configuration of a run.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`, `invalidConfiguration`.
    public func configuration() throws -> TrainingConfiguration {
        guard let data = FileManager.default.contents(atPath: configurationPath) else {
            throw EPANNsError(.fileFailure, "\(path.quoted) holds no run: it has no configuration.json.")
        }
        return try TrainingConfiguration(json: data)
    }

    /// Makes the folder.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    package func create() throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw EPANNsError(.fileFailure, "The folder \(path) cannot be made.", cause: error)
        }
    }

    /// Writes the configuration, which makes the folder a run's.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    package func write(_ configuration: TrainingConfiguration) throws {
        let file = try AtomicFile(path: configurationPath)
        try file.write(String(decoding: try configuration.json(), as: UTF8.self) + "\n")
        try file.commit()
    }
}
