import EPANNsCore
import EPANNsGraph

/// Makes of a waveform the row of numbers that a network takes of a clip: the log-mel spectrogram, the samples, or both one
/// behind the other.
///
/// May be used from several threads at once. Tests: `NetworkFrontEndTests`.
public struct NetworkFrontEnd: Sendable {
    /// What the network hears, in the order of a row.
    public let inputs: [ModelGraph.Input]
    /// What computes the spectrogram; its configuration has the waveform's rate, too.
    public let spectrogram: LogMelSpectrogram

    /// The front end of a network that hears what is asked for.
    ///
    /// - Parameters:
    ///   - spectrogram: What computes the spectrogram.
    ///   - inputs: What the network hears.
    public init(_ spectrogram: LogMelSpectrogram, inputs: [ModelGraph.Input] = [.logMel]) {
        self.spectrogram = spectrogram
        self.inputs = inputs
    }

    /// The front end of a network.
    ///
    /// - Parameters:
    ///   - graph: The network.
    ///   - melWeights: A checkpoint's own filter bank, shape `(bins, mels)`; nil builds it.
    /// - Throws: As `LogMelSpectrogram`.
    public init(_ graph: ModelGraph, melWeights: Tensor? = nil) throws {
        self.init(try LogMelSpectrogram(configuration: graph.input, melWeights: melWeights), inputs: graph.inputs)
    }

    /// The numbers of the front end.
    public var configuration: FrontEndConfiguration { spectrogram.configuration }

    /// Numbers of a clip's row.
    ///
    /// - Parameter sampleCount: The clip's length.
    public func rowCount(sampleCount: Int) -> Int { inputs.reduce(0) { $0 + count(of: $1, sampleCount: sampleCount) } }

    private func count(of input: ModelGraph.Input, sampleCount: Int) -> Int {
        switch input {
        case .logMel: configuration.frameCount(sampleCount: sampleCount) * configuration.melBands
        case .waveform: sampleCount
        }
    }

    /// A clip's row.
    ///
    /// - Parameters:
    ///   - samples: Shape `(samples)`, at the configuration's rate.
    ///   - known: The clip's spectrogram, where it is there already.
    /// - Throws: As `LogMelSpectrogram`.
    public func callAsFunction(_ samples: [Float], spectrogram known: [Float]? = nil) throws -> [Float] {
        if inputs == [.logMel] { return try known ?? spectrogram(samples) }
        var row: [Float] = []
        row.reserveCapacity(rowCount(sampleCount: samples.count))
        for input in inputs {
            switch input {
            case .logMel: row += try known ?? spectrogram(samples)
            case .waveform:
                try samples.withUnsafeBufferPointer { try LogMelSpectrogram.checkFinite($0) }
                row += samples
            }
        }
        return row
    }

    /// Makes a clip's row in memory of the caller.
    ///
    /// - Parameters:
    ///   - samples: Shape `(samples)`.
    ///   - row: Exactly as large as the row; may be uninitialised.
    /// - Throws: As `LogMelSpectrogram`.
    public func compute(_ samples: UnsafeBufferPointer<Float>, into row: UnsafeMutableBufferPointer<Float>) throws {
        var rest = UnsafeMutableBufferPointer(rebasing: row[...])
        for input in inputs {
            let count = count(of: input, sampleCount: samples.count)
            let target = UnsafeMutableBufferPointer(rebasing: rest[..<count])
            switch input {
            case .logMel: try spectrogram.compute(samples, into: target)
            case .waveform:
                try LogMelSpectrogram.checkFinite(samples)
                _ = target.update(from: samples)
            }
            rest = UnsafeMutableBufferPointer(rebasing: rest[count...])
        }
    }
}
