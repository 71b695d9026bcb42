import EPANNsCore
import EPANNsGraph

/// Log-mel spectrograms of overlapping windows, whose common frames are computed once.
///
/// A window's spectrogram has the bits of ``LogMelSpectrogram`` for the window alone: frames in its middle see the same
/// samples wherever the window begins, so they are taken from one ``LogMelStream`` over the whole source; the few at its
/// edges, which see the reflection there, are computed anew. That needs windows that begin at whole frames. Windows are
/// asked for in order. Tests: `WindowSpectrogramsTests`.
package final class WindowSpectrograms {
    private let spectrogram: LogMelSpectrogram
    private let stream: LogMelStream
    /// Frames from number `firstRow` of the stream on, shape `(frames, mels)`.
    private var rows: [Float] = []
    private var firstRow = 0

    private var hop: Int { spectrogram.configuration.hopSize }
    private var bands: Int { spectrogram.configuration.melBands }
    /// Samples that a frame sees on either side of its centre.
    private var half: Int { spectrogram.configuration.fftSize / 2 }
    /// Frames at each edge of a window that see its reflection.
    private var edge: Int { (half + hop - 1) / hop }

    /// Whether windows share frames, and begin where frames do.
    package static func serve(_ plan: WindowPlan, _ configuration: FrontEndConfiguration) -> Bool {
        plan.hopSamples < plan.windowSamples && plan.hopSamples % configuration.hopSize == 0
            && plan.windowSamples >= 8 * configuration.fftSize
            // The edges are those of centred frames, and what looks at a whole clip cannot be shared.
            && configuration.recipe.framing == .centred && !configuration.needsWholeClip
    }

    /// Starts at the beginning of a source.
    ///
    /// - Throws: As ``LogMelStream``.
    package init(_ spectrogram: LogMelSpectrogram) throws {
        self.spectrogram = spectrogram
        stream = try LogMelStream(spectrogram)
    }

    /// Takes the source's next samples.
    ///
    /// - Throws: As ``LogMelStream/append(_:)``.
    package func append(_ samples: [Float]) throws { rows += try stream.append(samples) }

    /// A window's spectrogram.
    ///
    /// - Parameter window: One of a plan that ``serve(_:_:)`` says yes to, whose samples have all been appended.
    /// - Returns: Row-major, shape `(frames, mels)`.
    /// - Throws: As ``LogMelSpectrogram/callAsFunction(_:)``.
    package func callAsFunction(_ window: AudioWindow) throws -> [Float] {
        let samples = window.samples
        // The last window may be too short to have a middle.
        guard samples.count >= 8 * spectrogram.configuration.fftSize else { return try spectrogram(samples) }
        let total = spectrogram.configuration.frameCount(sampleCount: samples.count)
        // Pre-emphasis takes one sample away; a frame fewer from the middle is no loss.
        let middle = edge..<(samples.count - 1 - half) / hop + 1
        let first = window.startSample / hop
        discard(before: first)
        let head = try spectrogram(Array(samples[..<(edge * hop + 2 * half)]))
        let tailFrame = middle.upperBound - edge
        let tail = try spectrogram(Array(samples[(tailFrame * hop)...]))
        let begin = (first + middle.lowerBound - firstRow) * bands
        var result: [Float] = []
        result.reserveCapacity(total * bands)
        result += head[..<(edge * bands)]
        result += rows[begin..<(begin + middle.count * bands)]
        result += tail[(edge * bands)..<((total - tailFrame) * bands)]
        return result
    }

    /// Forgets what no later window reaches; moving the rest costs its length, so not each time.
    private func discard(before row: Int) {
        guard (row - firstRow) * bands > max(1 << 16, rows.count / 2) else { return }
        rows.removeFirst((row - firstRow) * bands)
        firstRow = row
    }
}
