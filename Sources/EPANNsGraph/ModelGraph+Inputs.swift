import EPANNsCore

// What a network hears of a clip: one row of numbers, its inputs one behind the other, each row-major.
//
// Most hear the log-mel spectrogram, PANNs' Wavegram networks the waveform, or both. Whatever carries clips (batches, plans,
// the pruner's evidence) carries rows and need not know of what they are made.
extension ModelGraph {
    /// One of the things that a network may hear.
    public enum Input: String, Codable, Hashable, Sendable, CaseIterable {
        /// The log-mel spectrogram, shape `(1, frames, mels)`.
        case logMel
        /// The samples, shape `(1, samples)`.
        case waveform
    }

    /// What the network hears, in the order of a row.
    public var inputs: [Input] {
        nodes.compactMap { node in
            if case .input(let input) = node.operation { input } else { nil }
        }
    }

    /// How long a clip is as the network's inputs see it.
    ///
    /// - Parameter sampleCount: Samples at the front end's rate.
    public func extent(sampleCount: Int) -> ClipExtent {
        let inputs = inputs
        return ClipExtent(
            frames: inputs.contains(.logMel) ? input.frameCount(sampleCount: sampleCount) : 0,
            samples: inputs.contains(.waveform) ? sampleCount : 0)
    }

    /// Numbers of a clip's row.
    ///
    /// - Parameter extent: How long the clip is.
    public func rowCount(_ extent: ClipExtent) -> Int {
        let shapes = InputShapes(extent: extent, melBands: input.melBands)
        return inputs.reduce(0) { $0 + shapes[$1].count }
    }

    /// How long the clip is whose row has so many numbers.
    ///
    /// - Parameter rowCount: Their number.
    /// - Throws: `EPANNsError` with code `invalidAudio` when no clip has such a row.
    public func extent(rowCount: Int) throws -> ClipExtent {
        let inputs = inputs
        var extent = ClipExtent()
        if inputs == [.logMel] {
            extent.frames = rowCount / input.melBands
        } else {
            // Rows grow with the clip, so that there is one length at most.
            var (low, high) = (0, max(0, rowCount))
            while low < high {
                let middle = (low + high) / 2
                if self.rowCount(self.extent(sampleCount: middle)) < rowCount {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            extent = self.extent(sampleCount: low)
        }
        guard rowCount > 0, self.rowCount(extent) == rowCount else {
            let spectrogram = "a spectrogram of \(input.melBands) mel bands"
            let wanted = inputs == [.logMel] ? spectrogram : inputs.count > 1 ? spectrogram + " and its clip" : "a clip"
            throw EPANNsError(.invalidAudio, "\(rowCount) values are not \(wanted).")
        }
        return extent
    }

    /// The shortest length, from one on, at which the network's inputs fit together.
    ///
    /// Where a network hears both, its two branches round differently, and lengths between do not fit: of PANNs'
    /// Wavegram-Logmel those whose whole hops are odd in number and leave less than 316 samples over (SPEC §2.7). The clip
    /// is filled up with silence to this length, at most a hop.
    ///
    /// - Parameter sampleCount: The clip's length, at least ``minimumSampleCount``.
    public func fittingSampleCount(_ sampleCount: Int) -> Int {
        guard inputs.count > 1 else { return sampleCount }
        let candidates = sampleCount...sampleCount + 2 * input.hopSize
        return candidates.first { problem(at: $0)?.code != .invalidConfiguration } ?? sampleCount
    }

    /// Fewest samples that front end and network can take; shorter clips are padded with silence.
    public var minimumSampleCount: Int {
        guard inputs.contains(.waveform) else { return input.minimumSampleCount(frameCount: minimumFrameCount) }
        // A clip that is long enough stays so when it grows.
        var (low, high) = (input.minimumSampleCount, 1 << 22)
        while low < high {
            let middle = (low + high) / 2
            if problem(at: fittingSampleCount(middle)) != nil { low = middle + 1 } else { high = middle }
        }
        return fittingSampleCount(low)
    }

    /// Why the network cannot take a clip: it is too short, or its inputs do not fit together; nil where it can.
    private func problem(at sampleCount: Int) -> EPANNsError? {
        do {
            _ = try shapes(extent(sampleCount: sampleCount))
            return nil
        } catch {
            return error as? EPANNsError
        }
    }
}
