import EPANNsCore
import EPANNsGraph

/// Reads any source as mono Float32 at a wanted rate, block by block, in bounded memory.
///
/// A recording of a day needs no more memory than one of ten seconds. The channels are averaged before resampling, as
/// `librosa.load(mono=True)` does it (SPEC §1.6), unless they cancel each other or another ``ChannelSelection`` is asked
/// for. Reading blocks the thread, and a reader belongs to one thread at a time; ``AudioBlocks`` is the asynchronous form.
///
/// The samples of a damaged or truncated file that can be decoded are given, and ``info`` then has warnings. A sample
/// that is not a finite number, or is beyond ±1 000 000, is an error: one would poison the resampler and everything
/// behind it, and replacing it with silence would hide the damage.
public final class AudioReader {
    /// Where the audio comes from.
    public let source: AudioSource
    /// The rate of the blocks, in Hz.
    public let sampleRate: Int
    /// Which channels are listened to.
    public let channels: ChannelSelection
    /// What is known of the source; `warnings` and `findings` are complete once ``next()`` has given nil.
    ///
    /// Of a live stream, `findings` tells what was found since its beginning.
    public var info: AudioSourceInfo {
        var info = decoder.info
        info.findings = doctor.findings
        if let resampler, resampler.engine != .soxr {
            info.warnings.append(
                "FFmpeg's libswresample has no soxr on this machine; its own resampler serves, and the samples differ "
                    + "slightly from librosa's.")
        }
        return info
    }
    /// Samples given so far.
    public private(set) var sampleCount = 0

    private let decoder: any ChannelSource
    private var mixer: ChannelMixer
    private var doctor: AudioDoctor
    private let maximumSampleCount: Int
    private var resampler: Resampler?
    private var sourceSeconds = 0.0
    private var isAtEnd = false
    private var failure: (any Error)?

    /// Opens a source.
    ///
    /// - Parameters:
    ///   - source: Where the audio comes from.
    ///   - sampleRate: The wanted rate, 1000...768 000 Hz; nil for the source's own.
    ///   - channels: Which channels are listened to.
    ///   - maximumDurationSeconds: Where to stop; nil reads to the end.
    /// - Throws: `EPANNsError` with code `fileFailure` when it cannot be opened, `unsupportedFormat` when
    ///   it is not audio that can be decoded, `invalidAudio` when its header is invalid, `invalidConfiguration` when
    ///   an argument does not.
    public init(
        _ source: AudioSource, sampleRate: Int?, channels: ChannelSelection = .automatic,
        maximumDurationSeconds: Double? = nil
    ) throws {
        if let sampleRate { try Self.checkRate(sampleRate) }
        let name = source.description
        switch source {
        case .file(let path):
            decoder = try ContainerDecoder(DescriptorByteStream(path: path), name: name)
        case .standardInput:
            decoder = try ContainerDecoder(DescriptorByteStream(descriptor: 0, name: name), name: name)
        case .rawStandardInput(let format):
            decoder = RawPCMDecoder(try DescriptorByteStream(descriptor: 0, name: name), format: format)
        case .descriptor(let descriptor, nil):
            decoder = try ContainerDecoder(DescriptorByteStream(descriptor: descriptor, name: name), name: name)
        case .descriptor(let descriptor, let format?):
            decoder = RawPCMDecoder(try DescriptorByteStream(descriptor: descriptor, name: name), format: format)
        case .bytes(let bytes, _):
            decoder = try ContainerDecoder(MemoryByteStream(bytes), name: name)
        }
        let sampleRate = sampleRate ?? decoder.info.sampleRate
        try Self.checkRate(sampleRate)
        maximumSampleCount = try Self.sampleCount(maximumDurationSeconds, sampleRate)
        self.source = source
        self.sampleRate = sampleRate
        self.channels = channels
        mixer = ChannelMixer(channels)
        doctor = AudioDoctor(analysisRate: sampleRate)
        try channels.check(channelCount: decoder.info.channels, name: name)
    }

    private static func checkRate(_ sampleRate: Int) throws {
        guard (1000...768_000).contains(sampleRate) else {
            throw EPANNsError(
                .invalidConfiguration, "Audio cannot be read at \(sampleRate) Hz; ask for 1000 to 768000 Hz.")
        }
    }

