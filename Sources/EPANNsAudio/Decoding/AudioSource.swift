import EPANNsCore

/// Where audio comes from.
public enum AudioSource: Sendable, Hashable, CustomStringConvertible {
    /// A file, or a pipe with a name.
    case file(path: String)
    /// Standard input, holding a container that FFmpeg recognises.
    case standardInput
    /// Standard input, holding bare samples.
    case rawStandardInput(RawPCMFormat)
    /// An open file descriptor, read from where it stands and never closed.
    case descriptor(Int32, rawFormat: RawPCMFormat?)
    /// A whole file in memory; `name` is for messages.
    case bytes([UInt8], name: String)

    /// Reads a command-line argument: a path, or `-` for standard input.
    ///
    /// - Parameters:
    ///   - argument: What the user wrote.
    ///   - rawFormat: The format of bare samples; nil when the input is a container.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` for an empty argument or a raw format
    ///   with a path.
    public init(argument: String, rawFormat: RawPCMFormat? = nil) throws {
        switch (argument, rawFormat) {
        case ("", _):
            throw EPANNsError(.invalidConfiguration, "The audio's path is empty; name a file, or - for standard input.")
        case ("-", nil): self = .standardInput
        case ("-", let format?): self = .rawStandardInput(format)
        case (_, nil): self = .file(path: argument)
        case (_, _?):
            throw EPANNsError(
                .invalidConfiguration,
                "A raw sample format goes with standard input only; give - instead of \(argument), and the file as <.")
        }
    }

    /// The path, `standard input`, or the name of the bytes.
    public var description: String {
        switch self {
        case .file(let path): path
        case .standardInput, .rawStandardInput: "standard input"
        case .descriptor(let descriptor, _): "file descriptor \(descriptor)"
        case .bytes(_, let name): name
        }
    }
}
