import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

extension EvaluationReport {
    /// The report as JSON, keys in order.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when a number cannot be written.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return try encoder.encode(self) + Data("\n".utf8)
        } catch {
            throw EPANNsError(.invalidConfiguration, "The report cannot be written as JSON.", cause: error)
        }
    }

    /// Reads a report from JSON.
    ///
    /// - Throws: `EPANNsError` with code `unsupportedFormat` when it is none.
    public init(json data: Data) throws {
        do {
            self = try JSONDecoder().decode(Self.self, from: data)
        } catch {
            throw EPANNsError(
                .unsupportedFormat, "That is not an evaluation report in JSON.", cause: error)
        }
        var shares: [Double?] = [meanAveragePrecision, meanAUC, labelRankingPrecision, singleLabel?.accuracy]
        shares += [teacher?.topAgreement, teacher?.topThreeAgreement, teacher?.meanCorrelation.map(abs)]
        for result in classes {
            shares += [result.averagePrecision, result.areaUnderROC, result.precision, result.recall, result.f1]
        }
        guard shares.allSatisfy({ $0.map((0...1).contains) ?? true }) else {
            throw EPANNsError(.unsupportedFormat, "A metric of the evaluation lies outside 0…1.")
        }
        let count = classes.count
        guard classCount == count, singleLabel?.confusion.isSquare(classCount: count) ?? true else {
            throw EPANNsError(.unsupportedFormat, "The evaluation's table of classes and its other parts do not fit.")
        }
    }

    /// Writes the report as JSON; the file appears whole or not at all.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    public func write(to path: String) throws {
        try json().withUnsafeBytes { try AtomicFile.write($0, to: path) }
    }

    /// The classes as CSV: `class,positives,ap,auc,precision,recall,f1`; what does not exist is empty.
    public var classCSV: String {
        var text = "class,positives,ap,auc,precision,recall,f1\n"
        for result in classes {
            let numbers = [result.averagePrecision, result.areaUnderROC, result.precision, result.recall, result.f1]
            text +=
                "\(CSVText.field(result.name)),\(result.positiveCount),"
                + numbers.map { $0.map { "\($0)" } ?? "" }.joined(separator: ",")
            text += "\n"
        }
        return text
    }
}

extension ConfusionMatrix {
    /// Whether the table has these sides, and counts whose sums cannot overflow.
    package func isSquare(classCount: Int) -> Bool {
        counts.count == classCount
            && counts.allSatisfy { $0.count == classCount && $0.allSatisfy { (0...1 << 32).contains($0) } }
    }
}
