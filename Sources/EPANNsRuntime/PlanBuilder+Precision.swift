import COneDNN
import EPANNsCore
import EPANNsGraph

// Which layers compute in bfloat16. Sums of many products gain the most speed and lose the least accuracy: rounding
// errors average out, and arithmetic outweighs memory traffic. Short sums (depthwise and narrow pointwise convolutions,
// squeeze-excitations) gain next to nothing and lose digits, so they stay fp32 in a bf16 plan. On EfficientAT this
// takes the largest error of a score from 0.1 to 0.01 (Tools/reference/compare.py).
extension PlanBuilder {
    /// Products a sum needs for bf16 to pay.
    private static let minimumProductCount = 256

    /// Element type in which a convolution or linear layer multiplies.
    func elementType(of index: Int) -> dnnl_data_type_t {
        guard precision == .bf16 else { return dnnl_f32 }
        if productCount(index) >= Self.minimumProductCount { return dnnl_bf16 }
        // The first convolution of PANNs has one input channel; its large output goes straight into a bf16 layer,
        // and a conversion would cost more than the convolution.
        let isCheapInput = shapes[aliases[graph.nodes[index].inputs[0]]].channels == 1
        return isCheapInput && feedsBF16(index) ? dnnl_bf16 : dnnl_f32
    }

    /// Element type in which a layer's result is best kept for those who read it.
    func outputType(of index: Int) -> dnnl_data_type_t {
        guard precision == .bf16, !isOutput(index) else { return dnnl_f32 }
        return feedsBF16(index) ? dnnl_bf16 : dnnl_f32
    }

    /// Whether every reader, looking through norms, activations and window pools, multiplies in bf16.
    private func feedsBF16(_ index: Int) -> Bool {
        !consumers[index].isEmpty
            && consumers[index].allSatisfy { next in
                switch graph.nodes[next].operation {
                case .convolution, .linear: productCount(next) >= Self.minimumProductCount
                case .batchNorm, .activation, .pool, .add, .concatenate: feedsBF16(next)
                case .input, .transpose, .reduce, .multiply, .unflattenChannels, .dropout, .softmax, .parameter: false
                }
            }
    }

    private func productCount(_ index: Int) -> Int {
        let node = graph.nodes[index]
        let channels = shapes[aliases[node.inputs[0]]].channels
        switch node.operation.parameterLayout {
        case .kernel(let settings): return channels / settings.groups * settings.kernel.reduce(1, *)
        case .matrix: return channels
        case .norm, .value, .none: return 0
        }
    }
}

/// Rounds to bfloat16 so that the errors of neighbouring weights cancel.
///
/// Each weight takes on the rounding error of the one before it (error diffusion). Feature maps behind a ReLU are
/// positive and smooth, so that what a filter gives depends on sums of neighbouring weights more than on single ones.
/// On random-weight PANNs this lowers the error of the scores by a quarter and costs nothing at run time.
enum DiffusedRounding {
    /// Rounds `weights` in place; errors are carried along each filter of `filterSize` weights, not beyond.
    static func apply(_ weights: UnsafeMutableBufferPointer<Float>, filterSize: Int) {
        for start in stride(from: 0, to: weights.count, by: filterSize) {
            var carried: Float = 0
            for index in start..<start + filterSize {
                let wanted = weights[index] + carried
                let bits = wanted.bitPattern
                let rounded = Float(bitPattern: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) & 0xFFFF_0000)
                // An infinite or absent number has no error to carry.
                carried = rounded.isFinite ? wanted - rounded : 0
                weights[index] = rounded.isFinite ? rounded : weights[index]
            }
        }
    }
}
