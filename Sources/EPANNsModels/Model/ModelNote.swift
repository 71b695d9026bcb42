import EPANNsCore

/// What a user should know of a model that was read.
///
/// A face puts it into its own words with ``remedy``; ``description`` has the library's.
public enum ModelNote: Hashable, Sendable, CustomStringConvertible {
    /// The file does not tell its front end, and PANNs' 32 kHz one is assumed.
    case assumedFrontEnd
    /// The file holds kernels of another transform than the one that is computed.
    case otherTransformKernels
    /// Several networks have the file's tensors, and its name chose one of them.
    case namedArchitecture(file: String, architecture: String)

    /// What there is to know: sentences.
    public var message: String {
        switch self {
        case .assumedFrontEnd:
            "The checkpoint stores no front end; PANNs' 32 kHz one is assumed. If it is a 16 kHz or 8 kHz variant, the "
                + "tags are wrong."
        case .otherTransformKernels:
            "The stored STFT kernels are not those of a periodic Hann window; an ordinary Fourier transform is used "
                + "instead."
        case .namedArchitecture(let file, let architecture):
            "\(file.printable) is read as \(architecture), as its name says; its tensors are those of cnn14, too."
        }
    }

    /// What can be done about it; nil where nothing can.
    public var remedy: Remedy? {
        switch self {
        case .assumedFrontEnd: .nameFrontEnd
        case .namedArchitecture: .nameArchitecture
        case .otherTransformKernels: nil
        }
    }

    /// The message and the remedy in the library's words.
    public var description: String { message + (remedy.map { " \($0)" } ?? "") }
}

extension ModelNote: Encodable {
    /// Encodes the words.
    ///
    /// - Parameter encoder: The encoder to write to.
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var box = encoder.singleValueContainer()
        try box.encode(description)
    }
}
