enum PyTorchLegacyReader {
    static func read(_ source: CheckpointSource) throws -> Checkpoint { throw source.unsupported("PyTorch legacy") }
}
