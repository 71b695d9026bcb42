import ArgumentParser
import EPANNsHub

extension ModelsCommand {
    /// `epanns models info`.
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
            try StandardOutput.writeLines(
                facts(model, cache).flatMap { "\(($0 + ":").padded(to: 13))\($1)".wrapped(indent: 13) })
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
}
