import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsData
import EPANNsEvaluation

/// `--map`: which of the model's labels stand for the data's classes.
struct ClassMapOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "JSON with the model's labels for each class of the data: {\"dog\": [\"Bark\", \"Yip\"], …}.",
            valueName: "file"),
        completion: .file(extensions: ["json"]))
    var map: String?

    /// The map; nil where none is given.
    ///
    /// - Throws: As `ClassMapping`.
    func given(_ set: DataSet, _ model: LabelSet) throws -> ClassMapping? {
        try map.map {
            try ClassMapping(map: ClassMapping.readMap(path: $0, for: set.labels), data: set.labels, model: model)
        }
    }

    /// The map, or else the classes of the same names.
    ///
    /// - Throws: As `ClassMapping`.
    func mapping(_ set: DataSet, _ model: LabelSet) throws -> ClassMapping {
        try given(set, model) ?? ClassMapping(data: set.labels, model: model)
    }
}
