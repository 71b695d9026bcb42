/// What a sensitivity study found, and of what.
///
/// The JSON form is meant for snake-case keys (`JSONEncoder.KeyEncodingStrategy.convertToSnakeCase`).
public struct SensitivityReport: Encodable, Sendable {
    /// The model's name.
    public var model: String
    /// How filters were ranked.
    public var criterion: String
    /// What was measured.
    public var metric: String
    /// Number of clips.
    public var clipCount: Int
    /// What was found.
    public var study: SensitivityStudy
    /// What a person should know.
    public var notes: [String]
    private let convolutionNumbers: [String: Int]

    init(
        model: String, criterion: String, metric: String, clipCount: Int, study: SensitivityStudy,
        convolutionNumbers: [String: Int], notes: [String]
    ) {
        self.model = model
        self.criterion = criterion
        self.metric = metric
        self.clipCount = clipCount
        self.study = study
        self.convolutionNumbers = convolutionNumbers
        self.notes = notes
    }

    enum CodingKeys: String, CodingKey {
        case model, criterion, metric, clipCount, ratios, baseline, rows, notes
    }

    /// Writes the study's numbers beside the rest.
    public func encode(to encoder: any Encoder) throws {
        var box = encoder.container(keyedBy: CodingKeys.self)
        try box.encode(model, forKey: .model)
        try box.encode(criterion, forKey: .criterion)
        try box.encode(metric, forKey: .metric)
        try box.encode(clipCount, forKey: .clipCount)
        try box.encode(study.ratios, forKey: .ratios)
        try box.encode(study.baseline, forKey: .baseline)
        try box.encode(study.rows, forKey: .rows)
        try box.encode(notes, forKey: .notes)
    }

    /// A row's layers as a person reads them, such as `C7 conv_block4.conv1`.
    public func title(_ row: SensitivityStudy.Row) -> String {
        let number = row.layers.count == 1 ? convolutionNumbers[row.layers[0]].map { "C\($0) " } ?? "" : ""
        return number + row.layers[0] + (row.layers.count > 1 ? " and \(row.layers.count - 1) tied to it" : "")
    }
}
