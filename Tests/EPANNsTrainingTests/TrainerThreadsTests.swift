import EPANNsReports
import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

/// The number of threads, which the last digits depend on, is chosen once and kept.
@Suite struct TrainerThreadsTests {
    @Test func `the number that was chosen is the run's`() throws {
        try SyntheticRun.with { run in
            var configuration = run.configuration
            configuration.threads = nil
            let chosen = try #require(starts(try run.train(configuration, "run", stops: [3]).events).first).threads
            #expect((1...ProcessInfo.processInfo.activeProcessorCount).contains(chosen))
            // The user has not named it.
            #expect(try run.run("run").configuration().threads == nil)
            // Whoever resumes without naming one gets the same, however busy the machine is by then.
            let (_, events) = try run.train(configuration, "run", resumes: true)
            #expect(starts(events).map(\.threads) == [chosen])
            #expect(!events.contains { note($0)?.contains("last digits") == true })
        }
    }

    @Test func `another number is said`() throws {
        try SyntheticRun.with { run in
            var configuration = run.configuration
            try run.train(configuration, "run", stops: [3])
            configuration.threads = 2
            let (_, events) = try run.train(configuration, "run", resumes: true)
            #expect(starts(events).map(\.threads) == [2])
            #expect(events.contains { note($0)?.contains("goes on with 2 threads after 1") == true })
        }
    }

    /// A number that was chosen for other cores would leave some idle, or make threads wait for one another.
    @Test func `on other cores the number is chosen anew`() throws {
        struct Cores: Communicator {
            let coreCount: Int
            var rank: Int { 0 }
            var count: Int { 1 }
            func sum(_ values: UnsafeMutableBufferPointer<Float>) {}
            func gather(_ bytes: [UInt8]) -> [[UInt8]] { [bytes] }
        }
        try SyntheticRun.with { run in
            var configuration = run.configuration
            configuration.threads = 3
            let first = try Trainer(configuration, folder: run.run("run"), communicator: Cores(coreCount: 4)) { _ in }
            #expect(try first.run { true }.wasStopped)
            configuration.threads = nil
            for (cores, threads) in [(4, 3), (1, 1)] {
                var events: [TrainingEvent] = []
                let trainer = try Trainer(
                    configuration, folder: run.run("run"), resumes: true, communicator: Cores(coreCount: cores)
                ) { events.append($0) }
                #expect(starts(events).map(\.threads) == [threads])
                #expect(try trainer.run { true }.wasStopped)
            }
        }
    }

    private func starts(_ events: [TrainingEvent]) -> [TrainingEvent.Start] {
        events.compactMap { if case .start(let start) = $0 { start } else { nil } }
    }

    private func note(_ event: TrainingEvent) -> String? {
        if case .note(let text, _) = event { text } else { nil }
    }
}
