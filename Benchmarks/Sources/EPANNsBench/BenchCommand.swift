import ArgumentParser
import EPANNs

/// The benchmark command: one subcommand a file.
@main
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "epanns-bench",
        abstract: "Measures how long EPANNs takes, part by part and step by step.",
        subcommands: [RunCommand.self, LayersCommand.self, ServeCommand.self, ModelCommand.self, TrainCommand.self])
}

/// How results are printed.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

/// A list such as `1,2`.
struct CommaSeparated<Element: ExpressibleByArgument & Sendable>: ExpressibleByArgument, Sendable {
    var elements: [Element]

    init(_ elements: [Element]) { self.elements = elements }

    init?(argument: String) {
        var elements: [Element] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let element = Element(argument: String(part)) else { return nil }
            elements.append(element)
        }
        self.elements = elements
    }

    var defaultValueDescription: String { elements.map(\.defaultValueDescription).joined(separator: ",") }
}

extension PrecisionChoice: @retroactive ExpressibleByArgument {}
