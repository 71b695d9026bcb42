import EPANNsCore

/// A published checkpoint in the names and shapes that a graph has.
public struct TranslatedCheckpoint: Sendable {
    /// The tensors by the graph's names.
    public var tensors: [String: Tensor]
    /// What the file's kind says of the network beside its shapes.
    public var adapt: @Sendable (inout ModelConfiguration) -> Void

    /// Makes a translation.
    public init(tensors: [String: Tensor], adapt: @escaping @Sendable (inout ModelConfiguration) -> Void) {
        self.tensors = tensors
        self.adapt = adapt
    }
}
