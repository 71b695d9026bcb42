import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

@Suite struct LearningRateScheduleTests {
    private func rates(_ schedule: LearningRateSchedule, _ iterations: [Int], of total: Int) -> [Double] {
        iterations.map { schedule.rate(iteration: $0, of: total) }
    }

    private func isNear(_ a: [Double], _ b: [Double]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { abs($0 - $1) < 1e-12 }
    }

    @Test func `constant stays`() {
        #expect(rates(LearningRateSchedule(), [0, 1, 999], of: 1000) == [1e-3, 1e-3, 1e-3])
    }

    @Test func `warm-up is a straight line from above zero`() {
        for kind in LearningRateSchedule.Kind.allCases {
            let schedule = LearningRateSchedule(kind, learningRate: 0.4, warmupIterations: 4)
            #expect(isNear(rates(schedule, [0, 1, 2, 3, 4], of: 100), [0.1, 0.2, 0.3, 0.4, 0.4]))
        }
    }

    @Test func `linear and cosine fall to what is left`() {
        let linear = LearningRateSchedule(.linear, learningRate: 1, warmupIterations: 10, finalFraction: 0.2)
        #expect(isNear(rates(linear, [10, 60, 110, 500], of: 110), [1, 0.6, 0.2, 0.2]))
        let cosine = LearningRateSchedule(.cosine, learningRate: 2, warmupIterations: 10, finalFraction: 0.5)
        // cos 45° = √½.
        let cosine45 = 0.5.squareRoot()
        let quarter = 1 + (1 + cosine45) / 2
        #expect(isNear(rates(cosine, [10, 35, 60, 110], of: 110), [2, quarter, 1.5, 1]))
    }

    @Test func `steps multiply`() {
        let schedule = LearningRateSchedule(
            .step, learningRate: 1, warmupIterations: 5, stepIterations: 10, stepFactor: 0.1)
        #expect(isNear(rates(schedule, [5, 14, 15, 24, 25], of: 100), [1, 1, 0.1, 0.1, 0.01]))
    }

    @Test func `a run of warm-up alone ends well`() {
        let schedule = LearningRateSchedule(.cosine, learningRate: 1, warmupIterations: 10)
        let last = rates(schedule, [9, 10], of: 10)
        #expect(last[0] == 1 && last[1].isFinite)
    }

    @Test func `invalid numbers are refused`() {
        for wrong in [
            LearningRateSchedule(learningRate: 0), LearningRateSchedule(learningRate: .nan),
            LearningRateSchedule(learningRate: .infinity), LearningRateSchedule(warmupIterations: -1),
            LearningRateSchedule(finalFraction: 1.5), LearningRateSchedule(stepIterations: 0),
            LearningRateSchedule(stepFactor: 0), LearningRateSchedule(stepFactor: 2),
        ] {
            #expect(failure { try wrong.validate() }?.code == .invalidConfiguration)
        }
    }
}
