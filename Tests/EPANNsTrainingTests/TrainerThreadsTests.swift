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
            try run.train(configuration, "run", stops: [3])
            let chosen = try #require(try run.run("run").configuration().threads)
            #expect((1...ProcessInfo.processInfo.activeProcessorCount).contains(chosen))
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

    private func starts(_ events: [TrainingEvent]) -> [TrainingEvent.Start] {
        events.compactMap { if case .start(let start) = $0 { start } else { nil } }
    }

    private func note(_ event: TrainingEvent) -> String? {
        if case .note(let text, _) = event { text } else { nil }
    }
}
