import EPANNsCore
import EPANNsGraph

/// Which channels of a graph's nodes belong together: a union–find over all (node, channel) pairs.
struct ChannelUnion {
    private let offsets: [Int]
    private var parents: [Int]

    init(_ graph: ModelGraph) {
        var offsets: [Int] = []
        var count = 0
        for node in graph.nodes {
            offsets.append(count)
            count += node.channels
        }
        self.offsets = offsets
        parents = Array(0..<count)
    }

    /// The number of the set that a channel is in; the smallest of its members'.
    mutating func root(_ node: Int, _ channel: Int) -> Int { root(offsets[node] + channel) }

    private mutating func root(_ element: Int) -> Int {
        var element = element
        while parents[element] != element {
            parents[element] = parents[parents[element]]
            element = parents[element]
        }
        return element
    }

    /// Puts two channels together.
    ///
    /// - Returns: Whether they were apart.
    @discardableResult
    mutating func join(_ node: Int, _ channel: Int, _ otherNode: Int, _ otherChannel: Int) -> Bool {
        let first = root(node, channel)
        let second = root(otherNode, otherChannel)
        parents[max(first, second)] = min(first, second)
        return first != second
    }

    /// Puts each channel together with the one of the same index.
    mutating func joinAll(_ node: Int, _ other: Int, channels: Int) {
        for channel in 0..<channels { join(node, channel, other, channel) }
    }
}
