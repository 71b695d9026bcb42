import EPANNsEvaluation
import Testing

@Suite struct TeacherComparisonTests {
    private func compare(_ scores: [Float], _ teacher: [Float], _ classCount: Int) -> TeacherComparison {
        TeacherComparison(
            scores: scores, teacherScores: teacher, classCount: classCount, teacher: "t", teacherSHA256: nil,
            threshold: 0.5)
    }

    @Test func agreementAndCorrelation() throws {
        let result = compare(
            [0.9, 0.2, 0.1, 0.4, 0.3, 0.8, 0.1, 0.6, 0.5, 0.4, 0.3, 0.2],
            [0.7, 0.1, 0.2, 0.3, 0.9, 0.4, 0.1, 0.2, 0.1, 0.2, 0.3, 0.8], 4)
        // Best classes 0 and 0; 1 and 0; 0 and 3, which is the model's fourth.
        #expect(result.topAgreement == 1.0 / 3 && result.topThreeAgreement == 2.0 / 3)
        // numpy.corrcoef of the rows, mean: 0.9615302, 0.0000000, -0.9135003 (NumPy 2.4.6).
        let mean = try #require(result.meanCorrelation)
        #expect(abs(mean - 0.016009963) < 1e-6)
    }

    @Test func ofEqualsTheFirstIsBest() {
        #expect(compare([0.5, 0.5, 0.1], [0.9, 0.1, 0.1], 3).topAgreement == 1)
        #expect(compare([0.5, 0.5, 0.1], [0.1, 0.9, 0.1], 3).topAgreement == 0)
    }

    @Test func constantRowsHaveNoCorrelation() {
        #expect(compare([0.5, 0.5], [0.1, 0.9], 2).meanCorrelation == nil)
        #expect(compare([0.5, 0.5, 0.2, 0.7], [0.1, 0.9, 0.3, 0.6], 2).meanCorrelation == 1)
    }
}
