import ArgumentParser
import EPANNsHub

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
