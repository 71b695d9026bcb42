import EPANNsCore
import EPANNsGraph

/// How closely a model follows another one, its teacher.
///
/// Tests: `TeacherComparisonTests`.
public struct TeacherComparison: Codable, Hashable, Sendable {
    /// The teacher's name.
    public var teacher: String
    /// SHA-256 of its file, hexadecimal.
    public var teacherSHA256: String?
    /// The teacher's scores of at least this are the truth of the other metrics.
    public var threshold: Float
    /// Share of clips whose best-scoring class is the teacher's.
    public var topAgreement: Double
    /// Share of clips in which the teacher's best-scoring class is among the model's three best.
    public var topThreeAgreement: Double
    /// Mean over the clips of Pearson's correlation of the two models' scores.
    ///
    /// Clips of which one model gives all classes the same score have none and are left out; nil when no clip has any.
    public var meanCorrelation: Double?

    enum CodingKeys: String, CodingKey {
        case teacher
        case teacherSHA256 = "teacher_sha256"
        case threshold
        case topAgreement = "top_agreement"
        case topThreeAgreement = "top3_agreement"
        case meanCorrelation = "mean_correlation"
    }

    /// Compares scores.
    ///
    /// - Parameters:
    ///   - scores: The model's, row-major, shape `(clips, classes)`.
    ///   - teacherScores: The teacher's, of the same shape.
    ///   - classCount: Number of classes, above 0.
    ///   - teacher: The teacher's name.
    ///   - teacherSHA256: SHA-256 of its file.
    ///   - threshold: From which score on the teacher's class is taken for true elsewhere.
    /// - Precondition: The shapes are the same, and there is a clip.
    public init(
        scores: [Float], teacherScores: [Float], classCount: Int, teacher: String, teacherSHA256: String?,
        threshold: Float
    ) {
        precondition(classCount > 0 && !scores.isEmpty && scores.count % classCount == 0)
        precondition(scores.count == teacherScores.count, "two models, the same clips and classes")
        self.teacher = teacher
        self.teacherSHA256 = teacherSHA256
        self.threshold = threshold
        var (same, near) = (0, 0)
        var correlations: [Double] = []
        for start in stride(from: 0, to: scores.count, by: classCount) {
            let own = scores[start..<start + classCount]
            let other = teacherScores[start..<start + classCount]
            let best = Self.best(other)
            // The first of several equals is the best, as elsewhere.
            let rank = own.indices.count { index in
                own[index] > own[start + best] || (own[index] == own[start + best] && index < start + best)
            }
            same += rank == 0 ? 1 : 0
            near += rank < 3 ? 1 : 0
            if let value = Self.correlation(own, other) { correlations.append(value) }
        }
        let count = Double(scores.count / classCount)
        topAgreement = Double(same) / count
        topThreeAgreement = Double(near) / count
        meanCorrelation = correlations.isEmpty ? nil : correlations.reduce(0, +) / Double(correlations.count)
    }

    private static func best(_ row: ArraySlice<Float>) -> Int {
        var best = row.startIndex
        for index in row.indices where row[index] > row[best] { best = index }
        return best - row.startIndex
    }

    private static func correlation(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double? {
        let count = Double(a.count)
        let (meanA, meanB) = (a.reduce(0) { $0 + Double($1) } / count, b.reduce(0) { $0 + Double($1) } / count)
        var (covariance, varianceA, varianceB) = (0.0, 0.0, 0.0)
        for (x, y) in zip(a, b) {
            let (x, y) = (Double(x) - meanA, Double(y) - meanB)
            covariance += x * y
            varianceA += x * x
            varianceB += y * y
        }
        guard varianceA > 0, varianceB > 0 else { return nil }
        return covariance / (varianceA * varianceB).squareRoot()
    }
}
