import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

extension Model {
    /// Adds the tensors of PANNs' front end that the model does not hold: STFT kernels and mel bank.
    ///
    /// Nothing here reads the kernels, which follow from the configuration, but PyTorch's classes load a state dict
    /// strictly only with them. Kernels are the real and imaginary parts of the Fourier transform times the periodic Hann
    /// window, shape (bins, 1, samples), as torchlibrosa's `STFT` makes them; computed in Float64 and rounded once. A
    /// model of EfficientAT has no such tensors.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    ///
    /// Parity: `TransformKernelTests`; `Tools/reference/strict_load.py` compares scores.
    public mutating func addTransformKernels() throws {
        let graph = try graph()
        let frontEnd = graph.input
        try frontEnd.validate()
        var tensors: [String: Tensor] = [:]
        for spec in graph.frontEndSpecs where weights[spec.name] == nil {
            let values =
                spec.name.hasSuffix("melW")
                ? try MelFilterBank(frontEnd).weights
                : Self.transformKernel(frontEnd, isImaginary: spec.name.contains("conv_imag"))
            tensors[spec.name] = Tensor(shape: spec.shape, values: values)
        }
        add(derived: tensors)
    }

    private static func transformKernel(_ frontEnd: FrontEndConfiguration, isImaginary: Bool) -> [Float] {
        let (count, size) = (frontEnd.fftSize, frontEnd.windowSize)
        // Shorter windows lie in the middle.
        let first = (count - size) / 2
        return (0..<frontEnd.binCount).flatMap { bin in
            (0..<count).map { sample in
                guard sample >= first, sample < first + size else { return 0 }
                let window = 0.5 - 0.5 * cos(2 * .pi * Double(sample - first) / Double(size))
                let angle = -2 * .pi * Double(bin * sample % count) / Double(count)
                return Float(window * (isImaginary ? sin(angle) : cos(angle)))
            }
        }
    }
}
