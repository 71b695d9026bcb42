import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsGraph
import EPANNsHub
import Foundation

/// `epanns models`: the published weights, by name.
struct ModelsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "Lists, downloads and verifies published weights.",
        discussion: """
            Start with \(ModelAdvice.text) From then on the name works wherever a command takes --model.

            Files lie in $EPANNS_CACHE, else in $XDG_CACHE_HOME/epanns/models, else in ~/.cache/epanns/models.
            """,
        subcommands: [List.self, Path.self, Info.self, Verify.self, Download.self],
        defaultSubcommand: List.self)

    struct CacheOption: ParsableArguments {
        @Option(name: .customLong("cache"), help: ArgumentHelp("The folder of the models.", valueName: "folder"))
        var directory: String?

        func cache() throws -> ModelCache {
            guard let directory else { return try ModelCache.standard() }
            return try ModelCache.standard(environment: ["EPANNS_CACHE": directory])
        }
    }

    static let nameCompletion = CompletionKind.list(ModelRegistry.standard.models.map(\.name))
}

/// A registry entry, and what of it is on this machine.
private struct ModelStatus: Encodable {
    let model: RegisteredModel
    let cache: ModelCache

    var isCached: Bool { cache.isCached(model) }

    enum CodingKeys: String, CodingKey {
        case isCached, cachedPath, partialByteCount
    }

    func encode(to encoder: any Encoder) throws {
        try model.encode(to: encoder)
        var box = encoder.container(keyedBy: CodingKeys.self)
        try box.encode(isCached, forKey: .isCached)
        try box.encodeIfPresent(isCached ? cache.path(for: model) : nil, forKey: .cachedPath)
        try box.encodeIfPresent(cache.partialByteCount(of: model), forKey: .partialByteCount)
    }
}

extension ModelsCommand {
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
            try StandardOutput.writeLines([title] + rows.map { line($0, nameWidth: nameWidth) } + builtIn)
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

    struct Path: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints where a model's file lies.",
            discussion: "For scripts: fails when the model has not been downloaded.")

        @Argument(help: "A model's name, or the path of a file.", completion: nameCompletion)
        var name: String

        @OptionGroup var cacheOption: CacheOption

        func run() throws {
            try StandardOutput.writeLines([try cacheOption.cache().resolve(name).path])
        }
    }

    struct Info: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tells all that is known of a model: source, licence, checksums, what to cite.")

        @Argument(help: "A model's name.", completion: nameCompletion)
        var name: String

        @OptionGroup var cacheOption: CacheOption
        @OptionGroup var output: FormatOption<ReportFormat>

        func run() throws {
            let cache = try cacheOption.cache()
            let model = try ModelRegistry.standard.model(named: name)
            if output.format == .json { return try JSONOutput.print(ModelStatus(model: model, cache: cache)) }
            try StandardOutput.writeLines(facts(model, cache).map { "\(($0 + ":").padded(to: 13))\($1)" })
        }

        private func facts(_ model: RegisteredModel, _ cache: ModelCache) -> [(String, String)] {
            let here =
                cache.isCached(model)
                ? cache.path(for: model) : "not downloaded; run “epanns models download \(model.name)”"
            return [
                ("Name", ([model.name] + model.aliases).joined(separator: ", ")),
                ("Model", "\(model.architecture) of \(model.collection.rawValue)"),
                ("Runs", model.isSupported ? "yes" : "not in this version"),
                ("mAP", "\(model.meanAveragePrecision) (AudioSet evaluation set, as published)"),
                ("Parameters", "\(model.parameterCount)"),
                ("Sample rate", "\(model.samplesPerSecond) Hz"),
                ("Size", model.byteCount.map { "\($0) bytes" } ?? "not published"),
                ("MD5", model.md5 ?? "not published"),
                ("SHA-256", model.sha256 ?? "not published"),
                ("Trust", model.hasChecksum ? "checksum known" : "on first use: the first download is recorded"),
                ("Licence", model.license ?? "see the page"),
                ("Page", model.pageURL),
                ("File", model.downloadURL),
                ("On disk", here),
                ("Please cite", model.citation),
            ]
        }
    }

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
                try StandardOutput.writeLines(reports.map { "\($0.model): \(verdict($0))" })
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

extension String {
    /// Fills up with spaces.
    func padded(to width: Int, left: Bool = false) -> String {
        let spaces = String(repeating: " ", count: max(0, width - count))
        return left ? spaces + self : self + spaces
    }
}

/// Sizes as people read them.
enum ByteText {
    /// Three digits or so, in powers of a thousand, as file managers and Zenodo print them.
    static func short(_ count: Int) -> String { short(Double(count)) }

    static func short(_ count: Double) -> String {
        var value = count
        var units = ["B", "kB", "MB", "GB", "TB"][...]
        while value >= 999.5, units.count > 1 {
            value /= 1000
            units.removeFirst()
        }
        let digits = value < 99.95 && units.first != "B" ? 1 : 0
        let factor = digits == 1 ? 10.0 : 1
        let rounded = (value * factor).rounded() / factor
        return "\(digits == 1 ? "\(rounded)" : "\(Int(rounded))") \(units.first ?? "B")"
    }
}
