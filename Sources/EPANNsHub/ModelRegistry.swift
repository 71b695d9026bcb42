import EPANNsCore

/// The published weights the program knows by name.
///
/// ```swift
/// let model = try ModelRegistry.standard.model(named: "epanns")
/// ```
///
/// Test: `ModelRegistryTests`.
public struct ModelRegistry: Sendable {
    /// The entries, in the order in which they are listed.
    public let models: [RegisteredModel]

    /// Every published file that public sources document: E-PANNs, PANNs, EfficientAT, AST.
    ///
    /// Left out, since neither our sources nor a copy at hand give the exact file name in record 3987831: the
    /// `emb` and `mel` variants of CNN14, its time-domain mixup and `DecisionLevelAvg` models. Their files run
    /// all the same when given by path. E-PANNs 25 % and 75 % were never published.
    public static let standard = ModelRegistry(models: epannsModels + efficientATModels + pannsModels + astModels)

    /// Makes a registry.
    ///
    /// - Precondition: no name or alias and no file name occurs twice.
    public init(models: [RegisteredModel]) {
        self.models = models
        let names = models.flatMap { [$0.name] + $0.aliases }
        precondition(Set(names).count == names.count, "Names in a registry must be unique.")
        precondition(Set(models.map(\.fileName)).count == models.count, "File names in a registry must be unique.")
    }

    /// Finds a model by name or alias; letter case and `_` for `-` do not matter.
    ///
    /// - Returns: The model, or `nil` when none has that name.
    public func find(_ name: String) -> RegisteredModel? {
        let wanted = Self.normalized(name)
        return models.first { $0.name == wanted || $0.aliases.contains(wanted) }
    }

    /// Finds a model by name or alias.
    ///
    /// - Throws: `EPANNsError` with code `modelUnavailable`, proposing the nearest names.
    public func model(named name: String) throws -> RegisteredModel {
        if let model = find(name) { return model }
        let hint = NearestNames.question(suggestions(for: name)).map { " \($0)" } ?? ""
        throw EPANNsError(
            .modelUnavailable,
            "No model is called “\(name)”.\(hint)", remedy: .listModels)
    }

    /// The names nearest to a mistyped one, the nearest first.
    ///
    /// - Returns: At most `limit` names within a third of the typed letters (at least two), counted in single-letter
    ///   edits and swaps; a name that begins with the typed text counts as one edit away.
    public func suggestions(for name: String, limit: Int = 3) -> [String] {
        let typed = Self.normalized(String(name.prefix(64)))
        guard !typed.isEmpty else { return [] }
        return NearestNames.find(
            typed, among: models.map { NearestNames.Candidate($0.name, aliases: $0.aliases) }, limit: limit)
    }

    private static func normalized(_ name: String) -> String {
        String(name.lowercased().map { $0 == "_" ? "-" : $0 })
    }
}
