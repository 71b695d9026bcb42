import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Testing

/// AST's published files: original ones with unused heads, and Hugging Face's names.
///
/// SPEC §2.9.
@Suite struct ASTCheckpointTests {
    private static let small = ASTConfiguration(
        stride: 16, width: 128, heads: 2, hiddenWidth: 12, blockCount: 2, classCount: 5)

    /// Every element of every tensor another number.
    private static func weights() throws -> [String: Tensor] {
        var next: Float = 0
        return try Dictionary(
            uniqueKeysWithValues: small.graph().parameterSpecs.map { spec in
                let values = (0..<spec.count).map { Float($0) + next }
                next += 0.25
                return (spec.name, Tensor(shape: spec.shape, values: values))
            })
    }

    /// A safetensors file of Float32, laid out by hand.
    private static func file(_ tensors: [String: Tensor]) -> [UInt8] {
        var entries: [String] = []
        var data: [UInt8] = []
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            let start = data.count
            tensor.floats.withUnsafeBytes { data += $0 }
            entries.append(
                #""\#(name)":{"dtype":"F32","shape":\#(tensor.shape),"data_offsets":[\#(start),\#(data.count)]}"#)
        }
        let header = [UInt8]("{\(entries.joined(separator: ","))}".utf8)
        return withUnsafeBytes(of: UInt64(header.count).littleEndian) { [UInt8]($0) } + header + data
    }

    private static func model(_ tensors: [String: Tensor]) throws -> Model {
        try Model(bytes: file(tensors), name: "audioset_16_16_0.4422.safetensors")
    }

    @Test func originalFilesLoseTheirUnusedHeads() throws {
        var tensors = try Self.weights()
        for head in ["v.head", "v.head_dist"] {
            tensors[head + ".weight"] = Tensor(shape: [3, 128], values: [Float](repeating: 1, count: 384))
            tensors[head + ".bias"] = Tensor(shape: [3], values: [1, 2, 3])
        }
        let model = try Self.model(tensors)
        #expect(model.configuration == .ast(Self.small))
        #expect(Set(model.weights.keys) == Set(try Self.weights().keys))
    }

    /// What Hugging Face calls the original's tensors.
    private static func theirs(_ tensors: [String: Tensor]) -> [String: Tensor] {
        let own = "audio_spectrogram_transformer."
        var result: [String: Tensor] = [:]
        for (name, tensor) in tensors {
            let parts = name.split(separator: ".").map(String.init)
            let suffix = "." + (parts.last ?? "")
            switch name {
            case "v.cls_token": result[own + "embeddings.cls_token"] = tensor
            case "v.dist_token": result[own + "embeddings.distillation_token"] = tensor
            case "v.pos_embed": result[own + "embeddings.position_embeddings"] = tensor
            case _ where name.hasPrefix("v.patch_embed.proj"):
                result[own + "embeddings.patch_embeddings.projection" + suffix] = tensor
            case _ where name.hasPrefix("v.norm"): result[own + "layernorm" + suffix] = tensor
            case _ where name.hasPrefix("mlp_head.0"): result["classifier.layernorm" + suffix] = tensor
            case _ where name.hasPrefix("mlp_head.1"): result["classifier.dense" + suffix] = tensor
            default:
                let block = own + "encoder.layer.\(parts[2])."
                let modules = [
                    "norm1": "layernorm_before", "norm2": "layernorm_after", "fc1": "intermediate.dense",
                    "fc2": "output.dense", "proj": "attention.output.dense",
                ]
                let module = parts[parts.count - 2]
                if let theirs = modules[module] {
                    result[block + theirs + suffix] = tensor
                } else {
                    let values = tensor.floats
                    let size = values.count / 3
                    for (index, part) in ["query", "key", "value"].enumerated() {
                        result[block + "attention.attention." + part + suffix] = Tensor(
                            shape: [tensor.shape[0] / 3] + tensor.shape.dropFirst(),
                            values: Array(values[index * size..<(index + 1) * size]))
                    }
                }
            }
        }
        return result
    }

    @Test func huggingFacesFilesAreTranslated() throws {
        let tensors = try Self.weights()
        let model = try Self.model(Self.theirs(tensors))
        guard case .ast(let ast) = model.configuration else {
            Issue.record("not an AST")
            return
        }
        #expect(ast.normEpsilon == 1e-12 && ast.headEpsilon == 1e-12)
        #expect(!ast.frontEnd.recipe.offsetRemoval.ofClip && ast.frontEnd.recipe.offsetRemoval.ofFrames)
        #expect(ast.blocks == Self.small.blocks && ast.stride == Self.small.stride)
        #expect(Set(model.weights.keys) == Set(tensors.keys))
        for (name, tensor) in tensors {
            #expect(
                model.weights[name]?.shape == tensor.shape && model.weights[name]?.floats == tensor.floats, "\(name)")
        }
    }

    @Test func damagedFilesAreRefused() throws {
        var tensors = Self.theirs(try Self.weights())
        let key = "audio_spectrogram_transformer.encoder.layer.1.attention.attention.key.weight"
        tensors[key] = nil
        let missing = #expect(throws: EPANNsError.self) { try Self.model(tensors) }
        #expect(missing?.code == .checkpointMismatch)
        #expect(missing?.message.contains("v.blocks.1.attn.qkv.weight") == true)

        tensors = try Self.weights()
        tensors["v.pos_embed"] = Tensor(shape: [1, 7, 128], values: [Float](repeating: 0, count: 896))
        let positions = #expect(throws: EPANNsError.self) { try Self.model(tensors) }
        #expect(positions?.code == .checkpointMismatch && positions?.message.contains("7 positions") == true)
    }
}
