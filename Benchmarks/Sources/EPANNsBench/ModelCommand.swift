import ArgumentParser
import EPANNs

/// `epanns-bench model`: a file for benchmarks that need one.
struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Writes a network with random weights to a file.",
        discussion: "For timing and for memory.py. Its tags mean nothing.")

    @Argument(help: "Network, for example epanns-50.")
    var network: String

    @Argument(help: "The file to write, in safetensors format.")
    var file: String

    func run() throws { try SyntheticModel.make(named: network).write(to: file) }
}
