import EPANNsCore
import EPANNsData
import Foundation

/// One clip of a batch that is to be made.
struct BatchUnit: Sendable {
    /// Index in the data set.
    var clip: Int
    var location: WaveformCache.Location
    /// First sample to be read, where that is fixed.
    var start = 0
    /// Position in the global batch, whatever shard makes it.
    var position: Int
}

/// What a batch shall hold; decided in order, made in any order.
struct BatchPlan: Sendable {
    var iteration: Int
    var units: [BatchUnit]
    /// Samples of each clip.
    var sampleCount: Int
    var lambdas: [Double] = []
    /// The loader's state once this batch is consumed.
    var stateAfter: BatchLoader.State?
}

/// Makes batches ahead of their consumer on worker threads, clip by clip, and gives them in order.
///
/// `@unchecked Sendable`: everything that changes is touched with the condition's lock held. Tests: `BatchLoaderTests`.
final class BatchPipeline: @unchecked Sendable {
    /// A batch in the making.
    final class Slot {
        let plan: BatchPlan
        let loan: BatchLoan
        fileprivate(set) var stripes: [SpecAugmentStripes?]
        fileprivate var claimed = 0
        fileprivate var finished = 0
        fileprivate var failure: (unit: Int, error: any Error)?

        fileprivate init(_ plan: BatchPlan, _ loan: BatchLoan) {
            self.plan = plan
            self.loan = loan
            stripes = .init(repeating: nil, count: plan.units.count)
        }
    }

    /// What workers do with one clip.
    typealias Work = @Sendable (BatchPlan, Int, BatchStorage, ClipScratch) throws -> SpecAugmentStripes?

    private let condition = NSCondition()
    private let depth: Int
    /// Called with the lock held, so it needs no lock of its own.
    private let draw: () -> BatchPlan?
    private let lend: @Sendable (BatchPlan) -> BatchLoan
    private let work: Work
    private var slots: [Slot] = []
    private var isEnded = false
    private var isStopped = false
    private var failure: (any Error)?
    private var threads: WorkerThreads?

    /// Starts the workers.
    init(
        workerCount: Int, depth: Int, draw: @escaping () -> BatchPlan?,
        lend: @escaping @Sendable (BatchPlan) -> BatchLoan, work: @escaping Work
    ) {
        self.depth = depth
        self.draw = draw
        self.lend = lend
        self.work = work
        threads = WorkerThreads(count: workerCount, name: "batches") { self.run() }
    }

    /// Ends the workers and waits for them; they finish the clip that they are at.
    func stop() {
        condition.lock()
        isStopped = true
        condition.broadcast()
        condition.unlock()
        threads?.join()
        threads = nil
        slots = []
    }

    /// The next batch, complete; nil at the end.
    ///
    /// - Throws: What the work on its clips threw, that of the first clip in order; then always the same.
    func next() throws -> Slot? {
        condition.lock()
        defer { condition.unlock() }
        if let failure { throw failure }
        while true {
            if let first = slots.first, first.finished == first.plan.units.count { break }
            if slots.isEmpty, isEnded { return nil }
            condition.wait()
        }
        let slot = slots.removeFirst()
        if let error = slot.failure?.error {
            failure = error
            throw error
        }
        condition.broadcast()
        return slot
    }

    private func run() {
        let scratch = ClipScratch()
        condition.lock()
        defer { condition.unlock() }
        while let (slot, unit) = claim() {
            condition.unlock()
            let result = Result { try work(slot.plan, unit, slot.loan.storage, scratch) }
            condition.lock()
            switch result {
            case .success(let stripes): slot.stripes[unit] = stripes
            case .failure(let error):
                if unit < slot.failure?.unit ?? .max { slot.failure = (unit, error) }
            }
            slot.finished += 1
            if slot.finished == slot.plan.units.count { condition.broadcast() }
        }
    }

    /// The next clip to be made, in the order of batches; nil once the workers are stopped.
    ///
    /// Waits while there is none.
    private func claim() -> (slot: Slot, unit: Int)? {
        while !isStopped {
            if let slot = slots.first(where: { $0.claimed < $0.plan.units.count }) {
                slot.claimed += 1
                return (slot, slot.claimed - 1)
            }
            if slots.count < depth, !isEnded {
                if let plan = draw() {
                    slots.append(Slot(plan, lend(plan)))
                    // The others have work too.
                    condition.broadcast()
                } else {
                    isEnded = true
                    condition.broadcast()
                }
            } else {
                condition.wait()
            }
        }
        return nil
    }
}

/// A worker's room for the waveform that it is at.
final class ClipScratch {
    private var memory = UnsafeMutableBufferPointer<Float>(start: nil, count: 0)

    deinit { memory.deallocate() }

    func waveform(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
        if memory.count < count {
            memory.deallocate()
            memory = .allocate(capacity: count)
            memory.initialize(repeating: 0)
        }
        return UnsafeMutableBufferPointer(rebasing: memory[..<count])
    }
}
