import ArgumentParser
import EPANNs

/// `--architecture`: the same in every command that reads a model's file.
struct ArchitectureOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What a checkpoint is whose tensors are those of several networks: \(Self.names) (default: as its name says, "
                + "else cnn14).",
            valueName: "name"))
    var architecture: String?

    private static let names = ([CNNConfiguration.Variant.cnn14.rawValue] + sharing.map(\.rawValue))
        .joined(separator: ", ")
    private static let sharing: [DecisionLevelConfiguration.Variant] = [.max, .mean]
}