    /// The next block, never empty; nil at the end.
    ///
    /// Blocks have the size in which the audio comes, so that live input is not held back.
    ///
    /// - Returns: Shape `(samples)`, nominally −1...1.
    /// - Throws: `EPANNsError` with code `invalidAudio` when nothing can be decoded, there is not one
    ///   sample, or a sample is not a finite number; `fileFailure` when reading fails. A failed reader throws the same
    ///   error again.
    public func next() throws -> [Float]? {
        if let failure { throw failure }
        do {
            while !isAtEnd {
                let block = try nextAtAnyLength()
                let kept = min(block.count, maximumSampleCount - sampleCount)
                sampleCount += kept
                if sampleCount == maximumSampleCount { isAtEnd = true }
                if kept > 0 { return kept == block.count ? block : Array(block[..<kept]) }
            }
            if sampleCount == 0 {
                throw EPANNsError(.invalidAudio, "\(source) holds no samples; there is nothing to analyse.")
            }
            return nil
        } catch {
            failure = error
            throw error
        }
    }

    private func nextAtAnyLength() throws -> [Float] {
        guard let block = try decoder.next() else {
            isAtEnd = true
            let held = try resampled(mixer.finish())
            doctor.takenChannel = mixer.takenChannel
            return try held + (resampler?.finish() ?? [])
        }
        try channels.check(channelCount: block.channelCount, name: source.description)
        let blocks = mixer.take(block)
        doctor.takenChannel = mixer.takenChannel
        if case .channel = channels {
            for block in blocks { try doctor.take(block) }
        } else {
            try doctor.take(block)
        }
        return try resampled(blocks)
    }

    private func resampled(_ blocks: [ChannelBlock]) throws -> [Float] {
        var result: [Float] = []
        for block in blocks {
            let samples = try resampled(block)
            result = result.isEmpty ? samples : result + samples
        }
        return result
    }

    private func resampled(_ block: ChannelBlock) throws -> [Float] {
        try checkMagnitudes(block)
        sourceSeconds += Double(block.frameCount) / Double(block.sampleRate)
        if let resampler, resampler.inputRate == block.sampleRate { return try resampler.process(block.samples) }
        // The first block, or a file of several parts whose rate changes.
        let tail = try resampler?.finish() ?? []
        let next = try Resampler(inputRate: block.sampleRate, outputRate: sampleRate)
        resampler = next
        return try tail + next.process(block.samples)
    }

    private func checkMagnitudes(_ block: ChannelBlock) throws {
        guard !Self.hasSampleBeyondLimit(block.samples) else {
            let index = block.samples.firstIndex { !(abs($0) <= AudioLimits.magnitude) } ?? 0
            // Channels lie one after the other.
            let frame = index % max(1, block.frameCount)
            let seconds = sourceSeconds + Double(frame) / Double(block.sampleRate)
            throw EPANNsError(
                .invalidAudio,
                "\(source) has a sample of \(block.samples[index]) at \(seconds) s; samples are numbers around −1...1. "
                    + "The file is damaged, or its sample format was named wrongly.")
        }
    }

    /// Whether a sample lies beyond ``AudioLimits/magnitude`` or is not a number.
    ///
    /// Eight at a time: every sample of every file passes here.
    private static func hasSampleBeyondLimit(_ samples: [Float]) -> Bool {
        let limit = SIMD8<Float>(repeating: AudioLimits.magnitude)
        return samples.withUnsafeBytes { raw in
            let vectorCount = samples.count / 8
            var within = SIMDMask<SIMD8<Int32>>(repeating: true)
            for index in 0..<vectorCount {
                let values = raw.loadUnaligned(fromByteOffset: index * 32, as: SIMD8<Float>.self)
                // Comparisons with what is not a number are false.
                within = within .& (values .<= limit) .& (values .>= -limit)
            }
            return within != SIMDMask(repeating: true)
                || samples[(vectorCount * 8)...].contains { !(abs($0) <= AudioLimits.magnitude) }
        }
    }

    private static func sampleCount(_ seconds: Double?, _ sampleRate: Int) throws -> Int {
        guard let seconds else { return .max }
        guard seconds > 0, seconds <= 1e9 else {
            throw EPANNsError(
                .invalidConfiguration, "A maximum duration of \(seconds) s is invalid; give a number above 0.")
        }
        return max(1, Int((seconds * Double(sampleRate)).rounded()))
    }
}
