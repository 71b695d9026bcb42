import EPANNsGraph
import Foundation

/// What every frame needs and none changes: window, filter bank, and the constants of the logarithm.
final class FrontEndPlan: Sendable {
    let configuration: FrontEndConfiguration
    let projection: MelProjection
    private let window: AlignedFloats
    /// Where the window begins in the transform's input.
    private let windowStart: Int
    private let logarithm: LogarithmConstants
    /// What is subtracted from a frame: its mean, and this part of each sample's predecessor.
    private let removesFrameOffset: Bool
    private let framePreEmphasis: Float?

    init(configuration: FrontEndConfiguration, bank: MelFilterBank) {
        self.configuration = configuration
        projection = MelProjection(bank)
        let recipe = configuration.recipe
        let size = configuration.windowSize
        let period =
            switch recipe.window {
            case .periodic: Double(size)
            case .symmetric: Double(max(1, size - 1))
            }
        // Half the window, as the power spectrum wants its input.
        window = AlignedFloats((0..<size).map { Float(0.25 - 0.25 * cos(2 * .pi * Double($0) / period)) })
        windowStart = (configuration.fftSize - size) / 2
        logarithm = LogarithmConstants(recipe)
        removesFrameOffset = recipe.offsetRemoval.ofFrames
        framePreEmphasis =
            switch recipe.preEmphasis {
            case .none, .waveform: nil
            case .frame(let coefficient): Float(coefficient)
            }
    }

    /// Samples before a frame's place (its hop) at which its window begins.
    var windowLead: Int {
        switch configuration.recipe.framing {
        case .centred: configuration.fftSize / 2 - windowStart
        case .whole: 0
        }
    }

    /// Samples at either end that the waveform is reflected by.
    var reflectedCount: Int {
        switch configuration.recipe.framing {
        case .centred: configuration.fftSize / 2
        case .whole: 0
        }
    }

    /// Frames that are complete when `count` samples of a longer waveform are known.
    func completeFrameCount(of count: Int) -> Int {
        switch configuration.recipe.framing {
        case .centred:
            // The first frame reaches one sample further to the right by its reflection than by its window.
            count > reflectedCount ? (count - reflectedCount) / configuration.hopSize + 1 : 0
        case .whole:
            count < configuration.windowSize
                ? 0 : (count - configuration.windowSize) / configuration.hopSize + 1
        }
    }

    /// Computes one row.
    ///
    /// - Parameters:
    ///   - samples: The samples under the window, `windowSize` of them.
    ///   - row: Room for `melBands` values.
    @inline(__always)
    func computeFrame(
        _ samples: UnsafePointer<Float>, into row: UnsafeMutablePointer<Float>, workspace: FrameWorkspace
    ) {
        let spectrum = workspace.spectrum
        // Beside a shorter window the input stays zero, as it was allocated.
        let input = spectrum.halfInput + windowStart
        let source = removesFrameOffset || framePreEmphasis != nil ? filtered(samples, workspace) : samples
        let weights = UnsafePointer(window.pointer)
        for index in 0..<configuration.windowSize { input[index] = source[index] * weights[index] }
        spectrum.execute()
        projection.project(spectrum.power, into: row)
        logarithm.apply(to: row, count: configuration.melBands)
    }

    /// A copy of a frame without its mean and with its own pre-emphasis.
    private func filtered(_ samples: UnsafePointer<Float>, _ workspace: FrameWorkspace) -> UnsafePointer<Float> {
        let count = configuration.windowSize
        let frame = workspace.filtered.pointer
        var mean: Float = 0
        if removesFrameOffset {
            var sum = 0.0
            for index in 0..<count { sum += Double(samples[index]) }
            mean = Float(sum / Double(count))
        }
        for index in 0..<count { frame[index] = samples[index] - mean }
        if let framePreEmphasis {
            // From the end, so that predecessors are still what they were; the first is its own.
            for index in (1..<count).reversed() { frame[index] -= framePreEmphasis * frame[index - 1] }
            frame[0] -= framePreEmphasis * frame[0]
        }
        return UnsafePointer(frame)
    }

