import EPANNsEvaluation
import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

/// A folder that training wrote: `configuration.json`, `log.jsonl`, and perhaps `evaluation.json`.
///
/// Tests: `ReportPageTests`.
public struct TrainingRun: Sendable {
    /// The folder's name, or more of its path where several runs have the same.
    public var name: String
    /// Settings by dotted path, such as `optimizer.learning_rate`, as text.
    public var configuration: [String: String]
    /// Losses, evaluations, events.
    public var log: TrainingLog
    /// The evaluation of the best model; nil while there is none.
    public var evaluation: EvaluationReport?

    /// Makes a run.
    public init(
        name: String, configuration: [String: String] = [:], log: TrainingLog, evaluation: EvaluationReport? = nil
    ) {
        self.name = name
        self.configuration = configuration
        self.log = log
        self.evaluation = evaluation
    }

    /// Reads a run's folder; one that is being written is read as far as it goes.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when it is not a run's folder, `unsupportedFormat` when a file
    ///   in it is damaged.
    public init(folder: String) throws {
        let manager = FileManager.default
        let base = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
        var isFolder: ObjCBool = false
        guard manager.fileExists(atPath: base, isDirectory: &isFolder), isFolder.boolValue,
            manager.fileExists(atPath: base + "/log.jsonl")
        else {
            throw EPANNsError(
                .fileFailure,
                "\(folder) is not the folder of a training run: it has no log.jsonl. Name the folder that training "
                    + "wrote.")
        }
        name = Self.name(of: base, depth: 1)
        log = try TrainingLog(path: base + "/log.jsonl")
        configuration = [:]
        if let data = try Self.contents(base + "/configuration.json") {
            guard let value = try? JSONDecoder().decode([String: LogValue].self, from: data) else {
                throw EPANNsError(.unsupportedFormat, "\(base)/configuration.json is damaged: it holds no JSON object.")
            }
            Self.flatten(.object(value), path: "", into: &configuration)
        }
        evaluation = try Self.contents(base + "/evaluation.json").map { data in
            do {
                return try EvaluationReport(json: data)
            } catch let error as EPANNsError {
                throw EPANNsError(
                    error.code, "\(base)/evaluation.json: \(error.message) Delete it to report without it.",
                    cause: error.cause)
            }
        }
    }

    /// Reads several folders; runs get names that tell them apart.
    ///
    /// - Throws: As ``init(folder:)``; with code `invalidConfiguration` when a folder is named twice.
    public static func read(_ folders: [String]) throws -> [TrainingRun] {
        var runs = try folders.map(TrainingRun.init(folder:))
        for depth in 2...6 where Set(runs.map(\.name)).count < runs.count {
            for (index, folder) in folders.enumerated() { runs[index].name = name(of: folder, depth: depth) }
        }
        guard Set(runs.map(\.name)).count == runs.count else {
            throw EPANNsError(.invalidConfiguration, "A run is named twice; name every folder once.")
        }
        return runs
    }

    private static func name(of path: String, depth: Int) -> String {
        let parts = URL(fileURLWithPath: path).standardizedFileURL.pathComponents.filter { $0 != "/" }
        return parts.isEmpty ? path : parts.suffix(depth).joined(separator: "/")
    }

    /// Nil where there is no file.
    private static func contents(_ path: String) throws -> Data? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let file = try MappedFile(path: path)
        guard file.bytes.count <= 64 << 20 else {
            throw EPANNsError(.unsupportedFormat, "\(path) is too large for what it should be; is it another file?")
        }
        return withExtendedLifetime(file) { Data(file.bytes) }
    }

    private static func flatten(_ value: LogValue, path: String, into settings: inout [String: String]) {
        if case .object(let object) = value, !object.isEmpty {
            for (key, member) in object {
                flatten(member, path: path.isEmpty ? key : "\(path).\(key)", into: &settings)
            }
        } else {
            settings[path] = value.description
        }
    }
}
