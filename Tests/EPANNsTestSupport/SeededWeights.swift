import EPANNsCore
import EPANNsGraph

/// Weights of any graph from a seed, scaled so that nothing dies on the way through many ReLUs.
package func seededWeights(_ graph: ModelGraph, seed: UInt64 = 7) -> [String: Tensor] {
    var state = seed
    func random(_ range: ClosedRange<Float>) -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return range.lowerBound + (range.upperBound - range.lowerBound) * Float(state >> 40) * 0x1p-24
    }
    var weights: [String: Tensor] = [:]
    for spec in graph.parameterSpecs where !spec.isOptional {
        let range: ClosedRange<Float> =
            switch spec.initialization {
            // He-uniform.
            case .xavierUniform(let fanIn, _): -(6 / Float(fanIn)).squareRoot()...(6 / Float(fanIn)).squareRoot()
            case .zeros: -0.1...0.1
            case .ones, .frontEnd: 0.8...1.2
            }
        weights[spec.name] = Tensor(shape: spec.shape, values: (0..<spec.count).map { _ in random(range) })
    }
    return weights
}
