import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsHub
import EPANNsProcesses
import Foundation

extension PrecisionChoice: ExpressibleByArgument {}
extension OutputActivation: ExpressibleByArgument {}

/// The options of every command that runs a model.
struct ModelOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The model: a file (.safetensors, .pt, .pth), or the name of a downloaded one (see “epanns models list”). "
                + "Several separated by commas, a .yaml file that lists them (with weights), or ast-ensemble are an "
                + "ensemble: the mean of their scores. Default: $EPANNS_MODEL, else \(Model.builtInName) where it is built "
                + "in.",
            valueName: "file|name"),
        completion: .file(extensions: ["safetensors", "pt", "pth", "bin"]))
    var model: String?

    @OptionGroup var architectureOption: ArchitectureOption
    /// What the model is, where its tensors do not tell.
    var architecture: String? { architectureOption.architecture }

    @Option(
        help: """
            The network's arithmetic. auto takes the fastest that this CPU runs natively; results in JSON, and \
            --verbose, say what ran.
            """)
    var precision = PrecisionChoice.auto

    @Option(
        help: ArgumentHelp(
            "Threads of one run (default: the cores, shared out among what runs side by side).",
            valueName: "n"))
    var threads: Int?

    @Flag(
        name: .shortAndLong,
        help: "Say on standard error what runs, which is said anyway where that is a terminal.")
    var verbose = false

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads must be between 1 and 1024, not \(threads).")
        }
    }

    /// What the user or the environment names.
    private var name: String? {
        // A variable that is empty is as good as none; an argument that is empty is a mistake.
        let variable = ProcessInfo.processInfo.environment["EPANNS_MODEL"] ?? ""
        return model ?? (variable.isEmpty ? nil : variable)
    }

    /// Where the model is: as asked for, as the environment says, or built in.
    ///
    /// Says of the built-in model, where nobody has named it, that it is small.
    func source() throws -> ModelSource {
        if name == nil, Model.hasBuiltIn { BuiltInHint.show() }
        if let name, try EnsembleSource(name) != nil {
            throw EPANNsError(
                .invalidConfiguration, "“\(name)” is an ensemble, but this command takes a single model.")
        }
        return try ModelSource(name)
    }

    /// How the cores are shared out.
    func split(
        units: Int, jobs: Int? = nil, cores: Int = ProcessInfo.processInfo.activeProcessorCount
    ) -> WorkSplit {
        WorkSplit(units: units, jobs: jobs, threads: threads, cores: cores)
    }

    /// Opens the model, and says what a user should know of it and, with `--verbose` or on a terminal, what runs.
    ///
    /// - Parameter model: The model where it has been read already.
    func tagger(
        _ split: WorkSplit, activation: OutputActivation? = nil, of model: Model? = nil
    ) throws -> AudioTagger {
        let options = AudioTagger.Options(
            precision: precision, threads: split.threads, outputActivation: activation)
        let tagger: AudioTagger
        if model == nil, let name, let ensemble = try EnsembleSource(name) {
            guard architecture == nil else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "--architecture is for a single model; “epanns convert --architecture” writes a member's into its file."
                )
            }
            tagger = try AudioTagger(ensemble: ensemble.members(), options: options)
        } else {
            tagger = try AudioTagger(model: model ?? source().model(architecture: architecture), options: options)
        }
        for note in tagger.modelNotes { StandardError.write(note.commandText) }
        if verbose || StandardError.isTerminal {
            let (threads, jobs) = (split.threads, split.jobs)
            StandardError.write(
                "\(tagger.modelName), \(tagger.precision.rawValue), \(threads.counted("thread")), "
                    + jobs.counted("job"))
        }
        return tagger
    }
}
