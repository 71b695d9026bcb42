import EPANNsCore
import Foundation

/// Embeddings in NumPy's format, an array of shape `(windows, embedding width)` for each input.
///
/// A document holds one input.
public struct NumPyWriter: ResultWriter {
    /// Makes a writer.
    public init() {}

    /// `npy`.
    public var fileExtension: String { "npy" }
    /// An array holds numbers only.
    public var namesModel: Bool { false }

    /// Begins an input's array.
    public func encoder(for head: ResultHead) -> any ResultEncoder { Encoder() }

    /// Nothing: an array has no place for it.
    public func failure(_ failure: ResultFailure, of head: ResultHead) -> Data { Data() }

    private struct Encoder: ResultEncoder {
        var values: [Float] = []
        var count = 0

        mutating func take(_ window: ScoredWindow) -> Data {
            values += window.embedding
            count += 1
            return Data()
        }

        mutating func finish(_ ending: ResultEnding) throws -> Data {
            Data(try NumPyFile.bytes(values, shape: [count, values.count / max(count, 1)]))
        }
    }
}
