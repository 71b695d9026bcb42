import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

/// Which of a model's outputs stand for the classes of a data set.
///
/// Tests: `ClassMappingTests`.
public struct ClassMapping: Sendable, Hashable {
    /// For each class of the data, the indices of the model's outputs that stand for it; never none.
    public let outputs: [[Int]]
    /// What a person should know of how they were found.
    public private(set) var notes: [String] = []

    /// Finds the data's classes among the model's, by MID or by name in any case.
    ///
    /// Where one side has no names, only numbers, and both have as many classes, their order is taken.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` that says what to do when a class is not among them.
    public init(data: LabelSet, model: LabelSet) throws {
        if data.count == model.count, data == .numbered(data.count) || model == .numbered(model.count), data != model {
            outputs = data.labels.indices.map { [$0] }
            notes = ["The model or the data names no classes, only numbers; their order was taken."]
            return
        }
        let found = Self.outputs(of: data, in: model)
        let missing = zip(data.labels, found).filter { $1 == nil }.map(\.0.name)
        guard missing.isEmpty else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(missing.count) of the data's \(data.count.counted("class")) \(missing.count.isOrAre) not among the model's "
                    + "\(model.count): "
                    + "\(Self.list(missing)). Take a model that was trained on these classes, or say which of its labels "
                    + "stand for them.", remedy: .nameClassMap)
        }
        outputs = found.compactMap { $0.map { [$0] } }
    }

    /// Takes outputs that were found already, one list a class.
    init(outputs: [[Int]]) { self.outputs = outputs }

    /// For each class of the data the model's output of the same MID, or the same name in any case; nil where there is
    /// none.
    static func outputs(of data: LabelSet, in model: LabelSet) -> [Int?] {
        var known: [String: Int] = [:]
        // Of several the first.
        for (index, label) in model.labels.enumerated().reversed() {
            known[label.name.lowercased()] = index
            if !label.mid.isEmpty { known[label.mid] = index }
        }
        return data.labels.map { label in
            (label.mid.isEmpty ? nil : known[label.mid]) ?? known[label.name.lowercased()]
        }
    }

    /// Takes the labels that a map lists for every class; a class's score is that of its best label.
    ///
    /// - Parameters:
    ///   - map: Labels of the model, by class of the data; classes that the data lacks are left out.
    ///   - data: The data's classes.
    ///   - model: The model's classes.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a class has no labels, or one of them is unknown.
    public init(map: [String: [String]], data: LabelSet, model: LabelSet) throws {
        outputs = try data.labels.map { label in
            guard let names = map[label.name], !names.isEmpty else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "The map lists no labels for the class “\(label.name)”; it has \(Self.list(map.keys.sorted())).")
            }
            return try names.map { name in
                do {
                    return try model.index(of: name)
                } catch let error as EPANNsError {
                    throw EPANNsError(
                        .invalidConfiguration,
                        "The map's label for the class “\(label.name)” is none of the model's. \(error.message)")
                }
            }
        }
    }

    /// Scores of the data's classes, shape `(classes)`, from those of the model's outputs.
    public func scores(from model: [Float]) -> [Float] {
        outputs.map { indices in indices.reduce(-Float.infinity) { max($0, model[$1]) } }
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(6).map { "“\($0.prefix(60))”" }.joined(separator: ", ")
        return names.count > 6 ? "\(shown) and \(names.count - 6) more" : shown
    }

    /// Reads a map from JSON: `{"class": ["label", …], …}`, or several such maps by name.
    ///
    /// Of several, the one that has all of the data's classes is taken.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when the file cannot be read, `invalidConfiguration` when it
    ///   holds no map, or none or several for these classes.
    public static func readMap(path: String, for data: LabelSet) throws -> [String: [String]] {
        let file = try MappedFile(path: path)
        let bytes = withExtendedLifetime(file) { Data(file.bytes) }
        if let map = try? JSONDecoder().decode([String: [String]].self, from: bytes) { return map }
        guard let maps = try? JSONDecoder().decode([String: [String: [String]]].self, from: bytes) else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(path) is not a map of classes; it should hold JSON like {\"dog\": [\"Bark\", \"Yip\"], \"rain\": [\"Rain\"]}."
            )
        }
        let classes = Set(data.labels.map(\.name))
        let fitting = maps.filter { classes.isSubset(of: $0.value.keys) }
        guard let only = fitting.first, fitting.count == 1 else {
            let which = list((fitting.isEmpty ? maps : fitting).keys.sorted())
            throw EPANNsError(
                .invalidConfiguration,
                fitting.isEmpty
                    ? "None of the maps in \(path) (\(which)) has all of the data's classes: \(list(classes.sorted()))."
                    : "Several of the maps in \(path) fit the data: \(which). Put the one that is meant into a file of its own."
            )
        }
        return only.value
    }
}
