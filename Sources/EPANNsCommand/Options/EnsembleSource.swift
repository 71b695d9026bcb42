import EPANNs
import EPANNsCore
import EPANNsHub
import Foundation
import Yams

/// What a `--model` argument means where it names several models.
struct EnsembleSource {
    /// A model and how much it counts: an entry of a YAML file, as a name or as an object.
    struct Entry: Decodable, Hashable {
        var model: String
        var weight: Double

        private enum CodingKeys: String, CodingKey { case model, weight }

        init(_ model: String, weight: Double = 1) {
            self.model = model
            self.weight = weight
        }

        init(from decoder: any Decoder) throws {
            if let name = try? decoder.singleValueContainer().decode(String.self) {
                self.init(name)
                return
            }
            let box = try decoder.container(keyedBy: CodingKeys.self)
            self.init(
                try box.decode(String.self, forKey: .model),
                weight: try box.decodeIfPresent(Double.self, forKey: .weight) ?? 1)
        }
    }

    let entries: [Entry]

    /// Nil where the argument names one model: a file, or a name without commas.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a YAML file is not a list of models.
    init?(_ argument: String) throws {
        if FileManager.default.fileExists(atPath: argument) {
            guard [".yaml", ".yml"].contains(where: argument.lowercased().hasSuffix) else { return nil }
            entries = try Self.read(argument)
        } else if let known = ModelRegistry.ensembles.first(where: { $0.name == argument.lowercased() }) {
            entries = known.models.map { Entry($0) }
        } else if argument.contains(",") {
            entries = argument.split(separator: ",", omittingEmptySubsequences: false).map {
                Entry($0.trimmingCharacters(in: .whitespaces))
            }
        } else {
            return nil
        }
    }

    private static func read(_ path: String) throws -> [Entry] {
        let entries: [Entry]
        do {
            entries = try YAMLDecoder().decode([Entry].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw EPANNsError(
                .invalidConfiguration,
                "\(path) is not a list of models: each entry is a file or a name, or has the keys model and weight.",
                cause: error)
        }
        guard !entries.isEmpty else { throw EPANNsError(.invalidConfiguration, "\(path) lists no models.") }
        return entries
    }

    /// Reads the models; all must be there.
    func members() throws -> [EnsembleMember] {
        try entries.map { EnsembleMember(try ModelSource($0.model).model(), weight: $0.weight) }
    }
}
