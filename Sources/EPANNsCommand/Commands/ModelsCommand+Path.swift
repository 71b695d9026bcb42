import ArgumentParser

extension ModelsCommand {
    /// `epanns models path`.
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
}
