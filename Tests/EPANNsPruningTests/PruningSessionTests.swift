import EPANNsAudio
import EPANNsCore
import EPANNsData
import EPANNsEvaluation
import EPANNsModels
import EPANNsPruning
import EPANNsRuntime
import EPANNsTestSupport
import Foundation
import Testing

@Suite struct PruningSessionTests {
    private func session(
        _ spec: PruningSpec = .init(), _ criterion: PruningCriterion = .operatorNorm, measures: Bool = false
    ) throws -> PruningSession {
        try PruningSession(
            Model.read(path: TinyModel.path), spec,
            .init(criterion: criterion, seconds: 1, precision: .fp32, measuresLatency: measures, program: "test"))
    }

    private func withClips(
        _ body: (_ folder: String, _ recordings: [AudioSource], _ set: DataSet) throws -> Void
    ) throws {
        try withTemporaryFolder { folder in
            let paths = (0..<3).map { "\(folder)/\($0).wav" }
            for (index, path) in paths.enumerated() {
                try wave(TinyModel.noise(count: 24000 + 8000 * index, seed: UInt32(index + 1)))
                    .write(to: URL(fileURLWithPath: path))
            }
            let set = try DataSet(
                labels: LabelSet([.init(name: "Siren"), .init(name: "Dog")]), isSingleLabel: true,
                clips: paths.enumerated().map { .init(name: "\($0)", source: .file($1), classes: [$0 % 2]) })
            try body(folder, paths.map { .file(path: $0) }, set)
        }
    }

    @Test func itIsThePartsTogether() throws {
        let whole = try Model.read(path: TinyModel.path)
        let (small, report) = try session(.init(ratio: 0.5)).prune(includesScores: true)
        let pruner = ChannelPruner(try whole.graph())
        let scorer = try ImportanceScorer(graph: pruner.graph, weights: whole.weights, criterion: .operatorNorm)
        let chosen = try PruningSelection(pruner, .init(ratio: 0.5)).kept(pruner, scorer: scorer)
        let expected = try whole.pruned(pruner, keeping: chosen.kept)
        #expect(small.configuration == expected.configuration)
        #expect(small.weights.mapValues(\.floats) == expected.weights.mapValues(\.floats))
        let digest = try FileDigest.sha256(path: TinyModel.path)
        #expect(small.pruning.count == 1 && small.pruning[0].sourceSHA256 == digest)
        #expect(small.pruning[0].prunedBy == "test" && small.provenance?.sourceSHA256 == digest)
        #expect(report.layers.map(\.number) == [7, 8, 9, 10, 11, 12] && report.model == "tiny_cnn14")
        let entries = try PruningSelection(pruner).entries
        #expect(report.layers.map(\.kept) == entries.map { chosen.kept[$0.group] })
        #expect(report.layers.map(\.scores) == entries.map { chosen.scores[$0.group] })
        #expect(report.widthsBefore == whole.configuration.widths && report.widthsAfter == small.configuration.widths)
        #expect(report.before.parameters > report.after.parameters && report.before.latencySeconds == nil)
    }

    @Test func budgetsAndTimes() throws {
        let before = try session().prune().report.before.parameters
        let budget = PruningTarget.parameters(before - 500)
        let met = try session(.init(layers: LayerSelection(parsing: "C1-C12")), measures: true).prune(to: budget).report
        #expect(met.after.parameters <= before - 500 && met.ratio > 0)
        #expect((met.before.latencySeconds ?? 0) > 0 && (met.after.latencySeconds ?? 0) > 0 && met.precision == "fp32")
        // A minute is met by the network as it is.
        #expect(try session(measures: true).prune(to: .latency(seconds: 60)).report.ratio == 0)
    }

    @Test func criteriaListen() throws {
        try withClips { _, recordings, set in
            let model = try Model.read(path: TinyModel.path)
            let clips = try PruningClips(recordings: recordings, for: model, seconds: 1)
            #expect(clips.spectrograms.count == 3 && Set(clips.spectrograms.map(\.count)).count == 1)
            let heard = try session(.init(), .featureRank).prune(clips: clips, includesScores: true).report
            #expect(heard.layers.allSatisfy { $0.scores?.max() == 1 })
            #expect(failure { _ = try session(.init(), .featureRank).prune() }?.code == .invalidConfiguration)
            #expect(failure { _ = try session(.init(), .taylor).prune(clips: clips) }?.remedy == .nameData)
            let labelled = try PruningClips(
                set, mapping: ClassMapping(data: set.labels, model: model.labels), for: model, seconds: 1)
            #expect(labelled.spectrograms == clips.spectrograms)
            let taylor = try session(.init(), .taylor).prune(clips: labelled, includesScores: true).report
            #expect(taylor.layers.allSatisfy { $0.scores?.max() == 1 })
        }
    }

    @Test func sensitivityIsMeasured() throws {
        try withClips { _, _, set in
            let model = try Model.read(path: TinyModel.path)
            let mapping = try ClassMapping(data: set.labels, model: model.labels)
            let clips = try PruningClips(set, mapping: mapping, for: model, seconds: 1)
            var seen: [Int] = []
            let report = try session(.init(layers: LayerSelection(parsing: "C11-C12")))
                .sensitivity(on: clips, ratios: [0, 0.5]) { done, _ in seen.append(done) }
            #expect(seen == [1, 2, 3, 4, 5] && report.metric == "mAP" && report.clipCount == 3)
            #expect(report.study.rows.map(report.title) == ["C11 conv_block6.conv1", "C12 conv_block6.conv2"])
            // Nothing removed is the whole network.
            #expect(report.study.rows.allSatisfy { $0.metrics[0] == report.study.baseline })
            let plan = try InferenceNetwork(
                graph: model.graph(), weights: model.weights, options: .init(precision: .fp32)
            )
            .plan(for: .init(frames: clips.spectrograms[0].count / 64))
            let scores = try clips.spectrograms.map { try plan.run($0).scores }
            let truth = try ScoredClips(
                scores: scores.flatMap { mapping.scores(from: $0) }, labels: [0, 1, 0], classNames: ["Siren", "Dog"])
            let precisions = truth.rankingMetrics().compactMap(\.averagePrecision)
            #expect(report.study.baseline == precisions.reduce(0, +) / 2)
        }
    }

    @Test func wrongNumbersAreRefused() throws {
        let model = try Model.read(path: TinyModel.path)
        for seconds in [0, -1, .nan, 4000] {
            let error = failure { _ = try PruningSession(model, .init(), .init(seconds: seconds, precision: .fp32)) }
            #expect(error?.code == .invalidConfiguration, "\(seconds)")
        }
        for threads in [0, -1, 2000] {
            let error = failure { _ = try PruningSession(model, .init(), .init(precision: .fp32, threads: threads)) }
            #expect(error?.message.contains("between 1 and 1024") == true, "\(threads)")
        }
        #expect(failure { _ = try PruningClips(recordings: [], for: model, seconds: 1) } != nil)
    }
}
