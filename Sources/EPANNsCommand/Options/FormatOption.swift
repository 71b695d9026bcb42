import ArgumentParser

/// The ways in which a command can print its result.
protocol PrintFormat: ExpressibleByArgument, CaseIterable, RawRepresentable<String>, Sendable {
    /// What is printed where nobody asks for anything else.
    static var standard: Self { get }
    /// What the ways are for, as the help says it.
    static var explanation: String { get }
}

/// `-f`, `--format`: the same in every command; only what there is to choose from differs.
struct FormatOption<Choice: PrintFormat>: ParsableArguments {
    @Option(
        name: [.customShort("f", allowingJoined: true), .long],
        help: ArgumentHelp("How to print the result: \(Choice.explanation)."))
    var format = Choice.standard
}

/// How a report is printed.
enum ReportFormat: String, PrintFormat {
    case text, json

    static let standard = text
    static let explanation = "text for people, json for programs"
}

/// How a list is printed.
enum ListFormat: String, PrintFormat {
    case text, csv, json

    static let standard = text
    static let explanation = "text for people, csv for tables, json for programs"
}
