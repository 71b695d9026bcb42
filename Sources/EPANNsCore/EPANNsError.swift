/// The one error type of the package.
///
/// `message` says what went wrong and what the user can do about it; `code` is what programs switch over.
/// The command maps a code to an exit status, the server to an HTTP status, each in one function.
public struct EPANNsError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it was.
    public enum Code: String, Sendable, Codable, CaseIterable {
        /// The audio is empty, damaged, absurd, or too short to use.
        case invalidAudio
        /// A container, codec, checkpoint or sample format that is not supported.
        case unsupportedFormat
        /// A checkpoint file is damaged, truncated or hostile.
        case invalidCheckpoint
        /// A file is not, byte for byte, the one that was published or first downloaded.
        case checksumMismatch
        /// A checkpoint's tensors do not fit the architecture.
        case checkpointMismatch
        /// A configuration, option or argument has an invalid value.
        case invalidConfiguration
        /// A model name is unknown, or its file is not on this machine.
        case modelUnavailable
        /// A file could not be read or written.
        case fileFailure
        /// A download or another network exchange failed.
        case networkFailure
        /// Training cannot go on: the loss is not a number, or another process of the run has ended.
        case trainingFailure
        /// A C library (oneDNN, FFmpeg) refused a call.
        case backendFailure
    }

    /// Where in the source the error was made; for bug reports.
    public struct Location: Sendable, Hashable {
        /// The file's identifier, `Module/File.swift`.
        public var file: String
        /// The line, counted from 1.
        public var line: Int
    }

    /// What kind of failure it was.
    public var code: Code
    /// What went wrong, and what the user can do.
    public var message: String
    /// The error underneath, where there is one.
    public var cause: (any Error)?
    /// What the user can do, where it is more than `message` says; each face has its own words for it.
    public var remedy: Remedy?
    /// Where in the source the error was made.
    public var location: Location

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: What kind of failure it is.
    ///   - message: What went wrong, and what the user can do.
    ///   - cause: The error underneath, where there is one.
    ///   - remedy: What the user can do, where it depends on the face: an option of the command, a call.
    ///   - file: Source file of the caller.
    ///   - line: Line of the caller.
    public init(
        _ code: Code, _ message: String, cause: (any Error)? = nil, remedy: Remedy? = nil, file: String = #fileID,
        line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.cause = cause
        self.remedy = remedy
        location = Location(file: file, line: line)
    }

    /// The message, the remedy in the library's words, then the cause in brackets.
    public var description: String { text { $0.description } }

    /// The message, the remedy in a face's own words, then the cause in brackets.
    ///
    /// - Parameter words: The remedy as a sentence; nil where the face does not have it, which is left out then.
    public func text(_ words: (Remedy) -> String?) -> String {
        let advice = remedy.flatMap(words).map { " \($0)" } ?? ""
        guard let cause else { return message + advice }
        return "\(message)\(advice) [\(Self.words(of: cause))]"
    }
}
