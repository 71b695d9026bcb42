import EPANNsCore
import EPANNsGraph

extension ChannelPruner {
    /// Finds which channels belong together, the free ties first, so that it is known which a sum adds.
    struct Analysis {
        let graph: ModelGraph
        var union: ChannelUnion
        /// Layers that only say how much of other channels passes.
        private var gates = Set<Int>()
        /// Channels that a sum tied to others, as members of the union.
        private var tied: [(node: Int, channel: Int)] = []

        init(_ graph: ModelGraph) {
            self.graph = graph
            union = ChannelUnion(graph)
        }

        /// Everything but products and sums.
        mutating func joinChains() {
            for (index, node) in graph.nodes.enumerated() {
                switch node.operation {
                case .transpose, .activation, .pool, .reduce, .dropout, .batchNorm, .softmax, .layerNorm, .flatten,
                    .first:
                    union.joinAll(index, node.inputs[0], channels: node.channels)
                case .convolution(let settings) where settings.groups > 1:
                    joinGroups(index, settings)
                case .poolDecisions:
                    for input in node.inputs { union.joinAll(index, input, channels: node.channels) }
                case .concatenate:
                    var offset = 0
                    for input in node.inputs {
                        for channel in 0..<graph.nodes[input].channels {
                            union.join(index, offset + channel, input, channel)
                        }
                        offset += graph.nodes[input].channels
                    }
                case .unflattenChannels(let height):
                    for channel in 0..<node.channels {
                        for row in 0..<height {
                            union.join(index, channel, node.inputs[0], channel * height + row)
                        }
                    }
                case .join:
                    for input in node.inputs { union.joinAll(index, input, channels: node.channels) }
                case .attention(let settings): joinHeads(index, settings)
                case .input, .parameter, .convolution, .linear, .add, .multiply: break
                }
            }
        }

        /// A group of a convolution goes as a whole: its inputs and its filters.
        private mutating func joinGroups(_ index: Int, _ settings: Convolution) {
            let input = graph.nodes[index].inputs[0]
            let inputs = graph.nodes[input].channels / settings.groups
            let outputs = settings.filters / settings.groups
            for group in 0..<settings.groups {
                let first = group * outputs
                for channel in 0..<outputs { union.join(index, first, index, first + channel) }
                for channel in 0..<inputs { union.join(index, first, input, group * inputs + channel) }
            }
        }

        /// A head goes as a whole: its queries, keys and values, and what it gives.
        private mutating func joinHeads(_ index: Int, _ settings: Attention) {
            let input = graph.nodes[index].inputs[0]
            for channel in 0..<settings.width {
                let first = channel / settings.headWidth * settings.headWidth
                union.join(index, first, index, channel)
                for part in 0..<3 { union.join(index, first, input, part * settings.width + channel) }
            }
        }

        /// Products; what makes the second factor, and not the first, only gates it.
        mutating func joinProducts() {
            for (index, node) in graph.nodes.enumerated() {
                guard case .multiply = node.operation else { continue }
                for channel in 0..<node.channels { union.join(index, channel, node.inputs[0], channel) }
                let first = roots(node.inputs[0])
                let second = roots(node.inputs[1])
                if first.isDisjoint(with: second) {
                    for producer in producers where !roots(producer).isDisjoint(with: second) {
                        gates.insert(producer)
                    }
                }
                union.joinAll(node.inputs[0], node.inputs[1], channels: node.channels)
            }
        }

        /// Sums; those of channels that were apart are residual.
        mutating func joinSums() {
            for (index, node) in graph.nodes.enumerated() {
                guard case .add = node.operation else { continue }
                union.joinAll(index, node.inputs[0], channels: node.channels)
                for input in node.inputs.dropFirst() {
                    for channel in 0..<node.channels where union.join(index, channel, input, channel) {
                        tied.append((index, channel))
                    }
                }
            }
        }

        /// Layers whose filters are channels of their own.
        private var producers: [Int] {
            graph.nodes.indices.filter { index in
                switch graph.nodes[index].operation.parameterLayout {
                case .kernel(let settings): settings.groups == 1
                case .matrix: true
                case .norm, .affine, .value, .none: false
                }
            }
        }

        private mutating func roots(_ node: Int) -> Set<Int> {
            var result = Set<Int>()
            for channel in 0..<graph.nodes[node].channels { result.insert(union.root(node, channel)) }
            return result
        }

        /// The groups: layers that share a unit, with all their units.
        mutating func groups() -> [ChannelGroup] {
            var fixed = Set<Int>()
            for (index, node) in graph.nodes.enumerated() {
                // What is read or stored as a whole.
                if node.inputs.isEmpty { fixed.formUnion(roots(index)) }
                // Its mean is over all channels: without one, the others would be normalised otherwise.
                if case .layerNorm = node.operation { fixed.formUnion(roots(index)) }
            }
            for output in [ModelGraph.Output.scores, .logits] {
                if let node = graph.outputs[output] { fixed.formUnion(roots(node)) }
            }
            let embedding = graph.outputs[.embedding].map { roots($0) } ?? []
            let residual = Set(tied.map { union.root($0.node, $0.channel) })

            // Layers that share a set of channels, directly or through others.
            var groupOfRoot: [Int: Int] = [:]
            var members: [[Int]] = []
            for producer in producers {
                let own = roots(producer)
                let touched = Set(own.compactMap { groupOfRoot[$0] })
                let target = touched.min() ?? members.count
                if target == members.count { members.append([]) }
                for other in touched where other != target {
                    members[target] += members[other]
                    members[other] = []
                    for (root, group) in groupOfRoot where group == other { groupOfRoot[root] = target }
                }
                members[target].append(producer)
                for root in own { groupOfRoot[root] = target }
            }
            return members.filter { !$0.isEmpty }.map { $0.sorted() }.sorted { $0[0] < $1[0] }.map { layers in
                group(layers, fixed: fixed, residual: residual, embedding: embedding)
            }
        }

        private mutating func group(
            _ layers: [Int], fixed: Set<Int>, residual: Set<Int>, embedding: Set<Int>
        ) -> ChannelGroup {
            var units: [[ChannelGroup.Element]] = []
            var unitOfRoot: [Int: Int] = [:]
            for node in layers {
                for channel in 0..<graph.nodes[node].channels {
                    let root = union.root(node, channel)
                    let element = ChannelGroup.Element(node: node, channel: channel)
                    if let unit = unitOfRoot[root] {
                        units[unit].append(element)
                    } else {
                        unitOfRoot[root] = units.count
                        units.append([element])
                    }
                }
            }
            let roots = Set(unitOfRoot.keys)
            let scored = layers.contains { !gates.contains($0) } ? layers.filter { !gates.contains($0) } : layers
            let tie: ChannelGroup.Tie =
                !roots.isDisjoint(with: fixed) ? .fixed : roots.isDisjoint(with: residual) ? .none : .residual
            return ChannelGroup(
                layers: layers.map { node in
                    var isConvolution = false
                    if case .convolution(let settings) = graph.nodes[node].operation {
                        isConvolution = !settings.isStoredAsMatrix
                    }
                    return ChannelGroup.Layer(
                        name: graph.nodes[node].name, node: node, isConvolution: isConvolution,
                        isScored: scored.contains(node))
                },
                tie: tie, isEmbedding: !roots.isDisjoint(with: embedding), units: units)
        }
    }
}
