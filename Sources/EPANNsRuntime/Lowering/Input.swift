import COneDNN
import EPANNsGraph

extension ProgramBuilder {
    /// One of the network's inputs, or the given results of the first node, which are written before a run.
    mutating func input(_ index: Int) throws {
        let value = newValue(try .plain(dimensions(index)))
        values[index] = value
        inputValues[index] = value
    }

    /// Where the input goes.
    package var programInput: ProgramInput {
        let batch = batch(use.firstNode)
        guard use.firstNode == 0 else {
            // A row is the first node's result.
            return programInput(rows: [use.firstNode], batch: batch)
        }
        return programInput(rows: graph.nodes.indices.filter { graph.nodes[$0].isInput }, batch: batch)
    }

    private func programInput(rows nodes: [Int], batch: Int) -> ProgramInput {
        var offset = 0
        var parts: [ProgramInput.Part] = []
        for node in nodes {
            let count = shapes[node].count
            // What no output depends on has no memory.
            if let value = inputValues[node] {
                parts.append(
                    ProgramInput.Part(buffer: value.buffer, count: count, offset: offset, affine: inputAffines[node]))
            }
            offset += count
        }
        return ProgramInput(parts: parts, clips: batch, rowCount: offset)
    }
}

extension ModelGraph.Node {
    /// Whether it is one of the network's inputs.
    var isInput: Bool {
        if case .input = operation { true } else { false }
    }
}
