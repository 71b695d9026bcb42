import COneDNN

/// Arithmetic of a network's inner layers. Inputs, biases and the last layer's outputs are Float32 in any case.
public enum Precision: String, Codable, Hashable, Sendable, CaseIterable {
    /// 32-bit floating point.
    case fp32
    /// bfloat16 weights and activations with Float32 accumulation.
    case bf16

    /// What the machine's CPU runs fastest.
    ///
    /// With AMX that is bf16, eight times as fast as fp32. With AVX-512 BF16 alone (Zen 4) and oneDNN 2.x, fp32 by
    /// Winograd's algorithm is as fast as bf16 and exact, so fp32 runs; oneDNN 3.x has no Winograd on x86, so there
    /// bf16 wins. Without native bf16 it would only be emulated.
    public static var fastest: Precision {
        if onednn_has_amx() != 0 { return .bf16 }
        return onednn_has_native_bf16() != 0 && !hasWinograd ? .bf16 : .fp32
    }

    /// Whether the CPU computes bf16 natively; elsewhere it works too, slowly.
    public static var hasNativeBF16: Bool { onednn_has_native_bf16() != 0 }

    static var hasWinograd: Bool { DNNL_VERSION_MAJOR < 3 }
}

/// What the user asks for.
public enum PrecisionChoice: String, Codable, Hashable, Sendable, CaseIterable {
    /// The fastest that the CPU runs natively.
    case auto
    case fp32
    case bf16

    /// What will run.
    public var resolved: Precision {
        switch self {
        case .auto: .fastest
        case .fp32: .fp32
        case .bf16: .bf16
        }
    }
}
