import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

/// A narrow CNN14 as PyTorch saves it, and what PyTorch computes with it; `Tools/reference/make_tiny_checkpoint.py`.
package enum TinyModel {
    /// The reference's outputs for ``samples()``.
    package struct Expected: Decodable {
        package var widths: [Int]
        package var scores: [Float]
        package var embedding: [Float]
    }

    /// The PyTorch file.
    package static let path = folder.appendingPathComponent("tiny_cnn14.pt").path
    private static let folder = Bundle.module.bundleURL.appendingPathComponent("Fixtures")

    /// A file beside the checkpoint.
    package static func fixture(_ name: String) throws -> Data {
        try Data(contentsOf: folder.appendingPathComponent(name))
    }

    package static func expected() throws -> Expected {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(
            Expected.self, from: Data(contentsOf: folder.appendingPathComponent("tiny_cnn14.json")))
    }

    /// Two seconds at 32 kHz: half a second of silence, then the noise of SPEC §8.
    package static func samples() -> [Float] {
        [Float](repeating: 0, count: 16000) + noise(count: 48000)
    }

    /// Noise, of amplitude 0.1 where nothing else is asked for; `s ← 1664525·s + 1013904223 mod 2³²`.
    package static func noise(count: Int, seed: UInt32 = 12345, amplitude: Double = 0.1) -> [Float] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Float(amplitude * (Double(state) / 0x1p32 * 2 - 1))
        }
    }

    /// Random weights for any configuration, without the entries that a checkpoint may lack.
    package static func weights(_ configuration: ModelConfiguration, seed: UInt32 = 7) throws -> [String: Tensor] {
        seededWeights(try configuration.graph(), seed: UInt64(seed))
    }

    /// One zero behind every shape: a state dict of any size that takes no memory.
    package static func hollowWeights(_ configuration: ModelConfiguration) throws -> [String: Tensor] {
        let storage = TensorStorage(byteCount: 8) { $0.initializeMemory(as: UInt8.self, repeating: 0) }
        var weights: [String: Tensor] = [:]
        for spec in try configuration.graph().parameterSpecs {
            weights[spec.name] = try Tensor(
                shape: spec.shape, dataType: spec.role == .counter ? .int64 : .float32,
                strides: spec.shape.map { _ in 0 }, storage: storage)
        }
        return weights
    }
}
