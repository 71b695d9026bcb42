import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsData
import EPANNsEvaluation
import EPANNsPruning

/// The clips that active criteria and `--sensitivity` listen to.
struct PruningClipOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The table of clips and their classes, as “epanns evaluate” takes it.", valueName: "table"),
        completion: .file())
    var data: String?

    @Option(
        help: ArgumentHelp(
            "The folder of the recordings; without --data, any recordings, no classes needed.", valueName: "folder"),
        completion: .directory)
    var audio: String?

    @OptionGroup var classMap: ClassMapOption

    @Option(name: .customLong("clips"), help: ArgumentHelp("Listen to so many clips, evenly chosen.", valueName: "n"))
    var count = 64

    func validate() throws {
        if count < 1 { throw ValidationError("--clips must be at least 1.") }
        if classMap.map != nil && data == nil { throw ValidationError("--map goes with --data.") }
    }

    /// Whether clips were named.
    var areGiven: Bool { data != nil || audio != nil }

    /// Loads the clips.
    ///
    /// - Parameters:
    ///   - purpose: Who listens, for messages.
    ///   - needsClasses: Whether their classes must be known.
    /// - Throws: `EPANNsError` as `PruningClips`.
    func load(
        for model: Model, seconds: Double, purpose: String, needsClasses: Bool
    ) throws -> PruningClips {
        if let data {
            var set = try DataSet.read(data, audio: audio)
            for note in set.notes { StandardError.write(note) }
            set = try set.subset(chosen(Array(set.clips.indices)))
            return try PruningClips(
                set, mapping: classMap.mapping(set, model.labels), for: model, seconds: seconds)
        }
        guard !needsClasses else {
            throw EPANNsError(.invalidConfiguration, "\(purpose) needs clips with their classes: give --data.")
        }
        guard let audio else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(purpose) listens to sounds: name a table with --data, or a folder of recordings with --audio.")
        }
        let found = InputFinder.find([audio])
        if let failure = found.failures.first { throw failure }
        return try PruningClips(
            recordings: chosen(found.files).map { try AudioSource(argument: $0.path, rawFormat: nil) }, for: model,
            seconds: seconds)
    }

    /// So many of a list, evenly spread.
    private func chosen<Item>(_ items: [Item]) -> [Item] {
        count >= items.count ? items : (0..<count).map { items[$0 * items.count / count] }
    }
}
