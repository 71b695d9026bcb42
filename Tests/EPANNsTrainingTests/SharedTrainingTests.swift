import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Synchronization
import Testing

/// Training by several processes, with threads in their place; `MPITests` does the same with real ones.
@Suite struct SharedTrainingTests {
    private struct Run: Sendable {
        var losses: [Double] = []
        var evaluations: [Double] = []
        var weights: [String: Tensor] = [:]
        var iteration = 0
    }

    /// A run by so many processes, as the first one sees it; the others must end with the same weights.
    private func train(
        _ configuration: TrainingConfiguration, processes: Int, output: String? = nil, resumes: Bool = false,
        stopAfter: Int? = nil
    ) throws -> Run {
        let results = ThreadGroup.run(processes) { group in
            let run = Mutex(Run())
            let trainer = try Trainer(
                configuration, folder: output.map(RunFolder.init), resumes: resumes, communicator: group
            ) { event in
                run.withLock { run in
                    if case .step(let step) = event { run.losses.append(step.loss) }
                    if case .evaluation(let evaluation) = event { run.evaluations.append(evaluation.loss) }
                }
            }
            var asked = 0
            let outcome = try trainer.run {
                asked += 1
                // The last process alone hears of it.
                return stopAfter.map { asked > $0 } ?? false && group.rank == group.count - 1
            }
            let weights = try trainer.model().weights
            return run.withLock { run in
                run.weights = weights
                run.iteration = outcome.iteration
                return run
            }
        }
        let runs = try results.map { try $0.get() }
        for other in runs.dropFirst() {
            #expect(other.losses.isEmpty && other.evaluations.isEmpty, "only the first process reports")
            for (name, tensor) in runs[0].weights { #expect(other.weights[name]?.floats == tensor.floats, "\(name)") }
        }
        return runs[0]
    }

    /// The largest difference of any weight, relative to its tensor's largest.
    private func worstWeight(_ a: Run, _ b: Run) -> Float {
        a.weights.reduce(0) { found, entry in
            let values = entry.value.floats
            let scale = values.reduce(1e-3) { max($0, abs($1)) }
            return max(found, worst(values, b.weights[entry.key]?.floats ?? []) / scale)
        }
    }

    @Test(arguments: [2, 4]) func severalProcessesEqualOne(processes: Int) throws {
        try withTemporaryFolder { folder in
            try TinyTraining.write(to: folder)
            var configuration = TinyTraining.configuration(folder, iterations: 6)
            configuration.accumulation = 2
            let one = try train(configuration, processes: 1)
            let several = try train(configuration, processes: processes)
            #expect(one.losses.count == 6 && several.losses.count == 6 && one.evaluations.count == 3)
            #expect(several.evaluations.count == 3)
            let loss = zip(one.losses, several.losses).map { abs($0 - $1) }.max() ?? .infinity
            let weight = worstWeight(one, several)
            print("\(processes) processes and one: losses differ by \(loss), weights by \(weight)")
            // Sums of the same numbers in another order: some 1e-7 of the gradient a step, six steps of which each moves
            // the weights by less than their own size.
            #expect(loss < 1e-5 && weight < 1e-5)
            #expect(zip(one.evaluations, several.evaluations).allSatisfy { abs($0 - $1) < 1e-5 })
            // The comparison means something: the weights have moved.
            #expect(abs(one.losses[0] - one.losses[5]) > 1e-3)
        }
    }

    @Test func aStoppedRunGoesOnWithAnotherNumber() throws {
        try withTemporaryFolder { folder in
            try TinyTraining.write(to: folder)
            let configuration = TinyTraining.configuration(folder, iterations: 8)
            let straight = try train(configuration, processes: 2)
            let output = folder + "/run"
            let first = try train(configuration, processes: 4, output: output, stopAfter: 3)
            #expect(first.iteration == 3 && first.losses.count == 3)
            let rest = try train(configuration, processes: 2, output: output, resumes: true)
            #expect(rest.losses.count == 5)
            let loss = zip(straight.losses, first.losses + rest.losses).map { abs($0 - $1) }.max() ?? .infinity
            let weight = worstWeight(straight, rest)
            print("Stopped and resumed by other numbers of processes: losses differ by \(loss), weights by \(weight)")
            // As above.
            #expect(loss < 1e-5 && weight < 1e-5)
            let last = try Model.read(path: output + "/final.safetensors")
            for (name, tensor) in rest.weights { #expect(last.weights[name]?.floats == tensor.floats, "\(name)") }
        }
    }

    @Test func runningStatisticsAreTheMeanOfAll() throws {
        try withTemporaryFolder { folder in
            try TinyTraining.write(to: folder)
            var configuration = TinyTraining.configuration(folder, iterations: 2)
            configuration.freeze.patterns = []
            // `train` compares the weights of all processes, statistics included; here they have seen different clips.
            let run = try train(configuration, processes: 2, output: folder + "/run")
            let stored = try Model.read(path: folder + "/run/final.safetensors").weights
            let before = try Model.read(path: TinyModel.path).weights
            let name = "conv_block1.bn1.running_mean"
            #expect(stored[name]?.floats == run.weights[name]?.floats)
            #expect(stored[name]?.floats != before[name]?.floats)
        }
    }

    @Test func fewerClipsThanProcessesCanBeTestedOn() throws {
        try withTemporaryFolder { folder in
            // Two clips a fold, three processes.
            try TinyTraining.write(to: folder, clips: 4)
            var configuration = TinyTraining.configuration(folder, iterations: 1)
            configuration.batchSize = 3
            configuration.mixupAlpha = nil
            let one = try train(configuration, processes: 1)
            let three = try train(configuration, processes: 3)
            #expect(abs((one.evaluations.last ?? 0) - (three.evaluations.last ?? 1)) < 1e-5)
        }
    }

    @Test func whatCannotBeSharedIsRefused() throws {
        try withTemporaryFolder { folder in
            try TinyTraining.write(to: folder)
            let configuration = TinyTraining.configuration(folder, iterations: 1)
            func refusal(_ configurations: [TrainingConfiguration]) throws -> EPANNsError {
                let errors = ThreadGroup.run(configurations.count) { group in
                    failure { _ = try Trainer(configurations[group.rank], folder: nil, communicator: group) { _ in } }
                }
                return try #require(try errors[0].get())
            }
            let three = try refusal([configuration, configuration, configuration])
            #expect(three.message.contains("A batch of 4 cannot be shared out among 3"))
            var other = configuration
            other.seed += 1
            let seed = try refusal([configuration, other])
            #expect(seed.code == .invalidConfiguration)
            #expect(seed.message.contains("differ in settings or data"), "\(seed.message)")
        }
    }
}
