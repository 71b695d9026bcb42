import ArgumentParser
import EPANNs
import EPANNsHub
import Foundation

extension ModelsCommand {
    /// `epanns models list`.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the models the program knows by name.",
            discussion: """
                mAP is the published mean average precision on AudioSet's evaluation set: higher is better. A size \
                with “~” was not published: it is that of the parameters, the file is a little larger. Models \
                that do not run yet can be downloaded; a later version will run them.
                """)

        @Flag(help: "Only models that are on this machine.")
        var cached = false

        @Flag(help: "Only models this version can run.")
        var runnable = false

        @OptionGroup var cacheOption: CacheOption
        @OptionGroup var output: FormatOption<ReportFormat>

        func run() throws {
            let cache = try cacheOption.cache()
            let rows = ModelRegistry.standard.models.map { ModelStatus(model: $0, cache: cache) }
                .filter { (!cached || $0.isCached) && (!runnable || $0.model.isSupported) }
            if output.format == .json { return try JSONOutput.print(rows) }
            if rows.isEmpty {
                return try StandardOutput.writeLines([
                    "No model is in \(cache.directory). “epanns models list” prints those that can be downloaded."
                ])
            }
            let nameWidth = rows.map(\.model.name.count).max() ?? 0
            let title = "\("NAME".padded(to: nameWidth))  mAP    PARAMETERS       SIZE  RUNS   HERE"
            let builtIn =
                Model.hasBuiltIn
                ? ["", "Built in, with nothing to download: \(Model.builtInName), used where no model is named."] : []
            try StandardOutput.writeLines(
                [title] + rows.map { line($0, nameWidth: nameWidth) } + (cached ? [] : ensembles(nameWidth)) + builtIn)
        }

        /// Names that stand for several models.
        private func ensembles(_ nameWidth: Int) -> [String] {
            ["", "Several as one, by the mean of their scores:"]
                + ModelRegistry.ensembles.flatMap { ensemble in
                    let members = TextWrap.lines(
                        ensemble.models.joined(separator: ", "), width: (Terminal.width ?? 80) - nameWidth - 9)
                    let head =
                        ensemble.name.padded(to: nameWidth) + String(format: "  %.3f  ", ensemble.meanAveragePrecision)
                    return members.enumerated().map { ($0 == 0 ? head : "".padded(to: nameWidth + 9)) + $1 }
                }
        }

        private func line(_ row: ModelStatus, nameWidth: Int) -> String {
            let model = row.model
            // A size that was not published is at least that of the parameters.
            let size =
                (row.cache.byteCount(of: model) ?? model.byteCount).map(ByteText.short)
                ?? "~" + ByteText.short(model.minimumByteCount)
            let here =
                if row.isCached { "yes" } else if let part = row.cache.partialByteCount(of: model) {
                    "\(ByteText.short(part)) of it"
                } else { "–" }
            return [
                model.name.padded(to: nameWidth),
                String(format: "%.3f", model.meanAveragePrecision),
                "\(millions(model.parameterCount)) M".padded(to: 11, left: true), size.padded(to: 9, left: true),
                (model.isSupported ? "yes" : "later").padded(to: 5), here,
            ].joined(separator: "  ")
        }

        private func millions(_ count: Int) -> String {
            String(format: "%.2f", Double(count) / 1e6)
        }
    }
}
