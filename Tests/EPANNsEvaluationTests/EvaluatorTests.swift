import EPANNs
import EPANNsData
import EPANNsEvaluation
import EPANNsTestSupport
import Foundation
import Testing

@Suite struct EvaluatorTests {
    private let classes = [[0], [1], [0], [1], [0], [1]]

    @Test func labelsAreComparedWithTheBestOfTheirOutputs() throws {
        try ClipData.with { data in
            let set = try data.set(classes, ["siren", "dog"], isSingleLabel: true)
            let map = ["siren": ["Siren", "Alarm"], "dog": ["Dog", "Bark"]]
            let mapping = try ClassMapping(map: map, data: set.labels, model: data.tagger.labels)
            let evaluation = try #require(
                try Evaluator(tagger: data.tagger, set: set, truth: .labels(mapping)).evaluate(jobs: 2))
            var scores: [Float] = []
            for clip in 0..<6 {
                let all = try data.scores(clip)
                for names in [["Siren", "Alarm"], ["Dog", "Bark"]] {
                    scores.append(try names.map { all[try data.tagger.labels.index(of: $0)] }.max() ?? 0)
                }
            }
            #expect(evaluation.clips.scores == scores && evaluation.done == Array(0..<6))
            let report = evaluation.report(threshold: 0.25)
            let expected = EvaluationReport(
                try ScoredClips(scores: scores, labels: [0, 1, 0, 1, 0, 1], classNames: ["siren", "dog"]),
                threshold: 0.25)
            #expect(report.classes == expected.classes && report.singleLabel == expected.singleLabel)
            #expect(report.parts?.map(\.name) == ["0", "1"] && report.decisions == expected.decisions)
            let subject = try #require(report.subject)
            #expect(subject.model == "tiny_cnn14" && subject.dataDigest == set.digest && subject.precision == "fp32")
            #expect(subject.program == "epanns \(EPANNsVersion.current)" && subject.failedClipCount == 0)
            let digest = try FileDigest.sha256(path: TinyModel.path)
            #expect(subject.modelSHA256 == digest)
        }
    }

    @Test func aTeachersWordIsTakenForTheTruth() throws {
        try ClipData.with { data in
            let set = try data.set(classes, ["siren", "dog"])
            let sorted = try data.scores(0).sorted()
            let threshold = (sorted[500] + sorted[501]) / 2
            let evaluator = try Evaluator(
                tagger: data.tagger, set: set, truth: .teacher(data.tagger, threshold: threshold))
            #expect(evaluator.passCount == 2)
            // It is the model itself.
            #expect(evaluator.notes.count == 1 && evaluator.notes[0].contains("the model itself"))
            let report = try #require(try evaluator.evaluate(jobs: 2)).report(threshold: threshold)
            #expect(report.teacher?.topAgreement == 1 && report.decisions.microF1 == 1 && report.singleLabel == nil)
            #expect(report.classCount == 527 && report.clipCount == 6)
            let deaf = try Evaluator(tagger: data.tagger, set: set, truth: .teacher(data.tagger, threshold: 0.9999))
            #expect(failure { _ = try deaf.evaluate(jobs: 1) }?.remedy == .lowerTeacherThreshold)
        }
    }

    /// A clip that one of both could not hear is in none of the numbers.
    @Test func aClipThatOnlyTheTeacherCouldNotHearHasNoScores() throws {
        try ClipData.with { data in
            let path = data.folder + "/2.wav"
            let good = try Data(contentsOf: URL(fileURLWithPath: path))
            try Data("no audio".utf8).write(to: URL(fileURLWithPath: path))
            let set = try data.set(classes, ["siren", "dog"])
            let evaluator = try Evaluator(tagger: data.tagger, set: set, truth: .teacher(data.tagger, threshold: 0))
            let evaluation = try #require(
                try evaluator.evaluate(jobs: 1) { seconds in
                    // The teacher comes first; for the model the clip is mended.
                    if seconds == nil { try? good.write(to: URL(fileURLWithPath: path)) }
                })
            #expect(evaluation.done == [0, 1, 3, 4, 5] && evaluation.scores.failures.map(\.clip) == [2])
            #expect(evaluation.scores.done == evaluation.done)
            #expect(evaluation.scores.matrix(classCount: 527)[2 * 527].isNaN)
        }
    }

    @Test func teachersOfOtherClassesAreRefused() throws {
        try ClipData.with { data in
            let configuration = ModelConfiguration.cnn(
                .init(.cnn6, widths: [4, 4, 4, 4], embeddingWidth: 4, classCount: 3))
            let other = try AudioTagger(
                model: Model(name: "three", configuration: configuration, weights: TinyModel.weights(configuration)),
                options: .init(precision: .fp32, threads: 1))
            let set = try data.set(classes, ["siren", "dog"])
            let error = failure {
                _ = try Evaluator(tagger: data.tagger, set: set, truth: .teacher(other, threshold: 0.5))
            }
            #expect(error?.message.contains("knows other classes (3)") == true)
        }
    }
}
