import ArgumentParser
import EPANNs

extension Remedy {
    /// The remedy as what to type after a command; nil where the command has no such option.
    ///
    /// Test: `EvaluateTests`.
    ///
    /// - Parameter command: The command that failed.
    func commandText(in command: any ParsableCommand.Type) -> String? {
        let hasIt =
            switch self {
            case .useWindows: command == TagCommand.self || command == EmbedCommand.self
            case .resume: command == TagCommand.self || command == TrainCommand.self
            default: true
            }
        return hasIt ? commandText : nil
    }

    /// The remedy as what to type.
    var commandText: String {
        switch self {
        case .useWindows(let seconds):
            "Tag it in windows (--window \(seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)"))."
        case .choosePrecision(let name): "Choose another precision (--precision \(name))."
        case .nameModel: "Name a file, or a downloaded model, with --model (or the environment variable EPANNS_MODEL)."
        case .downloadModel(let name, let again):
            "Run “epanns models download \(again ? "--force " : "")\(name)”\(again ? " to replace it" : " once")."
        case .listModels: "“epanns models list” prints every name; a file of weights can be given by its path."
        case .listLabels: "“epanns labels” lists all."
        case .listArchitectures: "“epanns info --help” lists the architectures."
        case .nameFrontEnd: "“epanns convert --front-end” settles it."
        case .nameArchitecture:
            "If it is another, say which with --architecture, or for good with “epanns convert --architecture”."
        case .nameData: "Name a table of clips with --data."
        case .nameAudioFolder: "Name the folder with the recordings with --audio."
        case .skipMissing: "--skip-missing (train) or --missing skip leaves them out."
        case .nameAudioFolderOrSkip:
            "--audio names the folder; --skip-missing (train) or --missing skip leaves missing ones out."
        case .nameStartOrArchitecture: "--init names a model to start from, --model the architecture of a fresh one."
        case .nameTeacherAndWeight: "--teacher names the model, --teacher-weight its share in the loss."
        case .trainWithoutCachedEmbeddings: "Leave out --cache-embeddings."
        case .freezeAllBut(let layer): "For example: --freeze '*' --freeze '!\(layer)'."
        case .dropOldClasses: "--only-new-classes drops the old ones."
        case .learnFromNone:
            "Clips without a class (an empty cell, or a folder “_none”) say what it is not; --head-only keeps the old classes."
        case .nameLabels: "Give the list with --labels."
        case .nameClassMap:
            "Say with --map FILE which of the model's labels stand for each class (“epanns labels” lists them)."
        case .resume: "Go on with it: --resume."
        case .nameClipLength: "Give the length with --clip-seconds."
        case .pruneResiduals: "--residuals prune takes such layers as one group."
        case .listPrunableLayers: "--dry-run --layers '*' lists those that can be pruned."
        case .lowerTeacherThreshold: "Take a lower --teacher-threshold."
        case .correctMirror: "Correct EPANNS_MIRROR or --mirror."
        case .trustSource(let name): "“epanns models download --force \(name)” trusts whatever comes."
        }
    }
}

extension ModelNote {
    /// The note as the command says it.
    var commandText: String { message + (remedy.map { " \($0.commandText)" } ?? "") }
}

extension EPANNsError {
    /// The message as a command says it, with the remedy where the command has it.
    func commandText(in command: any ParsableCommand.Type) -> String { text { $0.commandText(in: command) } }
}
