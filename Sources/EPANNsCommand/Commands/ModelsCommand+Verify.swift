import ArgumentParser
import EPANNsHub

extension ModelsCommand {
    /// `epanns models verify`.
    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compares downloaded files with their checksums.",
            discussion: """
                Where the authors published no checksum, a file is compared with what came when it was first \
                downloaded: that shows later changes, not whether the first copy was right. Exit status 1 when any \
                file is wrong.
                """)

        @Argument(help: "Names of models; without any, all that are on this machine.", completion: nameCompletion)
        var names: [String] = []

        @OptionGroup var cacheOption: CacheOption
        @OptionGroup var output: FormatOption<ReportFormat>

        func run() throws {
            let cache = try cacheOption.cache()
            let models =
                names.isEmpty ? cache.cachedModels() : try names.map { try ModelRegistry.standard.model(named: $0) }
            let reports = try models.map(cache.verify)
            if output.format == .json {
                try JSONOutput.print(reports)
            } else if reports.isEmpty {
                try StandardOutput.writeLines(["No model is in \(cache.directory), so there is nothing to verify."])
            } else {
                try StandardOutput.writeLines(reports.flatMap { "\($0.model): \(verdict($0))".wrapped(indent: 4) })
            }
            if reports.contains(where: { !$0.isGood }) { throw ExitCode.failure }
        }

        private func verdict(_ report: VerificationReport) -> String {
            switch report.outcome {
            case .matchesPublished: "right, it has the expected checksum"
            case .matchesFirstUse: "unchanged since it was first downloaded (SHA-256 \(report.digest.sha256))"
            case .unverifiable:
                "cannot be told, nothing is known to compare with (SHA-256 \(report.digest.sha256)); “epanns models "
                    + "download \(report.model)” records it"
            case .mismatch:
                "WRONG, \(report.problem ?? ""); “epanns models download --force \(report.model)” replaces it"
            }
        }
    }
}
