import EPANNsCore
import EPANNsGraph

extension ASTConfiguration {
    /// Original files without their two ImageNet heads; Hugging Face's under the original names.
    ///
    /// Hugging Face's `ASTForAudioClassification` has queries, keys and values apart, epsilons of 1e-12, and a feature
    /// extractor that does not take off the clip's mean. SPEC §2.9.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when queries, keys and values do not fit together.
    public static func translated(_ tensors: [String: Tensor]) throws -> TranslatedCheckpoint? {
        if tensors[theirs + "embeddings.cls_token"] != nil { return try fromHuggingFace(tensors) }
        let unused = ["v.head.weight", "v.head.bias", "v.head_dist.weight", "v.head_dist.bias"]
        guard tensors["v.pos_embed"] != nil, unused.contains(where: { tensors[$0] != nil }) else { return nil }
        return TranslatedCheckpoint(tensors: tensors.filter { !unused.contains($0.key) }) { _ in }
    }

    private static let theirs = "audio_spectrogram_transformer."

    /// Their names of modules, and the original ones.
    private static let modules = [
        "embeddings.cls_token": "v.cls_token", "embeddings.distillation_token": "v.dist_token",
        "embeddings.position_embeddings": "v.pos_embed",
        "embeddings.patch_embeddings.projection": "v.patch_embed.proj", "layernorm": "v.norm",
    ]

    /// The same within a block.
    private static let blockModules = [
        "layernorm_before": "norm1", "attention.output.dense": "attn.proj", "layernorm_after": "norm2",
        "intermediate.dense": "mlp.fc1", "output.dense": "mlp.fc2",
    ]

    private static let parts = ["query", "key", "value"].map { "attention.attention." + $0 }

    private static func fromHuggingFace(_ tensors: [String: Tensor]) throws -> TranslatedCheckpoint {
        var result: [String: Tensor] = [:]
        var split: [String: [Tensor?]] = [:]
        for (name, tensor) in tensors {
            if let key = combined(name) {
                split[key.name, default: [nil, nil, nil]][key.part] = tensor
            } else {
                result[original(name)] = tensor
            }
        }
        for (name, parts) in split {
            let found = parts.compactMap(\.self)
            guard found.count == 3, found.allSatisfy({ $0.shape == found[0].shape && !$0.shape.isEmpty }) else {
                throw EPANNsError(
                    .checkpointMismatch, "Queries, keys and values for \(name) are missing or of different shapes.")
            }
            result[name] = Tensor(
                shape: [3 * found[0].shape[0]] + found[0].shape.dropFirst(), values: found.flatMap(\.floats))
        }
        return TranslatedCheckpoint(tensors: result) { configuration in
            guard case .ast(var ast) = configuration else { return }
            ast.normEpsilon = 1e-12
            ast.headEpsilon = 1e-12
            ast.frontEnd.recipe.offsetRemoval.ofClip = false
            configuration = .ast(ast)
        }
    }

    /// Block number and the rest of a name within a block.
    private static func inBlock(_ name: String) -> (index: Int, rest: Substring)? {
        let prefix = theirs + "encoder.layer."
        guard name.hasPrefix(prefix) else { return nil }
        let parts = name.dropFirst(prefix.count).split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let index = Int(parts[0]) else { return nil }
        return (index, parts[1])
    }

    /// The tensor that holds a query's, key's or value's rows in the original, and which of the three they are.
    private static func combined(_ name: String) -> (name: String, part: Int)? {
        guard let (index, rest) = inBlock(name) else { return nil }
        for (part, module) in parts.enumerated() {
            for suffix in [".weight", ".bias"] where rest == module + suffix {
                return ("v.blocks.\(index).attn.qkv\(suffix)", part)
            }
        }
        return nil
    }

    /// The original name; what is not known stays as it is, and is then refused by that name.
    private static func original(_ name: String) -> String {
        for suffix in [".weight", ".bias", ""] where name.hasSuffix(suffix) {
            if let (index, rest) = inBlock(name), let module = blockModules[String(rest.dropLast(suffix.count))] {
                return "v.blocks.\(index).\(module)\(suffix)"
            }
            if name.hasPrefix(theirs), let module = modules[String(name.dropFirst(theirs.count).dropLast(suffix.count))]
            {
                return module + suffix
            }
            if name == "classifier.layernorm" + suffix { return "mlp_head.0" + suffix }
            if name == "classifier.dense" + suffix { return "mlp_head.1" + suffix }
        }
        return name
    }
}
