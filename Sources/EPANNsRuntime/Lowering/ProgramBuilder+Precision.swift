import COneDNN
import EPANNsGraph

// Which layers compute in bfloat16.
//
// In training all maps, and the convolutions on them, as with PyTorch's autocast; vectors stay Float32.
//
// In inference sums of many products gain the most speed and lose the least accuracy: rounding errors average out, and
// arithmetic outweighs memory traffic. Short sums (depthwise and narrow pointwise convolutions, squeeze-excitations) gain
// next to nothing and lose digits, so they stay fp32 in a bf16 plan. On EfficientAT this takes the largest error of a
// score from 0.1 to 0.01 (Tools/reference/compare.py).
extension ProgramBuilder {
    /// Products a sum needs for bf16 to pay.
    private static let minimumProductCount = 256

    /// Element type in which a convolution or linear layer multiplies.
    func elementType(of index: Int) -> dnnl_data_type_t {
        guard mode.precision == .bf16 else { return dnnl_f32 }
        if mode.isTraining { return shapes[index].spatial.isEmpty ? dnnl_f32 : dnnl_bf16 }
        if productCount(index) >= Self.minimumProductCount { return dnnl_bf16 }
        // The first convolution of PANNs has one input channel; its large output goes straight into a bf16 layer,
        // and a conversion would cost more than the convolution.
        let isCheapInput = shapes[use.source(index)].channels == 1
        return isCheapInput && feedsBF16(index) ? dnnl_bf16 : dnnl_f32
    }

    /// Element type in which a layer's result, or that of the last operation fused into it, is best kept for its readers.
    func outputType(of index: Int, last: Int) -> dnnl_data_type_t {
        let type = elementType(of: index)
        guard type == dnnl_bf16, !mode.isTraining else { return type }
        return !use.isOutput(last) && feedsBF16(last) ? dnnl_bf16 : dnnl_f32
    }

    /// Element type in which an attention multiplies.
    ///
    /// In training Float32: what the backward pass computes anew is then what the forward pass did.
    var attentionType: dnnl_data_type_t { mode.precision == .bf16 && !mode.isTraining ? dnnl_bf16 : dnnl_f32 }

    /// Element type of what pooling leaves of a map when no axis is left.
    func vectorType(_ source: Value) -> dnnl_data_type_t { mode.isTraining ? dnnl_f32 : source.layout.dataType }

    /// Whether every reader, looking through norms, activations and window pools, multiplies in bf16.
    private func feedsBF16(_ index: Int) -> Bool {
        !use.consumers[index].isEmpty
            && use.consumers[index].allSatisfy { next in
                switch graph.nodes[next].operation {
                case .convolution, .linear: productCount(next) >= Self.minimumProductCount
                case .attention: true
                case .batchNorm, .activation, .pool, .add, .concatenate: feedsBF16(next)
                // Sums of squares and what residual sums add to stay exact.
                case .input, .transpose, .reduce, .multiply, .unflattenChannels, .dropout, .softmax, .parameter,
                    .layerNorm, .flatten, .join, .first, .poolDecisions:
                    false
                }
            }
    }

    private func productCount(_ index: Int) -> Int {
        switch graph.nodes[index].operation.parameterLayout {
        case .kernel(let settings):
            shapes[use.source(index)].channels / settings.groups * settings.kernel.reduce(1, *)
        case .matrix: shapes[use.source(index)].channels
        case .norm, .affine, .value, .none: 0
        }
    }
}
