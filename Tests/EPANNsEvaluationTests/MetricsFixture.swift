import EPANNsEvaluation
import Foundation
import Testing

/// Random scores and what scikit-learn and SciPy make of them; `Tools/reference/metrics.py`.
struct MetricsFixture: Decodable {
    struct Case: Decodable, CustomTestStringConvertible {
        struct SingleLabel: Decodable {
            var accuracy: Double
            var balancedAccuracy: Double
            var macroF1: Double
            var confusion: [[Int]]
        }

        struct Expected: Decodable {
            var ap: [Double?]
            var auc: [Double?]
            var map: Double
            var mauc: Double?
            var dPrime: Double?
            var classesAveraged: Int
            var classesAveragedAuc: Int
            var perClass: [[Double]]
            var macro: [Double]
            var micro: [Double]
            var lwlrap: Double
            var singleLabel: SingleLabel?
        }

        var name: String
        var classCount: Int
        var scores: [Float]
        var targets: String
        var expected: Expected

        var testDescription: String { name }

        func clips() throws -> ScoredClips {
            try ScoredClips(
                scores: scores, targets: targets.map { $0 == "1" },
                classNames: (0..<classCount).map { "class \($0)" })
        }
    }

    var threshold: Float
    var quantiles: [[Double]]
    var cases: [Case]

    static let stored: Result<MetricsFixture, any Error> = Result {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(
            Self.self, from: Data(contentsOf: fixtureFolder.appendingPathComponent("metrics.json")))
    }
}

let fixtureFolder = Bundle.module.bundleURL.appendingPathComponent("Fixtures")
