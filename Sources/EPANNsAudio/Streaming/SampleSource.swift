import EPANNsCore

/// Mono samples at one rate, block by block in the order of time: where they come from is nobody's business.
///
/// ``AudioReader`` gives those of files and pipes, ``PushedSamples`` those of a microphone's callback or a socket. Reading
/// may wait as long as it likes, and a source belongs to one thread at a time.
public protocol SampleSource: AnyObject {
    /// Samples a second, in Hz.
    var sampleRate: Int { get }
    /// What is known of the source; its warnings are complete once ``next()`` has given nil.
    var info: AudioSourceInfo { get }
    /// The next block, shape `(samples)`, never empty; nil at the end.
    ///
    /// - Throws: `EPANNsError` when the source cannot be read on; `CancellationError` when it was cancelled.
    func next() throws -> [Float]?
}

extension AudioReader: SampleSource {}

/// A source at another rate.
///
/// Filter and length as everywhere in this module. Tests: `SampleSourceTests`.
public final class ResampledSamples: SampleSource {
    /// The rate of the blocks, in Hz.
    public let sampleRate: Int
    /// What the source says of itself.
    public var info: AudioSourceInfo { source.info }
    private let source: any SampleSource
    private let resampler: Resampler
    private var isAtEnd = false

    /// Puts a rate's conversion behind a source.
    ///
    /// - Parameters:
    ///   - source: Where the samples come from.
    ///   - sampleRate: The wanted rate, in Hz.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` for a rate that no audio has.
    public init(_ source: any SampleSource, sampleRate: Int) throws {
        try Self.check(source.sampleRate)
        try Self.check(sampleRate)
        self.source = source
        self.sampleRate = sampleRate
        resampler = try Resampler(inputRate: source.sampleRate, outputRate: sampleRate)
    }

    /// The next block at the new rate; nil at the end.
    public func next() throws -> [Float]? {
        while !isAtEnd {
            let block: [Float]
            if let samples = try source.next() {
                block = try resampler.process(samples)
            } else {
                isAtEnd = true
                block = try resampler.finish()
            }
            if !block.isEmpty { return block }
        }
        return nil
    }

    static func check(_ sampleRate: Int) throws {
        guard AudioLimits.sampleRates.contains(sampleRate) else {
            throw EPANNsError(
                .invalidConfiguration,
                "A sample rate of \(sampleRate) Hz is invalid; it must be between \(AudioLimits.sampleRates.lowerBound) "
                    + "and \(AudioLimits.sampleRates.upperBound).")
        }
    }
}
