import EPANNsCore
import EPANNsData
import EPANNsModels
import EPANNsTestSupport
import Testing

@Suite struct DataSetTests {
    private func dataSet(folder: String = "/data") throws -> DataSet {
        try DataSet(
            labels: LabelSet(["a", "b", "c"].map { LabelSet.Label(name: $0) }), isSingleLabel: false,
            clips: (0..<6).map {
                .init(
                    name: "\($0)", source: .file("\(folder)/\($0)"), fold: $0 == 5 ? nil : $0 % 3,
                    classes: $0 == 0 ? [2, 0, 2] : [1])
            })
    }

    @Test func classesAreSortedAndCounted() throws {
        let dataSet = try dataSet()
        #expect(dataSet.clips[0].classes == [0, 2])
        #expect(dataSet.classCounts == [1, 5, 1])
        #expect(dataSet.folds == [0, 1, 2])
    }

    @Test func foldsAreSelectedAndExcluded() throws {
        let dataSet = try dataSet()
        #expect(try dataSet.selecting(folds: [1]).clips.map(\.name) == ["1", "4"])
        #expect(try dataSet.excluding(folds: [1]).clips.map(\.name) == ["0", "2", "3", "5"])
        #expect(try dataSet.subset([3, 0]).clips.map(\.name) == ["3", "0"])
        #expect(failure { _ = try dataSet.selecting(folds: [7]) }?.message.contains("There is no fold 7") == true)
        #expect(failure { _ = try dataSet.selecting(folds: []) }?.message.contains("No fold is named") == true)
        #expect(failure { _ = try dataSet.subset([6]) }?.code == .invalidConfiguration)
        let all = try dataSet.subset(0..<5)
        #expect(failure { _ = try all.excluding(folds: [0, 1, 2]) }?.message.contains("no clip is left") == true)
    }

    @Test func wrongClassesAreRefused() throws {
        let labels = LabelSet.numbered(2)
        let clip = DataSet.Clip(name: "x", source: .missing, classes: [2])
        #expect(failure { _ = try DataSet(labels: labels, isSingleLabel: false, clips: [clip]) } != nil)
        let two = DataSet.Clip(name: "x", source: .missing, classes: [0, 1])
        #expect(failure { _ = try DataSet(labels: labels, isSingleLabel: true, clips: [two]) } != nil)
    }

    @Test func theDigestSeesWhatMatters() throws {
        let dataSet = try dataSet()
        let digest = dataSet.digest
        #expect(digest.count == 64)
        #expect(try self.dataSet(folder: "/elsewhere").digest == digest)
        var others: Set<String> = [digest]
        var changed = dataSet
        changed.clips.swapAt(1, 2)
        others.insert(changed.digest)
        changed = dataSet
        changed.clips[3].classes = [2]
        others.insert(changed.digest)
        changed = dataSet
        changed.clips[3].fold = 2
        others.insert(changed.digest)
        changed = dataSet
        changed.clips[3].source = .missing
        others.insert(changed.digest)
        changed = dataSet
        changed.labels.labels[1].name = "B"
        others.insert(changed.digest)
        changed = dataSet
        changed.isSingleLabel = true
        others.insert(changed.digest)
        #expect(others.count == 7)
    }
}
