import EPANNsCore
import EPANNsData
import EPANNsGraph
import EPANNsModels
import Foundation

/// Reads the tables of a run and parts training from testing.
enum TrainingData {
    /// - Parameters:
    ///   - labels: The classes; nil for the tables' own.
    ///   - ignoresClasses: Whether the tables' classes are of no interest, since a teacher says what is heard.
    static func read(
        _ configuration: TrainingConfiguration, labels: LabelSet?, ignoresClasses: Bool
    ) throws -> (train: DataSet, test: DataSet?) {
        var (train, test): ([DataSet], [DataSet]) = ([], [])
        var labels = labels
        func read(_ source: TrainingConfiguration.Source) throws -> DataSet {
            var options = DataSet.Options()
            options.labels = labels
            options.ignoresClasses = ignoresClasses
            // Those of an AudioSet table or a pack that the teacher does not know.
            options.ignoresUnknownClasses = ignoresClasses
            if configuration.skipsMissing { options.missingFiles = .skip }
            let found = try DataSet.read(source.table, audio: source.audio, options: options)
            guard ignoresClasses, let classes = labels else {
                labels = labels ?? found.labels
                return found
            }
            return try DataSet(
                labels: classes, isSingleLabel: false,
                clips: found.clips.map { .init(name: $0.name, source: $0.source, fold: $0.fold, classes: []) },
                notes: found.notes)
        }
        // Whoever says what to test on decides alone, and so does a table with folds; a teacher's words are not a test.
        let share =
            ignoresClasses || !configuration.testData.isEmpty
                || configuration.data.contains { $0.testFolds != nil || $0.trainFolds != nil }
            ? 0 : configuration.holdOut ?? 0
        let sets = try configuration.data.map { (source: $0, all: try read($0)) }
        var parts = sets.map {
            share > 0 && $0.all.folds.isEmpty ? $0.all.holdingOut(share, seed: configuration.seed) : nil
        }
        // Classes of a clip or two are trained on: a test on the rest, clips of none of them, would say nothing.
        if !parts.contains(where: { $0?.test.clips.contains { !$0.classes.isEmpty } ?? false }) {
            parts = parts.map { _ in nil }
        }
        for ((source, all), held) in zip(sets, parts) {
            if var held {
                let percent = (share * 100).formatted(.number.precision(.fractionLength(0...1)))
                held.train.notes.append(
                    "Held out for testing: \(held.test.clips.count) of \(all.clips.count.counted("clip")) of "
                        + "\(source.table.quoted), \(percent) % of each class, chosen by the seed \(configuration.seed)."
                )
                train.append(held.train)
                test.append(held.test)
                continue
            }
            let held = source.testFolds ?? []
            if !held.isEmpty { test.append(try all.selecting(folds: held)) }
            if let folds = source.trainFolds {
                if let both = folds.first(where: held.contains) {
                    throw EPANNsError(
                        .invalidConfiguration, "Fold \(both) of \(source.table) is named for training and for testing.")
                }
                if !folds.isEmpty { train.append(try all.selecting(folds: folds)) }
            } else {
                train.append(held.isEmpty ? all : try all.excluding(folds: held))
            }
        }
        for source in configuration.testData {
            let all = try read(source)
            test.append(try source.testFolds.map { try all.selecting(folds: $0) } ?? all)
        }
        guard !train.isEmpty else {
            throw EPANNsError(.invalidConfiguration, "Nothing is left to train on; name folds that are not tested on.")
        }
        return (try merged(train), test.isEmpty ? nil : try merged(test))
    }

    /// The clips of several sets of the same classes, one after the other.
    static func merged(_ sets: [DataSet]) throws -> DataSet {
        guard let first = sets.first else { preconditionFailure("there is a data set") }
        guard sets.count > 1 else { return first }
        for other in sets.dropFirst() where other.labels != first.labels {
            throw EPANNsError(
                .invalidConfiguration,
                "The tables have different classes (\(first.labels.count) and \(other.labels.count)); give all of them in one "
                    + "list.", remedy: .nameLabels)
        }
        return try DataSet(
            labels: first.labels, isSingleLabel: sets.allSatisfy(\.isSingleLabel), clips: sets.flatMap(\.clips),
            notes: sets.flatMap(\.notes))
    }
}
