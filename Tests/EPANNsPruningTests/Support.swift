import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsPruning
import EPANNsRuntime
import EPANNsTestSupport
import Foundation
import Testing

/// `s ← 1664525·s + 1013904223 mod 2³²`, value `s / 2³² · 2 − 1`; SPEC §8, as `Tools/reference/pruning.py`.
func lcg(_ count: Int, seed: UInt32) -> [Float] { TinyModel.noise(count: count, seed: seed, amplitude: 1) }

func bank(_ shape: [Int], seed: UInt32) throws -> FilterBank {
    try FilterBank(Tensor(shape: shape, values: lcg(shape.reduce(1, *), seed: seed)), name: "layer")
}

/// Largest absolute difference; infinite for other counts.
func worst(_ a: [Double], _ b: [Double]) -> Double {
    a.count == b.count ? zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } : .infinity
}

/// Random weights for any graph: He-uniform, and norms that do something.
func randomWeights(_ graph: ModelGraph, seed: UInt32 = 5) -> [String: Tensor] {
    var weights: [String: Tensor] = [:]
    for (index, spec) in graph.parameterSpecs.enumerated() {
        let noise = lcg(spec.count, seed: seed &+ UInt32(index) &* 7919)
        switch (spec.role, spec.initialization) {
        case (.frozen, _): continue
        case (.counter, _):
            let storage = TensorStorage(byteCount: 8) { $0.storeBytes(of: Int64(index + 1), as: Int64.self) }
            weights[spec.name] = try? Tensor(shape: [], dataType: .int64, storage: storage)
        case (_, .xavierUniform(let fanIn, _)):
            let bound = (6 / Float(fanIn)).squareRoot()
            weights[spec.name] = Tensor(shape: spec.shape, values: noise.map { $0 * bound })
        case (_, .ones): weights[spec.name] = Tensor(shape: spec.shape, values: noise.map { 1 + 0.3 * $0 })
        case (_, .zeros), (_, .frontEnd):
            weights[spec.name] = Tensor(shape: spec.shape, values: noise.map { 0.2 * $0 })
        }
    }
    return weights
}

/// Something like a spectrogram, shape (frames, mels).
func spectrogram(_ graph: ModelGraph, frames: Int, seed: UInt32 = 9) -> [Float] {
    lcg(graph.rowCount(extent(graph, frames: frames)), seed: seed)
}

/// A clip of so many frames, or a little longer where the network's inputs do not fit together at that length.
func extent(_ graph: ModelGraph, frames: Int) -> ClipExtent {
    graph.extent(sampleCount: graph.fittingSampleCount(graph.input.minimumSampleCount(frameCount: frames)))
}

/// Small networks of every architecture.
enum SmallNetwork: String, CaseIterable, Sendable {
    case cnn6, cnn10, cnn14, resnet38, resnet54, mobilenetV1, mobilenetV2, erann, wavegram, wavegramLogMel, ast
    case decisionAttention, decisionMean, mn

    /// The configuration with ten classes.
    var configuration: ModelConfiguration {
        let frontEnd = FrontEndConfiguration.panns32k(melBands: 32)
        switch self {
        case .cnn6:
            return .cnn(.init(.cnn6, widths: [6, 8, 9, 12], embeddingWidth: 11, classCount: 10, frontEnd: frontEnd))
        case .cnn10:
            return .cnn(
                .init(
                    .cnn10, widths: [4, 5, 8, 7, 12, 11, 16, 9], embeddingWidth: 11, classCount: 10, frontEnd: frontEnd)
            )
        case .cnn14:
            return .cnn(
                .init(
                    .cnn14, widths: [4, 4, 5, 6, 6, 7, 8, 10, 11, 12, 13, 14], embeddingWidth: 9, classCount: 10,
                    frontEnd: frontEnd))
        case .resnet38:
            return .resNet(.init(.resnet38, scale: 1 / 16, classCount: 10, frontEnd: frontEnd))
        case .resnet54:
            return .resNet(.init(.resnet54, scale: 1 / 16, classCount: 10, frontEnd: frontEnd))
        case .mobilenetV1: return .mobileNetV1(.init(scale: 1 / 8, classCount: 10, frontEnd: frontEnd))
        case .mobilenetV2: return .mobileNetV2(.init(scale: 1 / 4, classCount: 10, frontEnd: frontEnd))
        case .erann:
            var network = ERANNConfiguration(fourfoldStages: 1, width: 1, classCount: 10)
            network.frontEnd.melBands = 32
            network.stages[2].innerWidths = [9, 7, 12, 5]
            network.embeddingWidth = 14
            return .erann(network)
        case .decisionAttention, .decisionMean:
            let trunk = CNNConfiguration(
                .cnn14, widths: [4, 4, 5, 6, 6, 7, 8, 10, 11, 12, 13, 14], embeddingWidth: 9, classCount: 10,
                frontEnd: frontEnd)
            return .decisionLevel(.init(self == .decisionMean ? .mean : .attention, trunk: trunk))
        case .wavegram:
            return .wavegram(.init(.wavegram, scale: 1 / 32, classCount: 10, frontEnd: .panns32k(melBands: 32)))
        case .wavegramLogMel:
            return .wavegram(.init(.wavegramLogMel, scale: 1 / 32, classCount: 10, frontEnd: frontEnd))
        case .ast:
            var frontEnd = FrontEndConfiguration.ast
            frontEnd.melBands = 32
            frontEnd.recipe.frames = .fixed(count: 40, padding: 0)
            var network = ASTConfiguration(
                stride: 8, width: 20, headWidth: 5, heads: 4, hiddenWidth: 30, blockCount: 2, classCount: 10,
                frontEnd: frontEnd)
            network.blocks[1] = .init(heads: 3, hiddenWidth: 17)
            return .ast(network)
        case .mn: return .mobileNetV3(.init(widthMultiplier: 0.1, classCount: 10))
        }
    }

    /// Whether a batch norm follows every convolution; ERANNs' come before, and an AST has none.
    var normalisesEveryFilter: Bool { self != .erann && self != .ast }

    /// Frames that the network can take.
    var frames: Int { 40 }
}

/// The network with all parameters of the removed channels set to zero, counters and inputs' columns left.
func masked(_ weights: [String: Tensor], _ pruner: ChannelPruner, keeping kept: [[Int]]) -> [String: Tensor] {
    var result = weights
    for (index, node) in pruner.graph.nodes.enumerated() {
        if case .batchNorm(let settings) = node.operation, settings.axis != .channel { continue }
        let staying = Set(pruner.keptChannels(of: index, keeping: kept))
        for suffix in [".weight", ".bias"] {
            guard let tensor = weights[node.name + suffix] else { continue }
            var values = tensor.floats
            let size = values.count / node.channels
            for channel in 0..<node.channels where !staying.contains(channel) {
                for position in channel * size..<(channel + 1) * size { values[position] = 0 }
            }
            result[node.name + suffix] = Tensor(shape: tensor.shape, values: values)
        }
    }
    return result
}

/// Units to keep of every prunable group: some, by a rule that has no pattern.
func someUnits(_ pruner: ChannelPruner, salt: Int = 0) -> [[Int]] {
    pruner.groups.enumerated().map { index, group in
        guard group.tie != .fixed else { return Array(0..<group.width) }
        let kept = (0..<group.width).filter { ($0 * 7 + index * 3 + salt) % 5 < 3 }
        return kept.isEmpty ? [group.width - 1] : kept
    }
}
