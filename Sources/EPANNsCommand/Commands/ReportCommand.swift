import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsEvaluation
import EPANNsReports
import Foundation

/// `epanns report`: a page about training runs.
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Writes an HTML page about one or several training runs.",
        discussion: """
            Loss and metrics over iterations, the settings side by side with their differences marked, results by \
            class, the confusion matrix, and what happened on the way. The page is one file that needs no network; \
            drawings are made with gnuplot. A run that is going on, or was killed, is reported as far as it got.

            EXAMPLES
              epanns report run --output run.html
              epanns report runs/fold* --title 'ESC-10' --output folds.html
            """)

    @Argument(
        help: ArgumentHelp("Folders that “epanns train --output” wrote.", valueName: "run"), completion: .directory)
    var runs: [String]

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The page to write; it is replaced.", valueName: "file"),
        completion: .file(extensions: ["html"]))
    var output: String

    @Option(help: ArgumentHelp("The page's heading.", valueName: "text"))
    var title = "Training report"

    func run() throws {
        try ReportPage(runs: TrainingRun.read(runs), title: title).write(to: output)
        if StandardError.isTerminal { StandardError.write("Written to \(output).") }
    }
}
