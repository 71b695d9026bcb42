import EPANNsEvaluation
import Foundation
import Testing

@Suite struct NormalDistributionTests {
    @Test func quantilesEqualSciPy() throws {
        var worst = 0.0
        for pair in try MetricsFixture.stored.get().quantiles {
            let quantile = NormalDistribution.quantile(pair[0])
            let error = abs(quantile - pair[1]) / max(abs(pair[1]), .leastNormalMagnitude)
            if pair[1] != 0 { worst = max(worst, error) } else { #expect(quantile == 0) }
        }
        print("Φ⁻¹ against SciPy: relative error at most \(worst)")
        // A few units in the last place of Float64; 1 ulp is 1.1e-16…2.2e-16.
        #expect(worst < 2e-15)
    }

    @Test func itUndoesTheDistribution() {
        for step in 1..<200 {
            let probability = Double(step) / 200
            let back = 0.5 * erfc(-NormalDistribution.quantile(probability) / 2.0.squareRoot())
            #expect(abs(back - probability) < 1e-15)
            // Symmetric about ½; 1 − p is rounded for p below it.
            #expect(
                abs(NormalDistribution.quantile(probability) + NormalDistribution.quantile(1 - probability)) < 1e-13)
        }
    }

    @Test func theEndsAreInfiniteAndTheRestIsNoNumber() {
        #expect(NormalDistribution.quantile(0) == -.infinity)
        #expect(NormalDistribution.quantile(1) == .infinity)
        #expect(NormalDistribution.quantile(-0.1).isNaN && NormalDistribution.quantile(1.1).isNaN)
        #expect(NormalDistribution.quantile(.nan).isNaN)
        #expect(NormalDistribution.dPrime(meanAUC: 1) == .infinity)
    }

    /// SPEC §6: AUC 0.973 makes 2.725.
    @Test func publishedPairsAgree() {
        #expect(abs(NormalDistribution.dPrime(meanAUC: 0.973) - 2.725) < 5e-4)
    }
}
