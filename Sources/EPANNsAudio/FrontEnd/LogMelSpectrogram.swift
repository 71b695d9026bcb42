import EPANNsCore
import EPANNsGraph
import Synchronization

/// Computes the log-mel spectrogram of a mono waveform, as a network's front end defines it.
///
/// What is computed is data, a `FrontEndRecipe`. PANNs (torchlibrosa `Spectrogram` and `LogmelFilterBank`, SPEC §1.2):
/// centred frames over the reflected waveform, periodic Hann, power, Slaney mel, `10·log10(max(x, 1e-10))` in dB, no
/// clipping. EfficientAT (SPEC §2.11): pre-emphasis, symmetric Hann of 800 in 1024, Kaldi mel, `(ln(x + 1e-5) + 4.5) / 5`.
/// AST (SPEC §2.9): whole frames only, without their means, 1024 of them. ERANNs (SPEC §2.8): whole frames of a waveform
/// that is filled to 128 for every second.
///
/// One value may be used from several threads at once: each computation takes its own workspace from a pool.
/// Parity: `LogMelGoldenTests`, `LogMelParityTests`.
public final class LogMelSpectrogram: Sendable {
    /// The numbers of the recipe.
    public let configuration: FrontEndConfiguration
    let plan: FrontEndPlan
    private let pool = Mutex<[FrameWorkspace]>([])

    /// Plans the computation.
    ///
    /// - Parameters:
    ///   - configuration: The numbers of the recipe.
    ///   - melWeights: A checkpoint's own filter bank, shape `(bins, mels)`; nil builds it.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a number is out of range,
    ///   `checkpointMismatch` when the stored bank does not fit, `backendFailure` when libavutil refuses.
    public init(configuration: FrontEndConfiguration, melWeights: Tensor? = nil) throws {
        try configuration.validate()
        self.configuration = configuration
        let bank =
            if let melWeights {
                try MelFilterBank(
                    tensor: melWeights, binCount: configuration.binCount, melBands: configuration.melBands)
            } else {
                try MelFilterBank(configuration)
            }
        plan = FrontEndPlan(configuration: configuration, bank: bank)
        let workspace = try FrameWorkspace(plan)
        pool.withLock { $0.append(workspace) }
    }

    /// Computes the spectrogram of a whole clip.
    ///
    /// - Parameter samples: Shape `(samples)`, nominally −1...1, at the configuration's rate.
    /// - Returns: Row-major, shape `(frames, mels)`, with
    ///   `FrontEndConfiguration.frameCount(sampleCount:)` frames. dB for PANNs, no unit for EfficientAT
    ///   (whose network reads it transposed: mel is its height) and AST.
    /// - Throws: `EPANNsError` with code `invalidAudio` when the clip is too short for the reflection or
    ///   has samples that are not finite.
    public func callAsFunction(_ samples: [Float]) throws -> [Float] {
        try samples.withUnsafeBufferPointer { samples in
            try checkSampleCount(samples.count)
            let count = configuration.frameCount(sampleCount: samples.count) * configuration.melBands
            return try [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
                try compute(samples, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
                initialized = count
            }
        }
    }

    /// Computes the spectrogram of a whole clip into memory of the caller.
    ///
    /// - Parameters:
    ///   - samples: Shape `(samples)`.
    ///   - output: Shape `(frames, mels)`, row-major, exactly as large as the result; may be uninitialised.
    /// - Throws: As ``callAsFunction(_:)``.
    public func compute(_ samples: UnsafeBufferPointer<Float>, into output: UnsafeMutableBufferPointer<Float>) throws {
        try checkSampleCount(samples.count)
        try Self.checkFinite(samples)
        precondition(
            output.count == configuration.frameCount(sampleCount: samples.count) * configuration.melBands,
            "The output does not have room for exactly the frames of \(samples.count.counted("sample"))")
        let workspace = try takeWorkspace()
        defer { returnWorkspace(workspace) }
        if let waveform = plan.prepared(samples) {
            waveform.withUnsafeBufferPointer { computeFrames($0, samples.count, into: output, workspace: workspace) }
        } else {
            computeFrames(samples, samples.count, into: output, workspace: workspace)
        }
    }

    func takeWorkspace() throws -> FrameWorkspace {
        if let workspace = pool.withLock({ $0.popLast() }) { return workspace }
        return try FrameWorkspace(plan)
    }

    func returnWorkspace(_ workspace: FrameWorkspace) {
        pool.withLock { $0.append(workspace) }
    }

    func checkSampleCount(_ count: Int) throws {
        guard count >= configuration.minimumSampleCount else {
            throw EPANNsError(
                .invalidAudio,
                "The audio has \(count.counted("sample")) at \(configuration.sampleRate) Hz; a spectrogram needs at least "
                    + "\(configuration.minimumSampleCount). Use a longer clip, or pad it with zeros.")
        }
    }

    /// Throws when a sample is not finite: one of them would poison every frame it lies in.
    static func checkFinite(_ samples: UnsafeBufferPointer<Float>) throws {
        guard let base = samples.baseAddress else { return }
        // Zero times anything finite is zero; infinity and NaN give NaN, which the sum keeps.
        var sum = SIMD8<Float>(repeating: 0)
        let whole = samples.count & ~7
        for index in stride(from: 0, to: whole, by: 8) {
            sum += UnsafeRawPointer(base + index).loadUnaligned(as: SIMD8<Float>.self) * 0
        }
        var tail: Float = sum.sum()
        for index in whole..<samples.count { tail += base[index] * 0 }
        guard tail == 0 else {
            let index = samples.firstIndex { !$0.isFinite } ?? 0
            throw EPANNsError(
                .invalidAudio, "Sample \(index) of the audio is not a finite number; the audio is damaged.")
        }
    }

    private func computeFrames(
        _ waveform: UnsafeBufferPointer<Float>, _ sampleCount: Int, into output: UnsafeMutableBufferPointer<Float>,
        workspace: FrameWorkspace
    ) {
        guard let base = waveform.baseAddress, let rows = output.baseAddress else { return }
        let wanted = output.count / configuration.melBands
        let filled = configuration.filledSampleCount(sampleCount: sampleCount) ?? sampleCount
        let frames = min(configuration.windowCount(sampleCount: filled), wanted)
        plan.computeFrames(
            0..<frames, count: waveform.count, waveform: base, waveformStart: 0, into: rows, workspace: workspace)
        switch configuration.recipe.frames {
        case .any, .perSecond: break
        case .fixed(_, let padding):
            let missing = UnsafeMutableBufferPointer(rebasing: output[(frames * configuration.melBands)...])
            missing.initialize(repeating: plan.padding(padding))
        }
    }
}
