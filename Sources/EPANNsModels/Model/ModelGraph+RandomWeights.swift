import EPANNsCore
import EPANNsGraph

extension ModelGraph {
    /// Random weights for tests and for timing: every layer does something, and tags mean nothing.
    ///
    /// Filters are uniform in ±√(6 / fanIn) (He et al. 2015), so that activations keep their size through any number of
    /// ReLUs: other weights make them die or explode, and denormal numbers would be timed. Scales and variances lie near
    /// one, shifts and means near zero. What a checkpoint may lack is left out. For a network to train take
    /// `Model.random` of EPANNsTraining. Test: `RandomWeightsTests`.
    ///
    /// - Parameters:
    ///   - seed: Equal seeds give equal weights on every machine.
    ///   - inputNorm: A batch norm that gets statistics near those of a spectrogram in dB, such as `bn0`.
    /// - Returns: Float32 tensors by name.
    public func randomWeights(seed: UInt64, inputNorm: String? = nil) -> [String: Tensor] {
        // Knuth's linear congruential generator (MMIX); its upper bits are good enough.
        var state = seed
        func random(_ range: ClosedRange<Float>) -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return range.lowerBound + (range.upperBound - range.lowerBound) * Float(state >> 40) * 0x1p-24
        }
        var weights: [String: Tensor] = [:]
        for spec in parameterSpecs where !spec.isOptional {
            let range: ClosedRange<Float> =
                switch spec.initialization {
                case _ where inputNorm.map { spec.name == $0 + ".running_mean" } ?? false: -40 ... -20
                case _ where inputNorm.map { spec.name == $0 + ".running_var" } ?? false: 300...500
                case .xavierUniform(let fanIn, _): -(6 / Float(fanIn)).squareRoot()...(6 / Float(fanIn)).squareRoot()
                case .zeros: -0.1...0.1
                case .ones, .frontEnd: 0.8...1.2
                }
            weights[spec.name] = Tensor(shape: spec.shape, values: (0..<spec.count).map { _ in random(range) })
        }
        return weights
    }
}
