import EPANNsCore
import EPANNsGraph
import Synchronization

/// A graph with its weights, ready to run clips of any length: compiles a plan for each input shape and keeps the most
/// recent ones.
public final class InferenceNetwork: Sendable {
    /// The network.
    public let graph: ModelGraph
    /// How plans are compiled.
    public let options: InferencePlan.Options

    private let weights: [String: Tensor]
    private let packed = PackedWeights()
    private let capacity: Int
    private let kept = Mutex<[Slot]>([])

    /// The place of one shape's plan, which the first who needs it compiles while the others wait.
    private final class Slot: Sendable {
        let shape: InferencePlan.InputShape
        let plan = Mutex<InferencePlan?>(nil)

        init(_ shape: InferencePlan.InputShape) { self.shape = shape }
    }

    /// Prepares a network; nothing is compiled yet.
    ///
    /// - Parameters:
    ///   - graph: The network.
    ///   - weights: The checkpoint's tensors by name.
    ///   - options: Arithmetic and threads.
    ///   - planCapacity: Number of shapes whose plans are kept.
    public init(
        graph: ModelGraph, weights: [String: Tensor], options: InferencePlan.Options = .init(), planCapacity: Int = 4
    ) {
        self.graph = graph
        self.weights = weights
        self.options = options
        capacity = max(1, planCapacity)
    }

    /// The plan for a shape, compiled when it is not kept.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the shape is empty or no thread may run,
    ///   `invalidAudio` when the clip is too short, `checkpointMismatch` when a tensor is missing, `backendFailure` when
    ///   oneDNN refuses.
    public func plan(for shape: InferencePlan.InputShape) throws -> InferencePlan {
        guard shape.batch > 0, graph.rowCount(shape.extent) > 0 else {
            throw EPANNsError(
                .invalidConfiguration,
                "A plan needs at least one clip and something to hear, not \(shape.batch) × \(shape.extent).")
        }
        guard options.threads > 0 else {
            throw EPANNsError(
                .invalidConfiguration, "The number of threads must be at least 1, but is \(options.threads).")
        }
        let slot = kept.withLock { kept in
            let slot: Slot
            if let index = kept.firstIndex(where: { $0.shape == shape }) {
                slot = kept.remove(at: index)
            } else {
                slot = Slot(shape)
            }
            kept.append(slot)
            if kept.count > capacity { kept.removeFirst() }
            return slot
        }
        // Only those who need the same shape wait here.
        return try slot.plan.withLock { plan in
            if let plan { return plan }
            var options = options
            options.threads = ThreadPolicy.threads(
                options.threads, for: graph, extent: shape.extent, batch: shape.batch)
            let compiled = try InferencePlan(
                graph: graph, weights: weights, shape: shape, options: options, packed: packed)
            plan = compiled
            return compiled
        }
    }
}
