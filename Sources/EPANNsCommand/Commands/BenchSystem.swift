import EPANNs
import EPANNsCore
import EPANNsHub
import EPANNsRuntime

/// What `bench` measures in one row: a network, or those of an ensemble one after the other.
struct BenchSystem {
    var name: String
    /// As published, on AudioSet's evaluation set; nil where nothing was.
    var meanAveragePrecision: Double?
    var members: [ModelConfiguration]

    /// Table 1's rows, then what else is published and runs.
    static func table1AndRegistry() throws -> [BenchSystem] {
        var systems = try PaperSystem.table.map {
            BenchSystem(
                name: $0.name, meanAveragePrecision: $0.meanAveragePrecision, members: try $0.configurations())
        }
        for model in ModelRegistry.standard.models where model.isSupported {
            guard let configuration = model.configuration, !systems.contains(where: { $0.members == [configuration] })
            else { continue }
            systems.append(
                BenchSystem(
                    name: model.name, meanAveragePrecision: model.meanAveragePrecision, members: [configuration]))
        }
        return systems
    }

    /// The network that a word means: a file or a downloaded model before an architecture.
    init(_ word: String?) throws {
        if let word, let configuration = ModelConfiguration.named(word), !ModelSource.isRegularFile(word) {
            let published = ModelRegistry.standard.models.first { $0.configuration == configuration }
            self.init(
                name: word, meanAveragePrecision: published?.meanAveragePrecision, members: [configuration])
        } else {
            let model = try ModelSource(word).model()
            let published = word.flatMap { ModelRegistry.standard.find($0) }
            self.init(
                name: word ?? model.name, meanAveragePrecision: published?.meanAveragePrecision,
                members: [model.configuration])
        }
    }

    init(name: String, meanAveragePrecision: Double?, members: [ModelConfiguration]) {
        self.name = name
        self.meanAveragePrecision = meanAveragePrecision
        self.members = members
    }
}
