/// The container a checkpoint came in.
public enum CheckpointFormat: String, Sendable, Codable, CaseIterable {
    /// A JSON header and raw data; holds no code. SPEC §3.7.
    case safetensors
    /// The zip archive that `torch.save` has written since 1.6. SPEC §3.3.
    case pyTorchZip = "pytorch-zip"
    /// The stream of pickles and raw data that `torch.save` wrote before 1.6. SPEC §3.2.
    case pyTorchLegacy = "pytorch-legacy"
}
