import EPANNs
import EPANNsCore

/// Turns arguments into files, for commands that want all of them or none.
enum InputFinder {
    /// What arguments led to.
    struct Found {
        /// The files, each once.
        var files: [BatchInput]
        /// Arguments that name nothing, folders without audio, recordings that cannot be read.
        var failures: [EPANNsError]
    }

    /// Resolves files, folders and patterns.
    static func find(_ arguments: [String]) -> Found {
        let inputs = InputSearch(arguments.map(ProgramArguments.bytes)).inputs
        return Found(
            files: inputs.filter { $0.failure == nil },
            failures: inputs.compactMap(\.failure).map {
                EPANNsError(.init(rawValue: $0.code) ?? .fileFailure, $0.message)
            })
    }
}
