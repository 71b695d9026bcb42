import EPANNsGraph
import Synchronization

/// Constants of one network in the layouts that its plans want.
package struct PackedWeightStore: Sendable {
    let weights = PackedWeights()
    package init() {}
    package var byteCount: Int { weights.byteCount }
}

/// A graph with its weights, ready to run clips of any length: compiles a plan for each input shape and keeps the most
/// recent ones.
public final class InferenceNetwork: Sendable {
    /// The network.
    public let graph: ModelGraph
    /// How plans are compiled.
    public let options: InferencePlan.Options

    private let weights: [String: Tensor]
    private let packed = PackedWeightStore()
    private let capacity: Int
    private let plans = Mutex<[InferencePlan]>([])

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
    /// - Throws: As ``InferencePlan``.
    public func plan(for shape: InferencePlan.InputShape) throws -> InferencePlan {
        let kept: InferencePlan? = plans.withLock { plans in
            guard let index = plans.firstIndex(where: { $0.inputShape == shape }) else { return nil }
            let plan = plans.remove(at: index)
            plans.append(plan)
            return plan
        }
        if let kept { return kept }
        // Outside the lock: workers that need other shapes go on meanwhile.
        let plan = try InferencePlan(graph: graph, weights: weights, shape: shape, options: options, packed: packed)
        plans.withLock { plans in
            plans.append(plan)
            if plans.count > capacity { plans.removeFirst() }
        }
        return plan
    }

    /// Bytes of the packed weights.
    public var weightByteCount: Int { packed.byteCount }
}
