import EPANNsCore
import Foundation

/// One step of how a model was made, kept in the metadata of our own files.
///
/// Tests: `ModelHistoryTests`.
public struct ModelStep: Codable, Hashable, Sendable {
    /// What was done.
    ///
    /// A program of a later version may know more kinds than this one.
    public struct Action: RawRepresentable, Codable, Hashable, Sendable {
        /// The name in files.
        public var rawValue: String

        /// Makes an action of its name in files.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Read from one file and written as another.
        public static let converted = Action(rawValue: "converted")
        /// Filters were removed.
        public static let pruned = Action(rawValue: "pruned")
        /// The weights were trained.
        public static let trained = Action(rawValue: "trained")
        /// Thresholds were chosen for its classes.
        public static let calibrated = Action(rawValue: "calibrated")
        /// The weights are the mean of several models'.
        public static let averaged = Action(rawValue: "averaged")
    }

    /// The model that a step began with.
    public struct Parent: Codable, Hashable, Sendable {
        /// Its name.
        public var name: String
        /// SHA-256 of its file, lower-case hexadecimal; nil for one that was never a file.
        public var sha256: String?

        /// Makes a parent.
        public init(name: String, sha256: String?) {
            self.name = name
            self.sha256 = sha256
        }
    }

    /// What was done.
    public var action: Action
    /// What it was done to; nil where the step before in the list says it, and for weights that began as random numbers.
    public var parent: Parent?
    /// How it was done, as texts by name, such as `criterion`, `ratio`, `data`, `clips`, `iterations` and `teacher`.
    public var details: [String: String]
    /// The program and its version, such as `epanns 0.2.0`.
    public var program: String
    /// When, as `2026-11-24T12:00:00Z`; nil in files of older versions.
    public var date: String?

    /// Makes a step.
    public init(
        _ action: Action, parent: Parent?, details: [String: String] = [:], program: String, date: String? = nil
    ) {
        self.action = action
        self.parent = parent
        self.details = details
        self.program = program
        self.date = date
    }
}

extension Model {
    /// Notes how the model was made, for the file that will be written.
    ///
    /// The parent is what the weights were read from, or what ``replacing(weights:configuration:labels:)`` began with. Its
    /// file's digest is taken, for which all of that file is read unless that was done before.
    ///
    /// - Parameters:
    ///   - action: What was done.
    ///   - details: How, as texts by name; see ``ModelStep/details``.
    ///   - program: The program and its version.
    ///   - date: When; nil for what is the same whenever it is done, so that its file is, too.
    public mutating func record(
        _ action: ModelStep.Action, details: [String: String] = [:], by program: String, date: Date? = .now
    ) {
        let parent = isParentRecorded ? nil : parentSource
        isParentRecorded = true
        history.append(
            ModelStep(
                action, parent: parent.map { .init(name: $0.name, sha256: $0.origin?.sha256()) }, details: details,
                program: program, date: date?.formatted(.iso8601)))
    }

    /// The steps that old files tell in other words: what was converted, and what was pruned.
    var stepsOfOldFiles: [ModelStep] {
        var steps: [ModelStep] = []
        if let provenance {
            steps.append(
                ModelStep(
                    .converted, parent: .init(name: provenance.sourceFile, sha256: provenance.sourceSHA256),
                    details: ["format": provenance.sourceFormat.rawValue], program: provenance.convertedBy))
        }
        for record in pruning {
            var details = ["criterion": record.criterion]
            if let ratio = record.ratio { details["ratio"] = "\(ratio)" }
            steps.append(
                ModelStep(
                    .pruned, parent: record.sourceSHA256.map { .init(name: name, sha256: $0) }, details: details,
                    program: record.prunedBy))
        }
        return steps
    }
}
