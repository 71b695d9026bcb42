import EPANNsCore
import EPANNsRuntime
import Foundation

/// Numbers in NumPy's format: an array of Float32 for each input.
///
/// A document holds one input. Tests: `BatchRunTests`, `FramewiseTests`.
public struct NumPyWriter: ResultWriter {
    /// What the array holds.
    public enum Content: Hashable, Sendable {
        /// The vectors before the classifier, shape `(windows, embedding width)`.
        case embeddings
        /// The scores of all classes, shape `(windows, classes)`.
        case scores
        /// The scores of all classes in each frame, those of windows one after the other, shape `(frames, classes)`.
        case frames
    }

    let content: Content

    /// Makes a writer.
    ///
    /// - Parameter content: What the array holds.
    public init(_ content: Content = .embeddings) { self.content = content }

    /// `npy`.
    public var fileExtension: String { "npy" }
    /// An array holds numbers only.
    public var namesModel: Bool { false }

    /// Begins an input's array.
    ///
    /// - Parameter head: Whose it is.
    public func encoder(for head: ResultHead) -> any ResultEncoder { Encoder(content: content) }

    /// Nothing: an array has no place for it.
    ///
    /// - Parameters:
    ///   - failure: What went wrong.
    ///   - head: Whose result is missing.
    public func failure(_ failure: ResultFailure, of head: ResultHead) -> Data { Data() }

    private struct Encoder: ResultEncoder {
        let content: Content
        var values: [Float] = []
        var count = 0

        mutating func take(_ window: ScoredWindow) throws -> Data {
            switch content {
            case .embeddings: add(window.embedding)
            case .scores: add(window.scores)
            case .frames:
                let framewise = try window.requireFramewise()
                for frame in 0..<framewise.frameCount { add(framewise.scores(frame: frame)) }
            }
            return Data()
        }

        private mutating func add(_ row: some Collection<Float>) {
            values += row
            count += 1
        }

        mutating func finish(_ ending: ResultEnding) throws -> Data {
            Data(try NumPyFile.bytes(values, shape: [count, values.count / max(count, 1)]))
        }
    }
}
