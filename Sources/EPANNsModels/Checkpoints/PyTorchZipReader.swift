enum PyTorchZipReader {
    static func read(_ source: CheckpointSource) throws -> Checkpoint { throw source.unsupported("PyTorch zip") }
}
