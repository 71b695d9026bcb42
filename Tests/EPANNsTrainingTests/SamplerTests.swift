import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

/// Against the samplers of SPEC §5.2 on NumPy, written by `Tools/reference/samplers.py`; one class has no clips.
@Suite struct SamplerTests {
    @Test func drawsAreTheReferences() throws {
        let fixture = try SamplerFixture.load().samplers
        let dataSet = try fixture.dataSet()
        #expect(dataSet.classCounts[4] == 0 && fixture.cases.count == 6)
        for expected in fixture.cases {
            var sampler = try Sampler(
                expected.kind, dataSet: dataSet, blackList: Set(expected.blackList.map { "\($0)" }))
            for (number, batch) in expected.batches.enumerated() {
                #expect(
                    sampler.nextBatch(6) == batch, "\(expected.kind), batch \(number), without \(expected.blackList)")
            }
        }
    }

    @Test(arguments: Sampler.Kind.allCases)
    func savedSamplersGoOn(kind: Sampler.Kind) throws {
        let dataSet = try SamplerFixture.load().samplers.dataSet()
        var sampler = try Sampler(kind, dataSet: dataSet, blackList: ["2"])
        for _ in 0..<13 { _ = sampler.nextBatch(7) }
        var restored = try JSONDecoder().decode(Sampler.self, from: JSONEncoder().encode(sampler))
        try restored.validate(for: dataSet)
        #expect(restored == sampler)
        for _ in 0..<50 { #expect(restored.nextBatch(7) == sampler.nextBatch(7)) }
    }

    @Test(arguments: Sampler.Kind.allCases)
    func otherDataIsRefused(kind: Sampler.Kind) throws {
        let dataSet = try SamplerFixture.load().samplers.dataSet()
        let sampler = try Sampler(kind, dataSet: dataSet)
        let error = failure { try sampler.validate(for: dataSet.subset(0..<36)) }
        #expect(error?.code == .invalidCheckpoint)
        let text = try String(decoding: JSONEncoder().encode(sampler), as: UTF8.self)
        // Indices out of range, a pointer beyond the end.
        var damages = [("\"clipCount\":37", "\"clipCount\":36"), ("[", "[-1,")]
        if kind != .balanced { damages.append(("\"pointer\":0", "\"pointer\":37")) }
        if kind != .none { damages.append(("\"pointers\":[0", "\"pointers\":[37")) }
        for (part, other) in damages {
            try #require(text.contains(part), "\(part) in \(text)")
            let damaged = Data(text.replacingOccurrences(of: part, with: other).utf8)
            guard let read = try? JSONDecoder().decode(Sampler.self, from: damaged) else { continue }
            #expect(failure { try read.validate(for: dataSet) } != nil, "\(part)")
        }
    }

    @Test func everyRoundHasEveryClass() throws {
        let dataSet = try DataSet(
            labels: .numbered(5), isSingleLabel: true,
            clips: (0..<50).map { .init(name: "\($0)", source: .missing, classes: [$0 < 40 ? 0 : 1 + $0 % 4]) })
        var sampler = try Sampler(.balanced, dataSet: dataSet)
        for _ in 0..<9 {
            let classes = sampler.nextBatch(5).flatMap { dataSet.clips[$0].classes }
            #expect(classes.sorted() == [0, 1, 2, 3, 4])
        }
    }

    @Test func nothingToDrawIsSaid() throws {
        let dataSet = try DataSet(
            labels: .numbered(2), isSingleLabel: false, clips: [.init(name: "a", source: .missing, classes: [])])
        #expect(
            failure { _ = try Sampler(.balanced, dataSet: dataSet) }?.message.contains("No clip has a class") == true)
        let error = failure { _ = try Sampler(.none, dataSet: dataSet, blackList: ["a"]) }
        #expect(error?.message.contains("black list") == true)
        #expect(failure { _ = try Sampler(.none, dataSet: dataSet.subset([])) }?.code == .invalidConfiguration)
    }
}
