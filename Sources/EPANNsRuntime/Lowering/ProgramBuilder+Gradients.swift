import COneDNN

// The backward pass.
extension ProgramBuilder {
    /// Lowers the backward pass, from the gradients that ``addGradient(_:_:)`` has noted to the weights.
    package mutating func backward() throws {
        for index in graph.nodes.indices.reversed() where index > use.firstNode && use.carries[index] {
            guard let parts = gradients.removeValue(forKey: index), let recipe = recipes[index] else { continue }
            let gradient = try sum(parts, name: name(index))
            try recipe(&self, gradient)
        }
    }

    /// Whether anything in the program is trained.
    package var isAnythingTrained: Bool { use.outputs.contains { use.carries[$0] } }

    /// Notes what a consumer says about a node's gradient.
    ///
    /// The memory may be shared: nobody writes to it again.
    package mutating func addGradient(_ node: Int, _ value: Value) {
        let node = use.aliases[node]
        guard use.carries[node] else { return }
        gradients[node, default: []].append(value)
    }

    /// The sum of gradients, in the layout of the first.
    private mutating func sum(_ parts: [Value], name: String) throws -> Value {
        guard var total = parts.first else { preconditionFailure("a gradient has parts") }
        for part in parts.dropFirst() {
            total = try binary(dnnl_binary_add, total, arranged(part, like: total, name: name), name: name)
        }
        return total
    }
}
