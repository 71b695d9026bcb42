import COneDNN
import EPANNsCore
import EPANNsGraph

/// Arithmetic of a network's inner layers.
///
/// Inputs, biases and the last layer's outputs are Float32 in any case.
public enum Precision: String, Codable, Hashable, Sendable, CaseIterable {
    /// 32-bit floating point.
    case fp32
    /// bfloat16 weights and activations with Float32 accumulation.
    case bf16

    /// What suits the machine's CPU best: bf16 where it is native (AMX, AVX-512 BF16), else fp32.
    ///
    /// With AMX bf16 is several times as fast. With AVX-512 BF16 alone and oneDNN 2.x, fp32 by Winograd's algorithm is
    /// about as fast, but its transformed weights take four times the memory and longer to prepare. Without native
    /// bf16 it would only be emulated.
    public static var fastest: Precision { hasNativeBF16 ? .bf16 : .fp32 }

    /// Whether the CPU computes bf16 natively.
    public static var hasNativeBF16: Bool { onednn_has_native_bf16() != 0 }

    /// Whether oneDNN has kernels for this arithmetic on this CPU; bf16 on x86 needs AVX-512.
    public var isSupported: Bool {
        switch self {
        case .fp32: true
        case .bf16: Self.hasBF16
        }
    }

    private static let hasBF16: Bool = {
        let probe = try? Primitive("a bf16 product") { descriptor, engine, attribute in
            let matrix = try MemoryDescriptor([64, 64], dnnl_bf16, dnnl_format_tag_any)
            let result = try MemoryDescriptor([64, 64], dnnl_f32, dnnl_format_tag_any)
            return onednn_inner_product_forward(
                &descriptor, engine, dnnl_forward_inference, matrix.handle, matrix.handle, nil, result.handle,
                attribute)
        }
        return probe.map { !$0.implementation.hasPrefix("ref") } ?? false
    }()

    /// Checks that the arithmetic can run.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` where it cannot.
    public func checkSupport() throws {
        guard isSupported else {
            throw EPANNsError(
                .invalidConfiguration,
                "This CPU cannot compute in \(rawValue) with the installed oneDNN, only in fp32.",
                remedy: .choosePrecision("auto"))
        }
    }

    package static var hasWinograd: Bool { DNNL_VERSION_MAJOR < 3 }
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
