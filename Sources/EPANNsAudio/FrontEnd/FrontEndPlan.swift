import EPANNsCore
import EPANNsGraph
import Foundation

/// What every frame needs and none changes: window, filter bank, and the constants of the logarithm.
final class FrontEndPlan: Sendable {
    let configuration: FrontEndConfiguration
    let projection: MelProjection
    private let window: AlignedFloats
    private let windowStart: Int

    init(configuration: FrontEndConfiguration, bank: MelFilterBank) {
        self.configuration = configuration
        projection = MelProjection(bank)
        let size = configuration.windowSize
        // Periodic for PANNs, symmetric for EfficientAT (SPEC §1.2 and §2.11).
        let period = Double(configuration.kind == .panns ? size : max(1, size - 1))
        // Half the window, as the power spectrum wants its input.
        window = AlignedFloats((0..<size).map { Float(0.25 - 0.25 * cos(2 * .pi * Double($0) / period)) })
        windowStart = (configuration.fftSize - size) / 2
    }

    /// Samples on either side of a frame's centre.
    var half: Int { configuration.fftSize / 2 }

    /// Computes one row.
    ///
    /// - Parameters:
    ///   - samples: The frame's `fftSize` samples.
    ///   - row: Room for `melBands` values.
    @inline(__always)
    func computeFrame(
        _ samples: UnsafePointer<Float>, into row: UnsafeMutablePointer<Float>, workspace: FrameWorkspace
    ) {
        let spectrum = workspace.spectrum
        // Beside a shorter window the input stays zero, as it was allocated.
        let input = spectrum.halfInput + windowStart
        let source = samples + windowStart
        let weights = UnsafePointer(window.pointer)
        for index in 0..<configuration.windowSize { input[index] = source[index] * weights[index] }
        spectrum.execute()
        projection.project(spectrum.power, into: row)
        switch configuration.kind {
        case .panns:
            VectorLogarithm.apply(
                to: row, count: configuration.melBands, bias: 0, floor: 1e-10, floorValue: -100,
                scale: 4.342_944_8, offset: 0)
        case .efficientAT:
            // (ln(mel + 1e-5) + 4.5) / 5; the mel is never negative, so the floor is never met.
            VectorLogarithm.apply(
                to: row, count: configuration.melBands, bias: 1e-5, floor: 0, floorValue: -.greatestFiniteMagnitude,
                scale: 0.2, offset: 0.9)
        }
    }

    /// The waveform that the frames are cut from: itself, or for EfficientAT with pre-emphasis, one sample shorter.
    func preEmphasised(_ samples: UnsafeBufferPointer<Float>) -> [Float] {
        precondition(configuration.kind == .efficientAT && !samples.isEmpty)
        return [Float](unsafeUninitializedCapacity: samples.count - 1) { buffer, initialized in
            for index in 0..<samples.count - 1 {
                buffer.initializeElement(at: index, to: samples[index + 1] - 0.97 * samples[index])
            }
            initialized = samples.count - 1
        }
    }

    /// Copies a frame that reaches past an end of the waveform, reflecting without repeating the edge sample.
    ///
    /// - Parameters:
    ///   - start: Position of the frame's first sample; may be negative.
    ///   - count: Length of the waveform, more than `half`.
    ///   - waveform: Samples `waveformStart...` of it.
    func reflect(
        start: Int, count: Int, waveform: UnsafePointer<Float>, waveformStart: Int,
        into frame: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<configuration.fftSize {
            var position = abs(start + index)
            if position >= count { position = 2 * (count - 1) - position }
            frame[index] = waveform[position - waveformStart]
        }
    }
}

/// Scratch space of one computation at a time.
final class FrameWorkspace: @unchecked Sendable {
    let spectrum: PowerSpectrum
    let frame: AlignedFloats

    init(_ plan: FrontEndPlan) throws {
        spectrum = try PowerSpectrum(count: plan.configuration.fftSize)
        frame = AlignedFloats(count: plan.configuration.fftSize)
    }
}
