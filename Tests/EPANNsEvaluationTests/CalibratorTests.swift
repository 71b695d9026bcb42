import EPANNs
import EPANNsData
import EPANNsEvaluation
import EPANNsTestSupport
import Foundation
import Testing

@Suite struct CalibratorTests {
    private func index(_ name: String, _ data: ClipData) throws -> Int { try data.tagger.labels.index(of: name) }

    @Test func classesOfTheSameNameGetTheirThresholds() throws {
        try ClipData.with { data in
            // The case of letters does not matter; a class that the model does not know is left out.
            let set = try data.set([[0], [0], [0], [1], [1, 2], [1]], ["siren", "Dog", "zebra crossing"])
            let calibrator = try Calibrator(tagger: data.tagger, set: set, truth: .labels)
            #expect(calibrator.notes == ["1 of the data's 3 classes is unknown to the model and left out."])
            let result = try calibrator.calibrate(minimumPositives: 3, minimumPrecision: 0, jobs: 2)
            let (siren, dog) = try (index("Siren", data), index("Dog", data))
            for (column, output) in [siren, dog].enumerated() {
                let scores = try (0..<6).map { try data.scores($0)[output] }
                let clips = try ScoredClips(
                    scores: scores, targets: (0..<6).map { $0 / 3 == column }, classNames: ["one"])
                let expected = try ThresholdCalibration(clips, minimumPositives: 3, minimumPrecision: 0)
                #expect(result.thresholds.scores[output] == expected.own[0])
            }
            #expect(result.thresholds.ownCount == 2 && result.thresholds.clipCount == 6)
            #expect(result.thresholds.reference == "labels" && result.thresholds.scores.count == 527)
            let others = result.thresholds.scores.enumerated().filter { ![siren, dog].contains($0.offset) }
            #expect(others.allSatisfy { $0.element == result.calibration.pooled })
        }
    }

    @Test func aMapGivesTheThresholdToAllLabelsOfAClass() throws {
        try ClipData.with { data in
            let set = try data.set([[0], [0], [0], [1], [1], [1]], ["alert", "pet"])
            #expect(failure { _ = try Calibrator(tagger: data.tagger, set: set, truth: .labels) } != nil)
            let map = ["alert": ["Siren", "Alarm"], "pet": ["Dog", "Bark", "Alarm"]]
            let mapping = try ClassMapping(map: map, data: set.labels, model: data.tagger.labels)
            let result = try Calibrator(tagger: data.tagger, set: set, truth: .map(mapping))
                .calibrate(minimumPositives: 3, minimumPrecision: 0, jobs: 1)
            let own = result.calibration.own
            let (alert, pet) = (try #require(own[0]), try #require(own[1]))
            let thresholds = result.thresholds.scores
            let heard = try ["Siren", "Dog", "Bark", "Alarm"].map { try thresholds[index($0, data)] }
            // What stands for both must be sure of either.
            #expect(heard == [alert, pet, pet, max(alert, pet)])
            #expect(result.thresholds.ownCount == 4)
            // The class is heard where its best label is: scores are those that `evaluate` ranks.
            let best = try (0..<6).map { clip in
                let scores = try data.scores(clip)
                return try max(scores[index("Siren", data)], scores[index("Alarm", data)])
            }
            #expect(stride(from: 0, to: 12, by: 2).map { result.clips.scores[$0] } == best)
        }
    }
}
