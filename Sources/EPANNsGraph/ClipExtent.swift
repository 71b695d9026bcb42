/// How long a clip is as the inputs of a network see it.
public struct ClipExtent: Hashable, Sendable {
    /// Frames of the spectrogram; 0 where the network hears none.
    public var frames: Int
    /// Samples of the waveform; 0 where the network hears none.
    public var samples: Int

    /// Makes an extent.
    ///
    /// - Parameters:
    ///   - frames: Frames of the spectrogram.
    ///   - samples: Samples of the waveform.
    public init(frames: Int = 0, samples: Int = 0) {
        self.frames = frames
        self.samples = samples
    }
}

extension ClipExtent: CustomStringConvertible {
    /// For messages, such as `1001 frames`.
    public var description: String {
        let parts = [frames > 0 ? "\(frames) frames" : nil, samples > 0 ? "\(samples) samples" : nil]
        let known = parts.compactMap(\.self)
        return known.isEmpty ? "0 frames" : known.joined(separator: " and ")
    }
}

/// The shapes of a clip's inputs.
struct InputShapes {
    var extent: ClipExtent
    var melBands: Int

    subscript(input: ModelGraph.Input) -> Shape {
        switch input {
        case .logMel: Shape(1, [extent.frames, melBands])
        case .waveform: Shape(1, [extent.samples])
        }
    }
}
