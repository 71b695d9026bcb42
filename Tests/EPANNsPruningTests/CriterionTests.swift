import EPANNsCore
import EPANNsGraph
import EPANNsPruning
import EPANNsTestSupport
import Testing

/// SPEC §8.4's vectors, whose weights are in double precision; ours are rounded to Float32 first, which moves scores by
/// up to 5e-8.
@Suite struct CriterionTests {
    static let tolerance = 2e-7

    @Test func operatorNormAsPublished() throws {
        let scores = OperatorNorm(try bank([8, 3, 3, 3], seed: 2024)).scores()
        let expected = [
            1.0, 0.024070424344416797, 0.40167827444091386, 0.3657803236151887, 0.01756867289968957,
            0.48067831620948953, 0.013014160112518162, 0.22311708340097644,
        ]
        #expect(worst(scores, expected) < Self.tolerance)
        #expect(scores.ascendingOrder == [6, 4, 1, 7, 3, 2, 5, 0])
        #expect(PruningSelection.best(4, of: scores) == [0, 2, 3, 5])
    }

    /// Filter 1 moved to the front: other scores for the authors' criterion, the same for the invariant one.
    @Test func operatorNormDependsOnTheOrderAndItsVariantDoesNot() throws {
        let values = lcg(216, seed: 2024)
        let order = [1, 0] + Array(2..<8)
        let moved = try FilterBank(
            Tensor(shape: [8, 3, 3, 3], values: order.flatMap { values[$0 * 27..<($0 + 1) * 27] }), name: "layer")
        func back(_ scores: [Double]) -> [Double] { (0..<8).map { scores[order.firstIndex(of: $0) ?? 0] } }
        let scores = back(OperatorNorm(moved).scores())
        // Printed to four digits.
        #expect(worst(scores, [0.6384, 0.5501, 0.0154, 0.0406, 0.3172, 1.0, 0.1017, 0.0191]) < 5.1e-5)
        #expect(scores.ascendingOrder == [2, 7, 3, 6, 4, 1, 0, 5])
        let invariant = OperatorNorm(try bank([8, 3, 3, 3], seed: 2024)).invariantScores()
        // Rounding of the sums over filters only.
        #expect(worst(back(OperatorNorm(moved).invariantScores()), invariant) < 1e-13)
        #expect(invariant.ascendingOrder != [6, 4, 1, 7, 3, 2, 5, 0])
    }

    @Test func othersAsPublished() throws {
        let bank = try bank([8, 3, 3, 3], seed: 2024)
        let l1 = [
            1.0, 0.8308502479516088, 0.8661751058058991, 0.9147125416314306, 0.9877637778818754, 0.8267712880841258,
            0.7501688565942581, 0.9201997735930497,
        ]
        #expect(worst(WeightNorms.l1(bank), l1) < Self.tolerance)
        #expect(WeightNorms.l1(bank).ascendingOrder == [6, 5, 1, 2, 3, 7, 4, 0])
        let mean = [
            0.15594636813897778, 0.06260648828292588, 0.002649762103266788, 0.11748287608951119, 1.0,
            0.40439963591271777, 0.5016322906831281, 0.006257296057732424,
        ]
        #expect(worst(WeightNorms.geometricMean(bank), mean) < Self.tolerance)
        #expect(WeightNorms.geometricMean(bank).ascendingOrder == [2, 7, 1, 3, 0, 5, 6, 4])
        #expect(FilterDistances.geometricMedian(bank).ascendingOrder == [6, 2, 3, 7, 4, 1, 5, 0])
        let median = [
            30.51676989391862, 29.825543471770736, 28.133500108922988, 28.9671907550916, 29.224726094243806,
            29.988060522589663, 27.623226250783453, 29.14899813648335,
        ]
        #expect(worst(FilterDistances.geometricMedian(bank), median.map { $0 / 30.51676989391862 }) < Self.tolerance)
        let similarity = CosineSimilarity(bank)
        #expect(similarity.nearest() == [5, 5, 6, 4, 6, 1, 4, 1])
        #expect(similarity.referenceSelection() == [1, 7, 4, 3, 2, 0])
    }

    /// A weight of exactly 0 makes the geometric means 0, as in the published code.
    @Test func geometricMeanOfAZero() throws {
        let one = try FilterBank(Tensor(shape: [2, 1, 2], values: [0, 1, 2, 2]), name: "layer")
        #expect(WeightNorms.geometricMean(one) == [0, 1])
    }

    /// All filters alike: nothing to project; no division by zero.
    @Test(arguments: [PruningCriterion.operatorNorm, .operatorNormInvariant, .geometricMean, .geometricMedian, .l1])
    func equalFiltersHaveEqualScores(criterion: PruningCriterion) throws {
        let bank = try FilterBank(
            Tensor(shape: [4, 2, 3, 3], values: (0..<4).flatMap { _ in lcg(18, seed: 3) }), name: "layer")
        let scores: [Double] =
            switch criterion {
            case .operatorNorm: OperatorNorm(bank).scores()
            case .operatorNormInvariant: OperatorNorm(bank).invariantScores()
            case .geometricMean: WeightNorms.geometricMean(bank)
            case .geometricMedian: FilterDistances.geometricMedian(bank)
            default: WeightNorms.l1(bank)
            }
        #expect(scores.allSatisfy { $0.isFinite && $0 == scores[0] }, "\(scores)")
        // Ties keep the filters' order: the last ones stay.
        #expect(PruningSelection.best(2, of: scores) == [2, 3])
    }

    @Test func randomOrdersDifferBySeedAndLayer() {
        let first = WeightNorms.random(count: 100, seed: 1, name: "a")
        #expect(first == WeightNorms.random(count: 100, seed: 1, name: "a"))
        #expect(first != WeightNorms.random(count: 100, seed: 2, name: "a"))
        #expect(first != WeightNorms.random(count: 100, seed: 1, name: "b"))
        #expect(first.allSatisfy { (0..<1).contains($0) })
        // Of 100 uniform numbers, five standard errors around one half.
        #expect(abs(first.reduce(0, +) / 100 - 0.5) < 0.15)
    }

    @Test func namesLeadToCriteria() throws {
        for criterion in PruningCriterion.all {
            #expect(try PruningCriterion(name: criterion.name) == criterion)
        }
        #expect(try PruningCriterion(name: "random", seed: 7) == .random(seed: 7))
        let error = failure { _ = try PruningCriterion(name: "magic") }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("operator-norm") == true)
    }
}
