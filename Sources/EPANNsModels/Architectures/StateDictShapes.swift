import EPANNsCore
import EPANNsGraph

/// Names and shapes of a checkpoint's tensors: what an architecture recognises its networks by.
public struct StateDictShapes: Sendable {
    private let shapes: [String: [Int]]

    /// Wraps shapes by state-dict keys.
    public init(_ shapes: [String: [Int]]) { self.shapes = shapes }

    /// The keys, in alphabetical order.
    public var names: [String] { shapes.keys.sorted() }

    /// Whether there is a tensor of that name.
    public func contains(_ name: String) -> Bool { shapes[name] != nil }

    /// The shape of a tensor that must be there.
    ///
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when it is missing, has another number of axes, or is empty.
    public func shape(_ name: String, rank: Int) throws -> [Int] {
        guard let shape = shapes[name] else {
            throw EPANNsError(.checkpointMismatch, "The checkpoint looks like a known network but has no \(name).")
        }
        guard shape.count == rank, shape.allSatisfy({ $0 > 0 }) else {
            throw EPANNsError(.checkpointMismatch, "\(name) has shape \(shape), but should have \(rank) axes.")
        }
        return shape
    }

    /// The first extent of a tensor: filters of a convolution, outputs of a linear layer.
    ///
    /// - Throws: As ``shape(_:rank:)``.
    public func width(_ name: String, rank: Int) throws -> Int { try shape(name, rank: rank)[0] }
}
