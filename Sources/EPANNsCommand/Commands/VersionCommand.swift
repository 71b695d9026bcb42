import ArgumentParser
import EPANNs

/// `epanns version`: what `--version` prints, for those who try the word first.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Prints the program's version.")

    func run() throws { try StandardOutput.writeLines([EPANNsVersion.current]) }
}
