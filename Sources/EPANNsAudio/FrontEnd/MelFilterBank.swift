import EPANNsCore
import EPANNsGraph
import Foundation

/// Triangular filters that gather the bins of a power spectrum into mel bands.
///
/// Built in Float64 and rounded once to Float32. librosa from 0.7 on builds its bank in Float32, older ones in
/// Float64, so a stored bank may differ in the last place (SPEC §1.3).
public struct MelFilterBank: Sendable, Hashable {
    /// Number of one-sided frequency bins, `fftSize / 2 + 1`.
    public let binCount: Int
    /// Number of mel bands.
    public let melBands: Int
    /// The weights, row-major, shape `(bins, mels)`, as PANNs' `logmel_extractor.melW` is stored.
    public let weights: [Float]
    /// Band edges in Hz, `melBands + 2` of them; empty for a bank that was not built from frequencies.
    package let edgesHz: [Double]

    /// Wraps stored weights.
    ///
    /// - Parameters:
    ///   - tensor: Shape `(bins, mels)`.
    ///   - binCount: Number of bins that the front end has.
    ///   - melBands: Number of bands that it wants.
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when the shape is another one or a weight
    ///   is not finite.
    public init(tensor: Tensor, binCount: Int, melBands: Int) throws {
        guard tensor.shape == [binCount, melBands] else {
            throw EPANNsError(
                .checkpointMismatch,
                "The stored mel filter bank has shape \(tensor.shape), but the front end needs "
                    + "[\(binCount), \(melBands)]; the checkpoint belongs to another front end.")
        }
        weights = tensor.floats
        guard weights.allSatisfy(\.isFinite) else {
            throw EPANNsError(
                .checkpointMismatch,
                "The stored mel filter bank has values that are not finite; the checkpoint is damaged.")
        }
        self.binCount = binCount
        self.melBands = melBands
        edgesHz = []
    }

    /// The bank a configuration asks for: Slaney's for PANNs, Kaldi's for EfficientAT and AST.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public init(_ configuration: FrontEndConfiguration) throws {
        try configuration.validate()
        let make =
            switch configuration.recipe.melBank {
            case .slaney: Self.slaney
            case .kaldi: Self.kaldi
            }
        self = make(
            configuration.sampleRate, configuration.fftSize, configuration.melBands, configuration.minimumFrequencyHz,
            configuration.maximumFrequencyHz)
    }

    /// Slaney's bank: triangles linear in Hz, each of unit area; mel linear below 1 kHz, logarithmic above.
    ///
    /// - Parameters:
    ///   - sampleRate: In Hz.
    ///   - fftSize: Length of the Fourier transform, in samples.
    ///   - melBands: Number of bands.
    ///   - minimumFrequencyHz: Lower edge of the lowest band.
    ///   - maximumFrequencyHz: Upper edge of the highest band.
    ///
    /// Source: librosa `filters.mel(htk=False, norm="slaney")`, SPEC §1.3. Parity: `MelFilterBankTests`.
    public static func slaney(
        sampleRate: Int, fftSize: Int, melBands: Int, minimumFrequencyHz: Double, maximumFrequencyHz: Double
    ) -> MelFilterBank {
        let hzPerMel = 200.0 / 3
        let breakHz = 1000.0
        let breakMel = breakHz / hzPerMel
        let logStep = log(6.4) / 27
        func mel(_ hz: Double) -> Double { hz < breakHz ? hz / hzPerMel : breakMel + log(hz / breakHz) / logStep }
        func hz(_ mel: Double) -> Double {
            mel < breakMel ? mel * hzPerMel : breakHz * exp(logStep * (mel - breakMel))
        }
        let (low, high) = (mel(minimumFrequencyHz), mel(maximumFrequencyHz))
        let edges = (0..<melBands + 2).map { hz(low + (high - low) * Double($0) / Double(melBands + 1)) }
        let bins = fftSize / 2 + 1
        var weights = [Float](repeating: 0, count: bins * melBands)
        for bin in 0..<bins {
            let frequency = Double(bin) * Double(sampleRate) / Double(fftSize)
            for band in 0..<melBands {
                let (left, centre, right) = (edges[band], edges[band + 1], edges[band + 2])
                let rise = (frequency - left) / (centre - left)
                let fall = (right - frequency) / (right - centre)
                weights[bin * melBands + band] = Float(max(0, min(rise, fall)) * 2 / (right - left))
            }
        }
        return MelFilterBank(binCount: bins, melBands: melBands, weights: weights, edgesHz: edges)
    }

    /// Kaldi's bank: triangles of height 1, linear in `1127·ln(1 + f/700)`; the Nyquist bin has weight 0.
    ///
    /// - Parameters:
    ///   - sampleRate: In Hz.
    ///   - fftSize: Length of the Fourier transform, in samples.
    ///   - melBands: Number of bands; narrow ones may contain no bin at all.
    ///   - minimumFrequencyHz: Lower edge of the lowest band.
    ///   - maximumFrequencyHz: Upper edge of the highest band.
    ///
    /// Source: `torchaudio.compliance.kaldi.get_mel_banks`, SPEC §2.9 and §2.11. Parity: `MelFilterBankTests`.
    public static func kaldi(
        sampleRate: Int, fftSize: Int, melBands: Int, minimumFrequencyHz: Double, maximumFrequencyHz: Double
    ) -> MelFilterBank {
        func mel(_ hz: Double) -> Double { 1127 * log(1 + hz / 700) }
        let (low, high) = (mel(minimumFrequencyHz), mel(maximumFrequencyHz))
        let step = (high - low) / Double(melBands + 1)
        let bins = fftSize / 2 + 1
        var weights = [Float](repeating: 0, count: bins * melBands)
        for bin in 0..<bins - 1 {
            let position = mel(Double(bin) * Double(sampleRate) / Double(fftSize))
            for band in 0..<melBands {
                let left = low + Double(band) * step
                let (centre, right) = (left + step, left + 2 * step)
                weights[bin * melBands + band] = Float(
                    max(0, min((position - left) / (centre - left), (right - position) / (right - centre))))
            }
        }
        let edges = (0..<melBands + 2).map { 700 * (exp((low + Double($0) * step) / 1127) - 1) }
        return MelFilterBank(binCount: bins, melBands: melBands, weights: weights, edgesHz: edges)
    }

    private init(binCount: Int, melBands: Int, weights: [Float], edgesHz: [Double]) {
        self.binCount = binCount
        self.melBands = melBands
        self.weights = weights
        self.edgesHz = edgesHz
    }
}
