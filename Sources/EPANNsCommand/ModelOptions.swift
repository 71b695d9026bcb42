import ArgumentParser
import EPANNs
import EPANNsHub
import Foundation

extension PrecisionChoice: ExpressibleByArgument {}
extension OutputActivation: ExpressibleByArgument {}

/// The options of every command that runs a model.
struct ModelOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The model: a file (.safetensors, .pt, .pth), or the name of a downloaded one (see “epanns models list”).",
            valueName: "file|name"),
        completion: .file(extensions: ["safetensors", "pt", "pth", "bin"]))
    var model: String?

    @Option(
        help: """
            The network's arithmetic. auto takes the fastest that this CPU runs natively; what ran is in the result.
            """)
    var precision = PrecisionChoice.auto

    @Option(
        help: ArgumentHelp(
            "Threads of one run (default: all cores for a single clip, 1 where several run side by side).",
            valueName: "n"))
    var threads: Int?

    @Option(
        help: """
            Replaces the output activation: sigmoid gives independent probabilities and is right for all models here; \
            softmax reproduces the published E-PANNs demo; none gives logits.
            """)
    var activation: OutputActivation?

    /// Path of the model's file.
    func resolvedPath() throws -> String {
        guard let model = model ?? ProcessInfo.processInfo.environment["EPANNS_MODEL"], !model.isEmpty else {
            throw EPANNsError(
                .modelUnavailable,
                """
                No model is given, and none is built in yet. Name a file or a downloaded model with --model (or the \
                environment variable EPANNS_MODEL). “epanns models download mn04” fetches a good one of 4 MB, \
                “epanns models download epanns” the authors' E-PANNs of 97 MB; then: epanns tag --model mn04 FILE
                """)
        }
        return try ModelCache.standard().resolve(model).path
    }

    /// Opens the model for runs with so many threads where the user gave no number.
    func tagger(defaultThreads: Int) throws -> AudioTagger {
        try AudioTagger(
            modelPath: resolvedPath(),
            options: .init(precision: precision, threads: threads ?? defaultThreads, outputActivation: activation))
    }
}
