/// What the user can do about an error.
///
/// The library says it as a value, and each face puts it into its own words: the command as options, a server as query
/// parameters. ``description`` has the library's words, for programs that show an error as it is.
public enum Remedy: Codable, Hashable, Sendable, CustomStringConvertible {
    /// Take the recording in windows of some seconds.
    case useWindows(seconds: Double)
    /// Compute in this precision, such as `fp32` or `auto`.
    case choosePrecision(String)
    /// Name a model: a file, or a downloaded one.
    case nameModel
    /// Fetch a published model's file; `again` where a wrong one is to be replaced.
    case downloadModel(name: String, again: Bool)
    /// Look at the names of the published models.
    case listModels
    /// Look at the names of the classes.
    case listLabels
    /// Look at the architectures.
    case listArchitectures
    /// Say which front end a file's network was trained with.
    case nameFrontEnd
    /// Name the table of clips.
    case nameData
    /// Name the folder with the recordings.
    case nameAudioFolder
    /// Leave out the clips whose recordings are missing.
    case skipMissing
    /// Name the folder with the recordings, or leave out the clips whose recordings are missing.
    case nameAudioFolderOrSkip
    /// Name a model to start from, or an architecture.
    case nameStartOrArchitecture
    /// Name a teacher and its share in the loss.
    case nameTeacherAndWeight
    /// Hear the clips anew in each iteration.
    case trainWithoutCachedEmbeddings
    /// Freeze everything but a layer.
    case freezeAllBut(layer: String)
    /// Learn the new classes only.
    case dropOldClasses
    /// Learn from clips of none of the classes, too, or let the old classes stay.
    case learnFromNone
    /// Name the file with the classes' names.
    case nameLabels
    /// Say which of the model's labels stand for each class.
    case nameClassMap
    /// Go on with the run that is there.
    case resume
    /// Say how long a clip is.
    case nameClipLength
    /// Prune layers that a sum ties together as one group.
    case pruneResiduals
    /// Say which of the networks that share a state dict it is.
    case nameArchitecture
    /// Look at the layers that can be pruned.
    case listPrunableLayers
    /// Take a lower score for the teacher's yes.
    case lowerTeacherThreshold
    /// Name the server to download from.
    case correctMirror
    /// Take what a server sends for this model on trust.
    case trustSource(model: String)

    /// The remedy in the library's words: a sentence.
    public var description: String {
        switch self {
        case .useWindows(let seconds): "Take it in windows of \(seconds.formattedPlainly) s."
        case .choosePrecision(let name): "Choose the precision \(name)."
        case .nameModel: "Name a model file."
        case .downloadModel(let name, let again): "Download the model “\(name)”\(again ? " again" : "")."
        case .listModels: "The registry lists all names."
        case .listLabels: "The model's labels list all names."
        case .listArchitectures: "The model configurations list the architectures."
        case .nameFrontEnd: "Say which front end it was trained with."
        case .nameArchitecture: "If it is another, name its architecture."
        case .nameData: "Name a table of clips."
        case .nameAudioFolder: "Name the folder with the recordings."
        case .skipMissing: "Have missing recordings skipped."
        case .nameAudioFolderOrSkip: "Name the folder with the recordings, or have missing ones skipped."
        case .nameStartOrArchitecture: "Name a model to start from, or an architecture."
        case .nameTeacherAndWeight: "Name a teacher and its share in the loss."
        case .trainWithoutCachedEmbeddings: "Train without cached embeddings."
        case .freezeAllBut(let layer): "Freeze everything but “\(layer)”."
        case .dropOldClasses: "Or have the new classes only."
        case .learnFromNone: "Give clips without a class, too, or keep the old classes."
        case .nameLabels: "Name a list of labels."
        case .nameClassMap: "Say which of the model's labels stand for each class."
        case .resume: "Resume the run."
        case .nameClipLength: "Say how long a clip is."
        case .pruneResiduals: "Prune the layers that a sum ties together as one group."
        case .listPrunableLayers: "The analysis lists the layers that can be pruned."
        case .lowerTeacherThreshold: "Take a lower threshold for the teacher's scores."
        case .correctMirror: "Correct the mirror's address."
        case .trustSource(let name): "Or have whatever comes trusted as “\(name)”."
        }
    }
}

extension Double {
    /// Without a fraction where there is none.
    fileprivate var formattedPlainly: String {
        self == rounded() && magnitude < 1e9 ? "\(Int(self))" : "\(self)"
    }
}
