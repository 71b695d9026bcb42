import EPANNsEvaluation
import Testing

@Suite struct ThresholdCalibrationTests {
    /// Scores with ties, a third of which is right.
    private func clips(seed: UInt64, count: Int, classes: Int) throws -> ScoredClips {
        var state = seed
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        let targets = (0..<count * classes).map { _ in next() % 3 == 0 }
        let scores = targets.map { Float(next() % 20) / 40 + ($0 ? 0.15 : 0) }
        return try ScoredClips(scores: scores, targets: targets, classNames: (0..<classes).map { "\($0)" })
    }

    private func bestF1(_ scores: [Float], _ targets: [Bool]) -> Double {
        Set(scores).map { f1(scores, targets, $0) }.max() ?? 0
    }

    private func f1(_ scores: [Float], _ targets: [Bool], _ threshold: Float) -> Double {
        let found = zip(scores, targets).filter { $0.0 >= threshold }
        let hits = found.count { $0.1 }
        return 2 * Double(hits) / Double(found.count + targets.count { $0 })
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func noThresholdHasABetterF1(seed: UInt64) throws {
        let clips = try clips(seed: seed, count: 60, classes: 4)
        let calibration = try ThresholdCalibration(clips, minimumPositives: 5, minimumPrecision: 0)
        #expect(calibration.ownCount == 4)
        for column in 0..<4 {
            let cells = stride(from: column, to: clips.scores.count, by: 4)
            let (scores, targets) = (cells.map { clips.scores[$0] }, cells.map { clips.targets[$0] })
            #expect(f1(scores, targets, calibration.thresholds[column]) == bestF1(scores, targets))
            #expect(calibration.thresholds[column] > 0)
        }
        #expect(f1(clips.scores, clips.targets, calibration.pooled) == bestF1(clips.scores, clips.targets))
    }

    @Test func rareClassesShareAThreshold() throws {
        let clips = try ScoredClips(
            scores: [0.9, 0.3, 0.8, 0.2, 0.1, 0.1, 0.2, 0.6],
            targets: [true, false, true, false, false, false, false, true],
            classNames: ["common", "rare"])
        let calibration = try ThresholdCalibration(clips, minimumPositives: 2)
        // Between 0.8 and 0.2; of the other class between 0.6 and 0.3.
        #expect(calibration.ownCount == 1 && abs(calibration.thresholds[0] - 0.5) < 1e-6)
        #expect(abs(calibration.pooled - 0.45) < 1e-6 && calibration.thresholds[1] == calibration.pooled)
        let counts = clips.decisions(thresholds: calibration.thresholds)
        #expect(counts.map(\.f1) == [1, 1])
        #expect(throws: (any Error).self) { try ThresholdCalibration(clips, minimumPositives: 0) }
    }

    /// What is common does not set the threshold of what is rare: of all cells together it would be 0.35.
    @Test func theSharedThresholdIsForThoseThatShareIt() throws {
        let clips = try ScoredClips(
            scores: [0.9, 0.4, 0.1, 0.8, 0.1, 0.3, 0.3, 0.1, 0.1, 0.3, 0.1, 0.1],
            targets: [true, true, false, true, false, true, false, false, false, false, false, false],
            classNames: ["common", "rare", "rare, too"])
        let calibration = try ThresholdCalibration(clips, minimumPositives: 2)
        #expect(calibration.ownCount == 1 && abs(calibration.thresholds[0] - 0.55) < 1e-6)
        #expect(abs(calibration.pooled - 0.2) < 1e-6)
        #expect(calibration.thresholds[1...].allSatisfy { $0 == calibration.pooled })
    }

    @Test func whatIsRarelyRightHasNoThresholdOfItsOwn() throws {
        // The first class is known; of the second the best F1 would take all four clips, one of which is right.
        let clips = try ScoredClips(
            scores: [0.9, 0.3, 0.8, 0.4, 0.1, 0.5, 0.2, 0.2],
            targets: [true, false, true, false, false, false, false, true], classNames: ["known", "guessed"])
        let calibration = try ThresholdCalibration(clips, minimumPositives: 1)
        #expect(calibration.ownCount == 1)
        #expect(calibration.thresholds[1] == calibration.pooled)
        // It has none to share, either. Of all cells 0.9 and 0.8 are right and the third positive lies at the bottom:
        // below 0.8, above 0.5.
        #expect(abs(calibration.pooled - 0.65) < 1e-6)
        let lax = try ThresholdCalibration(clips, minimumPositives: 1, minimumPrecision: 0)
        #expect(lax.ownCount == 2 && lax.thresholds[1] == 0.2)
        #expect(throws: (any Error).self) { try ThresholdCalibration(clips, minimumPrecision: 1.5) }
    }

    @Test func neighbouringNumbersAreToldApart() throws {
        let low: Float = 0.5
        let clips = try ScoredClips(scores: [low.nextUp, low], targets: [true, false], classNames: ["a"])
        let threshold = try ThresholdCalibration(clips, minimumPositives: 1).thresholds[0]
        #expect(threshold == low.nextUp)
    }
}
