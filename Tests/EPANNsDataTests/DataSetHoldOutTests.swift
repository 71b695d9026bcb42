import EPANNsCore
import EPANNsData
import EPANNsModels
import Testing

@Suite struct DataSetHoldOutTests {
    private func data(_ counts: [Int], none: Int = 0) throws -> DataSet {
        var clips: [DataSet.Clip] = []
        for (label, count) in counts.enumerated() {
            clips += (0..<count).map { .init(name: "\(label)/\($0).wav", source: .missing, classes: [label]) }
        }
        clips += (0..<none).map { .init(name: "none/\($0).wav", source: .missing, classes: []) }
        return try DataSet(labels: .numbered(counts.count), isSingleLabel: none == 0, clips: clips)
    }

    @Test func `of each class the same share`() throws {
        let all = try data([40, 10, 3, 2, 1], none: 20)
        let (train, test) = try #require(all.holdingOut(0.2, seed: 1))
        // Of three at least one, of two or one none: a class without a clip to train on cannot be learnt.
        #expect(test.classCounts == [8, 2, 1, 0, 0])
        #expect(test.clips.count { $0.classes.isEmpty } == 4)
        #expect(Set(train.clips).isDisjoint(with: test.clips))
        #expect(train.clips.count + test.clips.count == all.clips.count)
        // The order of the table stays.
        #expect(train.clips == all.clips.filter { train.clips.contains($0) })
        // However much is asked for, something is left.
        #expect(all.holdingOut(0.99, seed: 1)?.train.classCounts.allSatisfy { $0 > 0 } == true)
        #expect(try data([2, 1]).holdingOut(0.2, seed: 1) == nil)
    }

    @Test func `a seed decides, and more clips move no other`() throws {
        let all = try data([40, 40])
        func held(_ data: DataSet, _ seed: UInt64) -> Set<String> {
            Set(data.holdingOut(0.2, seed: seed)?.test.clips.map(\.name) ?? [])
        }
        #expect(held(all, 1) == held(all, 1))
        #expect(held(all, 1) != held(all, 2))
        #expect(held(all, 1).count == 16)
        var more = all
        more.clips.append(.init(name: "0/new.wav", source: .missing, classes: [0]))
        #expect(held(all, 1).subtracting(held(more, 1)).count <= 1)
    }

    @Test func `clips of several classes count for the rarest`() throws {
        var all = try data([30, 0], none: 1)
        for index in 0..<10 { all.clips.append(.init(name: "both \(index)", source: .missing, classes: [0, 1])) }
        let test = try #require(all.holdingOut(0.2, seed: 3)).test
        #expect(test.classCounts == [8, 2])
    }
}
