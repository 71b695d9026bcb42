import COneDNN
import EPANNsGraph

/// What differs between a program for inference and one for training, each for a reason of its own.
///
/// Everything else is the same for both: ``ProgramBuilder`` and one file an operation.
package struct LoweringMode {
    /// Where weights come from.
    enum Weights {
        /// The checkpoint's tensors, with norms folded in and rounding errors spread, packed once for all programs.
        case packed(PackedWeights)
        /// Master weights in Float32 with a gradient beside each, which change from run to run.
        case store(ParameterStore)
    }

    /// A dropout layer that drops.
    package struct Dropout {
        /// Number of the layer among those that drop, which names its random streams.
        package var layer: Int
        package var rate: Float
        package var batch: Int
        /// Stored elements of a clip, which are one stretch in every layout.
        package var elementsPerClip: Int
        /// Whether elements are bfloat16.
        package var isHalf: Bool

        /// Zeroes elements of a buffer and scales the others, into another buffer or the same one; the same elements
        /// whenever it is called in one run.
        package typealias Kernel = (_ context: KernelContext, _ source: Int, _ target: Int) -> Void
    }

    /// When a convolution is done by Winograd's F(4×4, 3×3), which has a quarter of the multiplications.
    struct Winograd {
        /// Most bytes of transformed weights, which are four times the plain ones.
        var weightByteLimit: Int
        /// Fewest input channels and filters.
        var minimumInputs: Int
        var minimumFilters: Int
        /// Smallest extent of the output.
        var minimumExtent: Int
        /// Whether it comes before exchanging height and width, which narrow maps would like.
        var keepsOrientation: Bool
    }

    let weights: Weights
    let precision: Precision
    let winograd: Winograd?
    /// Whether a tensor is trained, by state-dict key.
    let isTrained: (String) -> Bool
    /// Whether a batch norm keeps its stored statistics and normalises with them, by the operation's name.
    let keepsStatistics: (String) -> Bool
    /// What makes the kernel of a dropout layer; nil where nothing is dropped.
    let dropout: ((Dropout) -> Dropout.Kernel)?

    /// Constants folded and packed, operations fused, memory used again as soon as it is free.
    ///
    /// - Parameter allowsWinograd: Whether fp32 convolutions may use Winograd's algorithm, which rounds differently.
    package static func inference(
        _ packed: PackedWeights, precision: Precision, allowsWinograd: Bool
    ) -> LoweringMode {
        // oneDNN's pads the input to 16 channels: on the single one of a spectrogram it takes ten times as long as a
        // direct convolution (measured on Zen 4, see Benchmarks).
        let winograd = Winograd(
            weightByteLimit: 48 << 20, minimumInputs: 2, minimumFilters: 1, minimumExtent: 4, keepsOrientation: false)
        return LoweringMode(
            weights: .packed(packed), precision: precision,
            winograd: allowsWinograd && Precision.hasWinograd ? winograd : nil, isTrained: { _ in false },
            keepsStatistics: { _ in true }, dropout: nil)
    }

    /// Forward and backward on master weights; what the backward pass reads is kept.
    package static func training(
        _ store: ParameterStore, precision: Precision, allowsWinograd: Bool,
        isTrained: @escaping (String) -> Bool, keepsStatistics: @escaping (String) -> Bool,
        dropout: ((Dropout) -> Dropout.Kernel)?
    ) -> LoweringMode {
        // In all three passes. Measured on Zen 4 with batches of 8 (see Benchmarks): 2 to 3 times as fast on maps of
        // 31×4 and larger. At 15×2 it gains a quarter only, and the transformed weights of 2048×2048 take 0.6 GB; on a
        // single input channel it loses.
        let winograd = Winograd(
            weightByteLimit: 160 << 20, minimumInputs: 16, minimumFilters: 16, minimumExtent: 1, keepsOrientation: true)
        return LoweringMode(
            weights: .store(store), precision: precision,
            winograd: allowsWinograd && Precision.hasWinograd ? winograd : nil, isTrained: isTrained,
            keepsStatistics: keepsStatistics, dropout: dropout)
    }

    var isTraining: Bool {
        switch weights {
        case .packed: false
        case .store: true
        }
    }

    var propagation: dnnl_prop_kind_t { isTraining ? dnnl_forward_training : dnnl_forward_inference }
}
