import ArgumentParser
import EPANNs
import EPANNsReports

extension RunMetric: ExpressibleByArgument {}

/// `epanns plot`: single figures, for papers and notes.
struct PlotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot",
        abstract: "Draws one figure: curves of training runs, or points of a table.",
        discussion: """
            Figures are SVG or PNG, by the file's name; gnuplot draws them. “epanns report” puts everything about \
            training runs on one page instead.
            """,
        subcommands: [Curves.self, Scatter.self])

    struct FigureOptions: ParsableArguments {
        @Option(help: ArgumentHelp("Above the figure (default: nothing).", valueName: "text"))
        var title = ""

        @Option(
            name: .shortAndLong, help: ArgumentHelp("The figure (.svg, .png); it is replaced.", valueName: "file"),
            completion: .file(extensions: ["svg", "png"]))
        var output: String

        func write(_ plot: () throws -> Plot) throws {
            _ = try PlotFormat(path: output)
            try Plot.checkTool()
            try plot().write(to: output)
        }
    }

    struct Curves: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draws what training runs measured over their iterations.",
            discussion: """
                EXAMPLES
                  epanns plot curves run25 run50 run75 --metric map -o convergence.svg
                  epanns plot curves run50 --metric loss -o loss.png
                """)

        @Argument(
            help: ArgumentHelp("Folders that “epanns train --output” wrote.", valueName: "run"),
            completion: .directory)
        var runs: [String]

        @Option(help: "What is drawn.")
        var metric = RunMetric.map

        @OptionGroup var figure: FigureOptions

        func run() throws {
            try figure.write {
                try Plot.curves(
                    title: figure.title, xTitle: "iteration", yTitle: metric.title,
                    curves: TrainingRun.read(runs).map { PlotCurve($0, metric) }, yLimit: metric.limit)
            }
        }
    }

    struct Scatter: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draws the rows of a CSV table as points, such as a metric against operations.",
            discussion: """
                EXAMPLES
                  epanns plot scatter results.csv --x macs --y map --label model -o macs.svg
                  epanns plot scatter results.csv --x parameters --y map --label model \\
                    --group criterion --logarithmic -o parameters.png
                """)

        @Argument(help: ArgumentHelp("A CSV table with a row of names.", valueName: "table"), completion: .file())
        var table: String

        @Option(name: .customLong("x"), help: ArgumentHelp("The column across.", valueName: "column"))
        var across: String

        @Option(name: .customLong("y"), help: ArgumentHelp("The column upwards.", valueName: "column"))
        var upwards: String

        @Option(help: ArgumentHelp("The column of the points' names.", valueName: "column"))
        var label: String

        @Option(help: ArgumentHelp("The column by which points get colours.", valueName: "column"))
        var group: String?

        @Option(help: ArgumentHelp("Below the figure (default: the column's name).", valueName: "text"))
        var xTitle: String?

        @Option(help: ArgumentHelp("Left of the figure (default: the column's name).", valueName: "text"))
        var yTitle: String?

        @Flag(help: "Equal factors are equally far apart across.")
        var logarithmic = false

        @OptionGroup var figure: FigureOptions

        func run() throws {
            try figure.write {
                try Plot.scatter(
                    title: figure.title, xTitle: xTitle ?? across, yTitle: yTitle ?? upwards,
                    points: PlotPoint.read(
                        table, columns: .init(x: across, y: upwards, label: label, group: group)),
                    isLogarithmic: logarithmic)
            }
        }
    }
}
