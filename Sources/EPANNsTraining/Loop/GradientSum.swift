import EPANNsCore
import EPANNsGraph
import EPANNsProcesses

/// Adds up gradients: of several batches for one step, and of several processes.
///
/// Processes exchange when the backward pass is through, not during it. Two processes on one machine add up the 81
/// million gradients of CNN14 in 0.3 s and 5 million in 0.03 s (Open MPI 4.1, shared memory, two busy cores), where a step
/// takes seconds and keeps all cores busy: there is little to win. Over a slow network there may be; that needs a plan
/// that says when each gradient is done, and is left for then.
final class GradientSum {
    private let accumulation: Int
    private let store: ParameterStore
    private let communicator: any Communicator
    private let total: UnsafeMutableBufferPointer<Float>?
    private let team: Team

    init(accumulation: Int, _ plan: TrainingPlan, _ communicator: any Communicator) {
        self.accumulation = accumulation
        store = plan.store
        self.communicator = communicator
        team = Team(threads: plan.options.threads)
        total = accumulation > 1 ? ParameterStore.zeros(plan.store.trainableCount) : nil
    }

    deinit { total?.deallocate() }

    var byteCount: Int { (total?.count ?? 0) * 4 }

    func begin() { total?.update(repeating: 0) }

    /// Takes the plan's gradients in, which the next batch will overwrite.
    func add() {
        guard let total = total?.baseAddress, let gradients = store.gradients.baseAddress else { return }
        team.run(store.trainableCount, grain: 16) { range in
            for index in range { total[index] += gradients[index] }
        }
    }

    /// Leaves the sum over batches and processes in the plan's gradients.
    ///
    /// - Returns: The mean loss of all processes.
    func finish(loss: Double) throws -> Double {
        if let total { _ = store.gradients.update(fromContentsOf: total) }
        guard communicator.count > 1 else { return loss }
        try communicator.sum(UnsafeMutableBufferPointer(rebasing: store.gradients[..<store.trainableCount]))
        let losses = try communicator.gather(withUnsafeBytes(of: loss.bitPattern) { Array($0) })
        return losses.reduce(0) { sum, bytes in
            sum + Double(bitPattern: bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) })
        } / Double(communicator.count)
    }
}

extension Communicator {
    /// Gives all processes the mean of their running statistics.
    ///
    /// Each process normalises with the statistics of its own clips, as PyTorch's DistributedDataParallel does. The mean
    /// of moving averages is the moving average of the means, so it does not matter how often this happens.
    func average(_ store: ParameterStore) throws {
        guard count > 1 else { return }
        for name in store.statistics.keys.sorted() {
            guard let values = store.statistics[name] else { continue }
            try sum(values)
            for index in values.indices { values[index] /= Float(count) }
        }
    }
}

extension ParameterStore {
    func statisticsCopy() -> [String: [Float]] { statistics.mapValues(Array.init) }

    func restoreStatistics(_ copy: [String: [Float]]) {
        for (name, values) in copy { _ = statistics[name]?.update(fromContentsOf: values) }
    }
}
