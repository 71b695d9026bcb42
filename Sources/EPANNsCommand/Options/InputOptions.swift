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
            "The channel to listen to, counted from 1, or mix for the mean of all, or auto: the mean, or where the "
                + "channels cancel each other, the loudest.",
            valueName: "n|mix|auto"),
        transform: { try ChannelSelection(parsing: $0) })
    var channel = ChannelSelection.automatic

    @Option(
        help: ArgumentHelp(
            "A result for every window of this many seconds (default: one for the clip; of clips above 30 s the mean over "
                + "windows of 10 s).",
            valueName: "seconds"))
    var window: Double?

    @Option(
        help: ArgumentHelp(
            "Seconds from the start of one window to the start of the next (default: the window's length).",
            valueName: "seconds"))
    var hop: Double?

    @Flag(help: "Take long clips, too, as a whole, at most an hour; they may need gigabytes of memory.")
    var whole = false

    func validate() throws {
        if hop != nil && window == nil { throw ValidationError("--hop needs --window.") }
        if whole && window != nil { throw ValidationError("--whole and --window exclude each other.") }
        if let window, !(window > 0 && window <= 86400) {
            throw ValidationError("--window must be above 0 and at most 86400 seconds.")
        }
        if let hop, !(hop >= WindowPolicy.shortestHopSeconds && hop <= 86400) {
            throw ValidationError(
                "--hop must be between \(WindowPolicy.shortestHopSeconds) and 86400 seconds; below, windows hardly differ."
            )
        }
        if raw != nil && inputs != ["-"] {
            throw ValidationError("--raw describes standard input; give - as the only input.")
        }
    }

    /// How the audio is cut.
    var policy: WindowPolicy {
        whole ? .whole : window.map { .every(seconds: $0, hopSeconds: hop) } ?? .automatic
    }

    /// The format of bare samples; nil where none were promised.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    func rawFormat() throws -> RawPCMFormat? { try raw.map { try RawPCMFormat(parsing: $0) } }

    /// The inputs' files, folders and patterns resolved, in a stable order.
    func search() -> InputSearch { InputSearch(inputs.map(ProgramArguments.bytes)) }

    /// Says what the numbers mean where they may be a mistake.
    func note() {
        guard let window, let hop, hop > window else { return }
        StandardError.write(
            "The hop of \(CountText.seconds(hop)) s is longer than the window of \(CountText.seconds(window)) s: "
                + "\(CountText.seconds(hop - window)) of every \(CountText.seconds(hop)) s are not listened to.")
    }
}
