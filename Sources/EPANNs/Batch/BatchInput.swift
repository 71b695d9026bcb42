import EPANNsAudio
import EPANNsCore
import Foundation

/// One input of a run, and what its result is called in a folder of results.
public struct BatchInput: Codable, Hashable, Sendable {
    /// The path as given or found, `-` for standard input.
    ///
    /// Bytes that are not UTF-8 text are written as `\xFF`.
    public var path: String
    /// Path relative to the folder that was searched, or the file's name.
    public var relativePath: String
    /// The path's bytes where they are not UTF-8 text; else nil.
    public var bytes: [UInt8]?
    /// Why the input leads nowhere; nil for those that do not.
    public var failure: ResultFailure?

    /// Makes an input.
    public init(path: String, relativePath: String, bytes: [UInt8]? = nil, failure: ResultFailure? = nil) {
        self.path = path
        self.relativePath = relativePath
        self.bytes = bytes
        self.failure = failure
    }

    /// Standard input.
    public static let standardInput = BatchInput(path: "-", relativePath: "standard-input")

    /// The length that the file's header promises, in seconds; nil where it cannot be known without taking something
    /// away (standard input, a named pipe), is not said, or the file cannot be read.
    public var promisedSeconds: Double? {
        guard failure == nil, self != .standardInput, case .regular = FilePath.kind(bytes ?? Array(path.utf8)) else {
            return nil
        }
        return try? withSource(rawFormat: nil) { try AudioReader($0, sampleRate: 32000).info.durationSeconds }
    }

    /// How results name it.
    func head(_ model: ModelIdentity?) -> ResultHead {
        ResultHead(file: path, fileBytes: bytes?.hexadecimal, model: model)
    }

    /// Opens the input, hands its source over, and closes it.
    ///
    /// - Parameters:
    ///   - rawFormat: The format of bare samples on standard input.
    ///   - body: Gets the source.
    /// - Throws: `EPANNsError` with code `fileFailure` when it cannot be opened; what `body` throws.
    func withSource<Result>(rawFormat: RawPCMFormat?, _ body: (AudioSource) throws -> Result) throws -> Result {
        guard let bytes else { return try body(AudioSource(argument: path, rawFormat: rawFormat)) }
        // A name that is not text can only be opened by its bytes.
        let descriptor = try FilePath.withCString(bytes) { name in
            let descriptor = SystemCall.retrying { open(name, O_RDONLY | O_CLOEXEC) }
            guard descriptor >= 0 else { throw SystemCall.failure("open", path) }
            return descriptor
        }
        defer { _ = close(descriptor) }
        return try body(.descriptor(descriptor, rawFormat: nil))
    }
}
