import EPANNsCore
import EPANNsGraph
import EPANNsModels

/// Weights of any graph from a seed; see `ModelGraph.randomWeights`.
package func seededWeights(_ graph: ModelGraph, seed: UInt64 = 7) -> [String: Tensor] {
    graph.randomWeights(seed: seed)
}
