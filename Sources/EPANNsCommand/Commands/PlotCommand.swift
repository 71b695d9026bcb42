import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsEvaluation
import EPANNsReports
import EPANNsTraining
import Foundation

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

        /// What is drawn.
        enum Metric: String, ExpressibleByArgument, CaseIterable {
            case map, accuracy, loss
            case testLoss = "test-loss"

            var title: String {
                switch self {
                case .map: "mAP"
                case .accuracy: "accuracy"
                case .loss: "loss of the training batches"
                case .testLoss: "loss on the test clips"
                }
            }
        }

        @Argument(
            help: ArgumentHelp("Folders that “epanns train --output” wrote.", valueName: "run"),
            completion: .directory)
        var runs: [String]

        @Option(help: "What is drawn.")
        var metric = Metric.map

        @OptionGroup var figure: FigureOptions

        func run() throws {
            try figure.write {
                try Plot.curves(
                    title: figure.title, xTitle: "iteration", yTitle: metric.title,
                    curves: TrainingRun.read(runs).map(curve))
            }
        }

        private func curve(_ run: TrainingRun) -> PlotCurve {
            if metric == .loss {
                return PlotCurve(
                    name: run.name, x: run.log.steps.map { Double($0.iteration) }, y: run.log.steps.map(\.loss),
                    isNoisy: true)
            }
            let points = run.log.evaluations.compactMap { evaluation -> (Double, Double)? in
                let value =
                    switch metric {
                    case .accuracy: evaluation.accuracy
                    case .testLoss: evaluation.loss
                    default: evaluation.meanAveragePrecision
                    }
                return value.map { (Double(evaluation.iteration), $0) }
            }
            return PlotCurve(name: run.name, x: points.map(\.0), y: points.map(\.1))
        }
    }

    struct Scatter: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Draws the rows of a CSV table as points, such as a metric against operations.",
            discussion: """
                EXAMPLES
                  epanns plot scatter results.csv --x macs --y map --label model -o macs.svg
                  epanns plot scatter results.csv --x parameters --y map --label model --group criterion --logarithmic \
                -o parameters.png
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
                    title: figure.title, xTitle: xTitle ?? across, yTitle: yTitle ?? upwards, points: points(),
                    isLogarithmic: logarithmic)
            }
        }

        private func points() throws -> [PlotPoint] {
            let file = try MappedFile(path: table)
            // The rows are read while the file is mapped.
            return try withExtendedLifetime(file) {
                var reader = CSVReader(file.bytes, name: table)
                guard let header = try reader.next()?.fields else {
                    throw EPANNsError(.invalidConfiguration, "\(table) has no row of names.")
                }
                func column(_ name: String) throws -> Int {
                    if let index = header.firstIndex(where: { $0.lowercased() == name.lowercased() }) { return index }
                    throw EPANNsError(
                        .invalidConfiguration,
                        "\(table) has no column “\(name)”; it has \(header.joined(separator: ", ")).")
                }
                let (x, y, name) = try (column(across), column(upwards), column(label))
                let group = try group.map(column)
                var points: [PlotPoint] = []
                while let row = try reader.next() {
                    guard row.fields.count == header.count else {
                        throw EPANNsError(
                            .invalidConfiguration,
                            "Line \(row.line) of \(table) has \(row.fields.count) fields, the row of names "
                                + "\(header.count); texts with commas belong in quotes.")
                    }
                    func number(_ index: Int) throws -> Double? {
                        guard !row.fields[index].isEmpty else { return nil }
                        if let value = Double(row.fields[index]), value.isFinite { return value }
                        throw EPANNsError(
                            .invalidConfiguration,
                            "Line \(row.line) of \(table): “\(row.fields[index])” is no number (\(header[index])).")
                    }
                    // A row without one of the two has no place.
                    guard let across = try number(x), let upwards = try number(y) else { continue }
                    func text(_ index: Int) -> String { row.fields[index] }
                    points.append(
                        PlotPoint(label: text(name), x: across, y: upwards, group: group.map(text) ?? ""))
                }
                return points
            }
        }
    }
}
