import ArgumentParser

/// The command: one subcommand a file.
@main
struct EPANNsCommand: AsyncParsableCommand {
}
