import EPANNsCore
import EPANNsGraph

/// Where a network can be cut in two: a frozen part that is run once, and the rest that is trained.
package enum EmbeddingCut {
    /// The last node before anything that is trained, whose result is all that the rest reads.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when the network's beginning is trained.
    package static func node(of graph: ModelGraph, _ freeze: FreezeSelection) throws -> String {
        guard let logits = graph.outputs[.logits] else { preconditionFailure("a graph has logits") }
        let isTrained = graph.nodes.indices.map { node in
            graph.parameterSpecs(of: node).contains { $0.role == .trainable && !freeze.contains($0.name) }
        }
        let first = isTrained.firstIndex(of: true) ?? logits
        let shapes = try graph.shapes(graph.extent(sampleCount: graph.minimumSampleCount))
        // A map is as long as its clip; only vectors make a table.
        for cut in (1..<max(first, 1)).reversed() where shapes[cut].spatial.isEmpty {
            // Nothing behind the cut may read what lies before it, and a dropout belongs to what is trained.
            let bypassed = graph.nodes[(cut + 1)...logits].contains { $0.inputs.contains { $0 < cut } }
            if case .dropout = graph.nodes[cut].operation { continue }
            if !bypassed { return graph.nodes[cut].name }
        }
        throw EPANNsError(
            .invalidConfiguration,
            "Embeddings can be cached only if everything before the last, linear layers is frozen.",
            remedy: .freezeAllBut(layer: graph.classifier(of: logits)))
    }

    /// The network up to a node, whose result becomes every output.
    package static func truncated(_ graph: ModelGraph, at name: String) throws -> ModelGraph {
        guard let cut = graph.nodes.firstIndex(where: { $0.name == name }) else {
            preconditionFailure("the cut is one of the graph's nodes")
        }
        var result = graph
        result.nodes = Array(graph.nodes[...cut])
        result.outputs = [.scores: cut, .logits: cut, .embedding: cut]
        return result
    }
}
