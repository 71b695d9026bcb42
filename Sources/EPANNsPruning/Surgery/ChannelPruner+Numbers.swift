extension ChannelPruner {
    /// Numbers of the convolutions, from 1, in the graph's order: C1, C2, … as in the paper.
    package var convolutionNumbers: [String: Int] {
        var numbers: [String: Int] = [:]
        for node in graph.nodes {
            if case .convolution(let settings) = node.operation, !settings.isStoredAsMatrix {
                numbers[node.name] = numbers.count + 1
            }
        }
        return numbers
    }
}
