import ArgumentParser

/// The command: one subcommand a file.
@main
struct RootCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "epanns",
        abstract: "Recognises sounds: 527 kinds, from speech to chainsaws.",
        subcommands: [TagCommand.self, ModelsCommand.self])
}
