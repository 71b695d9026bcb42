import EPANNsCore
import EPANNsGraph

/// Compares the tensors of a checkpoint with what a graph needs.
enum StateDictCheck {
    /// Checks names and shapes.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` that lists every missing, extra and
    ///   mis-shaped tensor at once. Entries that inference can do without may be missing.
    static func validate(_ tensors: [String: Tensor], against specs: [ParameterSpec], architecture: String) throws {
        var missing: [String] = []
        var misshaped: [String] = []
        for spec in specs {
            guard let tensor = tensors[spec.name] else {
                if !spec.isOptional { missing.append(spec.name) }
                continue
            }
            if tensor.shape != spec.shape {
                misshaped.append("\(spec.name) (is \(text(tensor.shape)), should be \(text(spec.shape)))")
            }
        }
        let known = Set(specs.map(\.name))
        let extra = tensors.keys.filter { !known.contains($0) }.sorted()
        guard !missing.isEmpty || !misshaped.isEmpty || !extra.isEmpty else { return }
        var parts: [String] = []
        if !missing.isEmpty { parts.append("missing: \(list(missing))") }
        if !misshaped.isEmpty { parts.append("of another shape: \(list(misshaped))") }
        // Names of a stranger's choice.
        if !extra.isEmpty {
            parts.append("not part of the network: \(list(extra.map { String($0.prefix(200)).printable }))")
        }
        throw EPANNsError(
            .checkpointMismatch, "The tensors do not fit \(architecture). " + parts.joined(separator: "; ") + ".")
    }

    /// The names, all of a real network's; of a file that means harm, the first four hundred.
    private static func list(_ names: [String]) -> String {
        let limit = 400
        let more = names.count > limit ? " and \(names.count - limit) more" : ""
        return names.prefix(limit).joined(separator: ", ") + more
    }

    private static func text(_ shape: [Int]) -> String {
        shape.isEmpty ? "a scalar" : shape.map(String.init).joined(separator: "×")
    }
}
