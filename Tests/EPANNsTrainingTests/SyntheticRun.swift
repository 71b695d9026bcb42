import EPANNsReports
import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

/// Runs of the trainer on generated recordings, in a temporary folder.
struct SyntheticRun {
    let sounds: SyntheticSounds
    let folder: String

    /// Calls `body` with recordings in a folder that is removed afterwards.
    static func with(clipCount: Int = 18, _ body: (SyntheticRun) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try body(
                SyntheticRun(sounds: SyntheticSounds(folder + "/sounds", clipCount: clipCount), folder: folder))
        }
    }

    /// Two folds to train on, one to test on, and a tiny network; everything else as PANNs have it.
    var configuration: TrainingConfiguration {
        var configuration = TrainingConfiguration()
        configuration.data = [.init(table: sounds.table, testFolds: [2])]
        configuration.network = SyntheticSounds.network
        configuration.iterations = 10
        configuration.batchSize = 4
        configuration.clipSeconds = 0.8
        configuration.threads = 1
        configuration.cache = folder + "/cache"
        return configuration
    }

    /// A run folder.
    func run(_ name: String) -> RunFolder { RunFolder(path: folder + "/" + name) }

    /// Trains, and stops before the iterations named, each time resuming with a new trainer.
    ///
    /// - Returns: What was told.
    @discardableResult
    func train(
        _ configuration: TrainingConfiguration, _ name: String, stops: [Int] = [], resumes: Bool = false
    ) throws -> (outcome: Trainer.Outcome, events: [TrainingEvent]) {
        var events: [TrainingEvent] = []
        var resumes = resumes
        for stop in stops {
            let trainer = try Trainer(configuration, folder: run(name), resumes: resumes) { events.append($0) }
            var asked = resumes ? Self.lastIteration(events) : 0
            let outcome = try trainer.run {
                defer { asked += 1 }
                return asked == stop
            }
            #expect(outcome.wasStopped && outcome.iteration == stop)
            resumes = true
        }
        let trainer = try Trainer(configuration, folder: run(name), resumes: resumes) { events.append($0) }
        return (try trainer.run(), events)
    }

    private static func lastIteration(_ events: [TrainingEvent]) -> Int {
        for case .resume(let iteration) in events.reversed() { return iteration }
        return 0
    }

    /// Bits of all tensors of a file of the run, but of the state, whose keys have no order.
    func bits(_ path: String) throws -> [String: [UInt32]] {
        try Checkpoint.read(path: path).tensors.filter { $0.key != "state" }.mapValues { $0.floats.map(\.bitPattern) }
    }

    /// What is left of the loss: the mean of the last six over that of the first six.
    func lossRatio(_ name: String) throws -> Double {
        let losses = try losses(name)
        let (first, last) = (losses.prefix(6).reduce(0, +), losses.suffix(6).reduce(0, +))
        return last / first
    }

    /// The log's losses in order.
    func losses(_ name: String) throws -> [Double] { try TrainingLog(path: run(name).logPath).steps.map(\.loss) }
}
