import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsProcesses
import EPANNsTraining
import Foundation

extension LossConfiguration.Kind: ExpressibleByArgument {}
extension LearningRateSchedule.Kind: ExpressibleByArgument {}
extension OptimizerConfiguration.Kind: ExpressibleByArgument {}
extension Sampler.Kind: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}
extension TrainingConfiguration.Metric: ExpressibleByArgument {}

/// `epanns train`: trains a network, or fine-tunes one.
struct TrainCommand: ParsableCommand, SharedCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Trains a network on labelled recordings, or fine-tunes one.",
        discussion: """
            The data is a CSV with the columns filename and category (or labels), and perhaps fold; a folder with one \
            folder for each class; an AudioSet segment list; or one of PANNs' HDF5 packs. Clips without a class (an \
            empty category, a folder _none) teach what is none of the classes. Recordings of any format are packed once, at the \
            network's sample rate, into the run's folder or the one that --cache names.

            The run's folder holds configuration.json, log.jsonl, checkpoint.safetensors, best.safetensors (by \
            --metric), final.safetensors and evaluation.json; “epanns report” draws it. Control-C ends the current \
            iteration, saves, and leaves with status 130; --resume goes on as if nothing had happened, also after a \
            crash (from the last checkpoint then, through the very same numbers). Defaults are PANNs' recipe: Adam \
            with AMSGrad, constant rate 0.001, batches of 32, balanced sampling.

            Several processes, on one machine or more, share each batch (mpirun -n N epanns train …; needs a build \
            with MPI: swift build --traits MPI). Batch norms then use the statistics of each process's own clips, so \
            leave each a good number of them; the running statistics that are tested and saved are the mean of all.

            EXAMPLES
              epanns train --model cnn10 --data esc10.csv --folds-test 5 \\
                  --iterations 2000 --augment mixup,specaugment --output run
              epanns train --init mn04.pt --data mine.csv --iterations 500 \\
                  --learning-rate 2e-4 --output run
              epanns train --init mn04.pt --head-only --data my-sounds/ --output run
              epanns train --model cnn14 --teacher mn04.pt --teacher-weight 1 \\
                  --data archive.csv --output run
              epanns train --config run.yaml --output run
              epanns train --resume --output run
            """)

    @OptionGroup(title: "Data") var dataOptions: TrainDataOptions
    @OptionGroup(title: "Network") var networkOptions: TrainNetworkOptions
    @OptionGroup(title: "Recipe") var recipe: TrainRecipeOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The run's folder; made where it is missing.", valueName: "folder"), completion: .directory)
    var output: String

    @Flag(
        help: """
            Go on with the run in the folder, with its own settings; only --iterations (with a constant or stepped rate), \
            --threads (which changes the last digits), --evaluate-every and --checkpoint-every may be given anew.
            """)
    var resume = false

    @Option(
        help: ArgumentHelp(
            "Settings from a YAML file, with the keys of configuration.json; options given here win.",
            valueName: "file"),
        completion: .file(extensions: ["yaml", "yml", "json"]))
    var config: String?

    @Flag(help: "Show the settings and the memory that the run would take, and stop.")
    var dryRun = false

    func run() throws {
        let group = try ProcessGroup.current()
        var folder = RunFolder(path: output)
        // Settings that are read of a run must still be its when it goes on.
        if resume, !dryRun, group.rank == 0, folder.hasConfiguration { folder = try folder.locked() }
        let configuration = try configuration(folder, group)
        let progress = TrainingProgress(iterations: configuration.iterations)
        defer { progress.finish() }
        StopRequest.install()
        var looked = configuration
        // A look at the run leaves nothing behind.
        if dryRun { looked.cache = nil }
        let trainer = try Trainer(
            looked, folder: dryRun ? nil : folder, resumes: resume,
            communicator: group, program: "epanns \(EPANNsVersion.current)", report: progress.show)
        if dryRun {
            progress.finish()
            guard group.rank == 0 else { return }
            return try StandardOutput.write(String(decoding: try configuration.json(), as: UTF8.self) + "\n")
        }
        let outcome = try trainer.run(shouldStop: { StopRequest.isPending })
        progress.finish()
        guard group.rank == 0 else { return }
        try StandardOutput.write(summary(outcome, folder, configuration))
        // What follows a run in a script must not take a stopped one for a finished one.
        if outcome.wasStopped { throw ExitCode(StopRequest.exitStatus) }
    }

    /// The settings, which the first process finds out: its run's folder looks different to late ones.
    private func configuration(_ folder: RunFolder, _ group: any Communicator) throws -> TrainingConfiguration {
        guard group.count > 1 else { return try configuration(folder) }
        let json = try group.fromFirst {
            let configuration = try configuration(folder)
            try configuration.validate()
            return [UInt8](try configuration.json())
        }
        return try TrainingConfiguration(json: Data(json))
    }

    private func configuration(_ folder: RunFolder) throws -> TrainingConfiguration {
        if resume {
            guard folder.hasConfiguration else {
                throw EPANNsError(
                    .fileFailure, "\(output) holds no run to go on with; leave --resume out to start one there.")
            }
            var configuration = try folder.configuration()
            guard config == nil, !dataOptions.isGiven, !networkOptions.isGiven, !recipe.changesRecipe else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "A resumed run goes on with its own settings; only --iterations, --threads, --evaluate-every and "
                        + "--checkpoint-every may be given anew.")
            }
            let planned = configuration.iterations
            try recipe.apply(to: &configuration)
            guard configuration.iterations == planned || !configuration.schedule.leadsToAnEnd else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "The learning rate of the run in \(output) falls towards its last iteration, "
                        + "number \(planned) (\(configuration.schedule.kind.rawValue)); with another number it would have taken another "
                        + "course. Leave --iterations out; to train on after that, start another run with --init "
                        + "\(folder.finalModelPath).")
            }
            return configuration
        }
        if !dryRun { try folder.requireNoRun() }
        var configuration = TrainingConfiguration()
        if let config { configuration = try SettingsFile(path: config).configuration() }
        try dataOptions.apply(to: &configuration)
        try networkOptions.apply(to: &configuration)
        try recipe.apply(to: &configuration)
        return configuration
    }

    private func summary(
        _ outcome: Trainer.Outcome, _ folder: RunFolder, _ configuration: TrainingConfiguration
    ) -> String {
        var lines: [String] = []
        if outcome.wasStopped {
            lines.append(
                "Stopped after \(outcome.iteration.counted(of: configuration.iterations, "iteration")); go on with: epanns train "
                    + "--resume --output \(folder.path)")
        } else {
            lines.append("\(outcome.iteration.counted("iteration")) done; the model is \(folder.finalModelPath)")
        }
        if let evaluation = outcome.evaluation {
            var text = "After \(evaluation.iteration.counted("iteration")): mAP \(Self.digits(evaluation.map))"
            if let auc = evaluation.mauc { text += ", mAUC \(Self.digits(auc))" }
            if let dPrime = evaluation.dPrime { text += ", d′ \(Self.digits(dPrime))" }
            if let accuracy = evaluation.accuracy { text += ", accuracy \(Self.digits(accuracy))" }
            lines.append(text)
        }
        if let best = outcome.best {
            lines.append("Best \(best.metric) \(Self.digits(best.value)): \(folder.bestModelPath)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    static func digits(_ value: Double) -> String { String(format: "%.4f", value) }
}
