import EPANNsCore
import EPANNsGraph

/// Who reads what in a graph, and what of it is needed at all.
struct GraphUse {
    let graph: ModelGraph
    /// Where the program begins: the input, or the node whose results are given instead.
    let firstNode: Int
    /// The node whose result a node passes on: its input's for a dropout that drops nothing, itself for all others.
    private(set) var aliases: [Int]
    /// Nodes whose results are wanted after the run.
    let outputs: Set<Int>
    /// Whether an output depends on a node.
    private(set) var isNeeded: [Bool]
    /// Needed nodes that read a node's result.
    private(set) var consumers: [[Int]]
    /// Whether anything trained lies at or before a node, so that its gradient is needed.
    private(set) var carries: [Bool]
    /// The spectrogram as it is augmented: the input, or a norm over mel right behind it; nil where there is none.
    ///
    /// PANNs augment behind bn0, where zero is the mean of the data.
    private(set) var spectrogramStage: Int?
    /// Nodes behind which clips are mixed: ``spectrogramStage``, and those that the graph names.
    private(set) var mixingNodes: Set<Int> = []
    /// Whether a node sees clips one by one as they come, not yet mixed.
    private(set) var isPerClip: [Bool]

    init(_ graph: ModelGraph, firstNode: Int, outputs: [Int], mode: LoweringMode) {
        self.graph = graph
        self.firstNode = firstNode
        isPerClip = Array(repeating: false, count: graph.nodes.count)
        var aliases = Array(graph.nodes.indices)
        for (index, node) in graph.nodes.enumerated() where index > firstNode {
            if case .dropout(let rate) = node.operation, mode.dropout == nil || rate <= 0 {
                aliases[index] = aliases[node.inputs[0]]
            }
        }
        self.aliases = aliases
        self.outputs = Set(outputs.map { aliases[$0] })

        isNeeded = Array(repeating: false, count: graph.nodes.count)
        for output in self.outputs { isNeeded[output] = true }
        for index in graph.nodes.indices.reversed() where isNeeded[index] && index > firstNode {
            for input in graph.nodes[index].inputs { isNeeded[aliases[input]] = true }
        }
        consumers = Array(repeating: [], count: graph.nodes.count)
        carries = Array(repeating: false, count: graph.nodes.count)
        for (index, node) in graph.nodes.enumerated() where isNeeded[index] && index > firstNode {
            let inputs = node.inputs.map { aliases[$0] }
            precondition(inputs.allSatisfy { $0 >= firstNode }, "the network bypasses its first node")
            for input in inputs { consumers[input].append(index) }
            carries[index] =
                inputs.contains { carries[$0] }
                || graph.parameterSpecs(of: index).contains { $0.role == .trainable && mode.isTrained($0.name) }
        }
        if firstNode == 0 { findMixing() }
    }

    /// Finds where clips are mixed: the spectrogram at its stage, a waveform where the graph says, or at once.
    private mutating func findMixing() {
        mixingNodes = graph.mixedNodes.filter { isNeeded[$0] }
        let mixesLater = !mixingNodes.isEmpty
        for (index, node) in graph.nodes.enumerated() where isNeeded[index] {
            guard case .input(let input) = node.operation else { continue }
            switch input {
            case .logMel:
                let stage = normOverMel(behind: index) ?? index
                spectrogramStage = stage
                mixingNodes.insert(stage)
            case .waveform: if !mixesLater { mixingNodes.insert(index) }
            }
        }
        for (index, node) in graph.nodes.enumerated() where isNeeded[index] {
            let unmixed = node.inputs.map { isPerClip[aliases[$0]] && !mixingNodes.contains(aliases[$0]) }
            isPerClip[index] = node.isInput || unmixed.contains(true)
            precondition(Set(unmixed).count < 2, "\(node.name) joins clips that are mixed with others that are not")
        }
    }

    private func normOverMel(behind index: Int) -> Int? {
        guard consumers[index].count == 1, !outputs.contains(index), let next = consumers[index].first,
            case .batchNorm(let norm) = graph.nodes[next].operation, norm.axis != .channel
        else { return nil }
        return next
    }

    /// The node whose result is a node's input.
    func source(_ index: Int, _ position: Int = 0) -> Int { aliases[graph.nodes[index].inputs[position]] }

    /// The nodes whose results are a node's inputs.
    func sources(_ index: Int) -> [Int] { graph.nodes[index].inputs.map { aliases[$0] } }

    func isOutput(_ index: Int) -> Bool { outputs.contains(index) }

    /// The node that alone reads `index`, which is then free to be fused.
    func soleConsumer(_ index: Int) -> Int? {
        consumers[index].count == 1 && !isOutput(index) ? consumers[index][0] : nil
    }
}
