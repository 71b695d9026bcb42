import EPANNsCore
import EPANNsGraph

/// What a network takes on this machine for a clip: time for each arithmetic and number of threads, and memory.
///
/// Network only, from the network's input to scores. No checkpoint is needed: the time does not depend on the weights,
/// so zeros stand in for them. Test: `NetworkTimingTests`.
public struct NetworkTiming: Codable, Hashable, Sendable {
    /// A way to run a network.
    public struct Way: Codable, Hashable, Sendable {
        /// Arithmetic of the inner layers.
        public var precision: Precision
        /// Threads of one run.
        public var threads: Int

        /// Names a way.
        public init(precision: Precision, threads: Int) {
            self.precision = precision
            self.threads = threads
        }
    }

    /// What was measured of a way.
    public struct Row: Codable, Hashable, Sendable {
        /// How the network ran.
        public var way: Way
        /// How long each run took.
        public var times: RunTimes
        /// Bytes at the peak of compiling and running, besides the program and the model's file: weights as the kernels
        /// want them, and the activations of one clip; nil where the system does not count them.
        public var peakByteCount: Int?
    }

    /// A row for each way, in their order.
    public var rows: [Row]

    /// Compiles a network in each way and runs them in turns (A B C A B C …), so that a machine that is busy for a while
    /// is busy for all; two runs a turn, of which the first finds its weights out of the cache, and a turn before that is
    /// thrown away.
    ///
    /// - Parameters:
    ///   - graph: The network.
    ///   - extent: The clip's length as the network's inputs see it.
    ///   - ways: How to run; arithmetic that this CPU lacks is an error.
    ///   - turns: Turns that count, at least 1.
    /// - Throws: `EPANNsError` as ``InferenceNetwork/plan(for:)``; `invalidConfiguration` for fewer turns or threads than 1.
    public init(_ graph: ModelGraph, extent: ClipExtent, ways: [Way], turns: Int) throws {
        guard turns > 0, ways.allSatisfy({ $0.threads > 0 }) else {
            throw EPANNsError(.invalidConfiguration, "Turns and threads of a measurement must be at least 1.")
        }
        let weights = try graph.zeroWeights()
        // Something like log-mels in dB; silence could be faster.
        let input = (0..<graph.rowCount(extent)).map { Float($0 * 37 % 101) / 2 - 60 }
        var plans: [InferencePlan] = []
        var rows: [Row] = []
        for way in ways {
            try way.precision.checkSupport()
            // Weights that no other way has packed, or the memory would look smaller than it is.
            let (plan, peak) = try ProcessMemory.peak {
                let plan = try InferencePlan(
                    graph: graph, weights: weights, shape: .init(extent),
                    options: .init(precision: way.precision, threads: way.threads), packed: PackedWeights())
                _ = try plan.run(input)
                return plan
            }
            plans.append(plan)
            rows.append(Row(way: way, times: RunTimes(), peakByteCount: peak))
        }
        for turn in 0...turns {
            for index in plans.indices {
                for _ in 0..<Self.runsPerTurn {
                    if turn == 0 {
                        _ = try plans[index].run(input)
                    } else {
                        try rows[index].times.measure { _ = try plans[index].run(input) }
                    }
                }
            }
        }
        self.rows = rows
    }

    private static let runsPerTurn = 2

    /// The quickest way, by its fastest run.
    public var fastest: Row? { rows.min { $0.times.minimum < $1.times.minimum } }
}

extension ModelGraph {
    /// Tensors of the network's shapes that share one stretch of zeros.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a count would overflow.
    package func zeroWeights() throws -> [String: Tensor] {
        let specs = parameterSpecs.filter { $0.role == .trainable || $0.role == .buffer }
        let storage = TensorStorage(byteCount: specs.map(\.byteCount).max() ?? 0) {
            _ = $0.initializeMemory(as: UInt8.self, repeating: 0)
        }
        var weights: [String: Tensor] = [:]
        for spec in specs {
            weights[spec.name] = try Tensor(shape: spec.shape, dataType: .float32, storage: storage)
        }
        return weights
    }
}