    /// The waveform that the frames are cut from, where it is not the clip itself.
    func prepared(_ samples: UnsafeBufferPointer<Float>) -> [Float]? {
        var waveform: [Float]?
        if configuration.recipe.offsetRemoval.ofClip {
            let mean = Float(samples.reduce(0) { $0 + Double($1) } / Double(max(1, samples.count)))
            waveform = samples.map { $0 - mean }
        }
        if let count = configuration.filledSampleCount(sampleCount: samples.count) {
            let kept = (waveform ?? Array(samples)).prefix(count)
            waveform = kept + [Float](repeating: 0, count: count - kept.count)
        }
        guard let coefficient = waveformPreEmphasis else { return waveform }
        return waveform?.withUnsafeBufferPointer { Self.preEmphasised($0, coefficient) }
            ?? Self.preEmphasised(samples, coefficient)
    }

    /// The coefficient of a pre-emphasis of the whole waveform.
    var waveformPreEmphasis: Float? {
        switch configuration.recipe.preEmphasis {
        case .none, .frame: nil
        case .waveform(let coefficient): Float(coefficient)
        }
    }

    /// The differences of neighbours, one fewer than the samples.
    static func preEmphasised(_ samples: UnsafeBufferPointer<Float>, _ coefficient: Float) -> [Float] {
        guard samples.count > 1 else { return [] }
        return [Float](unsafeUninitializedCapacity: samples.count - 1) { buffer, initialized in
            for index in 0..<samples.count - 1 {
                buffer.initializeElement(at: index, to: samples[index + 1] - coefficient * samples[index])
            }
            initialized = samples.count - 1
        }
    }

    /// Copies a frame that reaches past an end of the waveform, reflecting without repeating the edge sample.
    ///
    /// - Parameters:
    ///   - start: Position of the first sample under the window; may be negative.
    ///   - count: Length of the waveform, more than ``reflectedCount``.
    ///   - waveform: Samples `waveformStart...` of it.
    func reflect(
        start: Int, count: Int, waveform: UnsafePointer<Float>, waveformStart: Int,
        into frame: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<configuration.windowSize {
            var position = abs(start + index)
            if position >= count { position = 2 * (count - 1) - position }
            frame[index] = waveform[position - waveformStart]
        }
    }

    /// Computes rows `frames` of a waveform.
    ///
    /// - Parameters:
    ///   - frames: Indices of the frames.
    ///   - count: Length of the waveform.
    ///   - waveform: Samples `waveformStart...` of it, all that the frames need.
    ///   - rows: Room for the rows.
    func computeFrames(
        _ frames: Range<Int>, count: Int, waveform: UnsafePointer<Float>, waveformStart: Int,
        into rows: UnsafeMutablePointer<Float>, workspace: FrameWorkspace
    ) {
        let (hop, bands, lead) = (configuration.hopSize, configuration.melBands, windowLead)
        for frame in frames {
            let start = frame * hop - lead
            let row = rows + (frame - frames.lowerBound) * bands
            if start >= 0, start + configuration.windowSize <= count {
                computeFrame(waveform + (start - waveformStart), into: row, workspace: workspace)
            } else {
                let scratch = workspace.frame.pointer
                reflect(start: start, count: count, waveform: waveform, waveformStart: waveformStart, into: scratch)
                computeFrame(scratch, into: row, workspace: workspace)
            }
        }
    }

    /// What a row holds where the clip has no frame.
    func padding(_ value: Double) -> Float { logarithm.normalised(value) }
}

/// Scratch space of one computation at a time.
final class FrameWorkspace: @unchecked Sendable {
    let spectrum: PowerSpectrum
    let frame: AlignedFloats
    let filtered: AlignedFloats

    init(_ plan: FrontEndPlan) throws {
        spectrum = try PowerSpectrum(count: plan.configuration.fftSize)
        frame = AlignedFloats(count: plan.configuration.windowSize)
        filtered = AlignedFloats(count: plan.configuration.windowSize)
    }
}
