import ArgumentParser
import EPANNs
import EPANNsCore

/// The options of every command that reads audio.
struct InputOptions: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Audio or video files, folders (searched through), patterns like 'night/*.flac', or - for standard input.",
            valueName: "input"),
        completion: .file())
    var inputs: [String]

    @Option(
        help: ArgumentHelp(
            "Samples on standard input without a container: type, rate in Hz, channels, such as s16le:16000:1 or f32le:48000:2.",
            valueName: "format"))
    var raw: String?

    @Option(
        help: ArgumentHelp(
            "Cut the audio into windows of this many seconds (default: one window, the whole clip). Long recordings need it.",
            valueName: "seconds"))
    var window: Double?

    @Option(
        help: ArgumentHelp(
            "Seconds from the start of one window to the start of the next (default: the window's length).",
            valueName: "seconds"))
    var hop: Double?

    func validate() throws {
        if hop != nil && window == nil { throw ValidationError("--hop needs --window.") }
        if let window, !(window > 0) { throw ValidationError("--window must be above 0 seconds.") }
        if let hop, !(hop > 0) { throw ValidationError("--hop must be above 0 seconds.") }
        if raw != nil && inputs != ["-"] {
            throw ValidationError("--raw describes standard input; give - as the only input.")
        }
    }

    /// The inputs' files, folders and patterns resolved, in a stable order.
    ///
    /// Arguments that lead nowhere are reported, and their number is returned, unless nothing is left.
    ///
    /// - Throws: The first argument's error when no argument leads anywhere.
    func files() throws -> (files: [InputFile], failureCount: Int) {
        let found = InputFinder.find(inputs)
        if found.files.isEmpty, found.failures.count == 1 { throw found.failures[0] }
        for failure in found.failures { StandardError.write("\(failure)") }
        if found.files.isEmpty { throw ExitCode(1) }
        return (found.files, found.failures.count)
    }

    /// Where an input's audio comes from.
    func source(_ file: InputFile) throws -> AudioSource {
        try AudioSource(argument: file.path, rawFormat: raw.map { try RawPCMFormat(parsing: $0) })
    }
}
