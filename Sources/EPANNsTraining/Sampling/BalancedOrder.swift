import EPANNsCore
import EPANNsData
import EPANNsGraph

/// One clip of each class in turn, classes in random order; PANNs' `BalancedTrainSampler` (SPEC §5.2).
///
/// Every round of draws has each class exactly once. A class without clips, on which the reference fails, is passed over
/// when its turn comes; the other draws are then still the reference's.
struct BalancedOrder: Sendable, Hashable, Codable {
    private var clipsOfClass: [[Int]]
    private var pointers: [Int]
    /// Classes of the present round, and how many of them have had their turn.
    private var queue: [Int] = []
    private var turn = 0
    private var excluded: Set<Int>
    private var random: NumPyRandom

    /// - Parameter drawsNone: Whether recordings without a class have their turn as one more class.
    init(_ dataSet: DataSet, excluded: Set<Int>, seed: UInt32, drawsNone: Bool = false) throws {
        random = NumPyRandom(seed: seed)
        self.excluded = excluded
        clipsOfClass = [[Int]](repeating: [], count: dataSet.classCount)
        pointers = [Int](repeating: 0, count: dataSet.classCount)
        var hasClip = false
        for (index, clip) in dataSet.clips.enumerated() {
            for label in clip.classes { clipsOfClass[label].append(index) }
            hasClip = hasClip || (!clip.classes.isEmpty && !excluded.contains(index))
        }
        guard hasClip else {
            throw EPANNsError(
                .invalidConfiguration, "No clip has a class; a balanced sampler has nothing to draw. Use “none”.")
        }
        if drawsNone {
            let none = Self.clipsOfNone(dataSet)
            if !none.isEmpty {
                clipsOfClass.append(none)
                pointers.append(0)
            }
        }
        for label in clipsOfClass.indices { random.shuffle(&clipsOfClass[label]) }
    }

    mutating func next(_ count: Int) -> [Int] {
        var batch: [Int] = []
        batch.reserveCapacity(count)
        while batch.count < count {
            if turn == queue.count {
                queue = random.permutation(clipsOfClass.count)
                turn = 0
            }
            let label = queue[turn]
            turn += 1
            guard !clipsOfClass[label].isEmpty else { continue }
            let index = clipsOfClass[label][pointers[label]]
            pointers[label] += 1
            if pointers[label] == clipsOfClass[label].count {
                pointers[label] = 0
                random.shuffle(&clipsOfClass[label])
            }
            if !excluded.contains(index) { batch.append(index) }
        }
        return batch
    }

    /// Recordings of none of the classes; neither missing ones nor a pack's, which the reference never draws.
    private static func clipsOfNone(_ dataSet: DataSet) -> [Int] {
        dataSet.clips.indices.filter { index in
            if case .file = dataSet.clips[index].source { dataSet.clips[index].classes.isEmpty } else { false }
        }
    }

    func isValid(for dataSet: DataSet) -> Bool {
        var expected = [[Int]](repeating: [], count: dataSet.classCount)
        for (index, clip) in dataSet.clips.enumerated() { for label in clip.classes { expected[label].append(index) } }
        if clipsOfClass.count > dataSet.classCount { expected.append(Self.clipsOfNone(dataSet)) }
        return clipsOfClass.map { $0.sorted() } == expected && pointers.count == clipsOfClass.count
            && zip(pointers, clipsOfClass).allSatisfy { $0 >= 0 && $0 < max(1, $1.count) }
            && (queue.isEmpty || isPermutation(queue, of: clipsOfClass.count)) && (0...queue.count).contains(turn)
            && dataSet.clips.indices.contains { !dataSet.clips[$0].classes.isEmpty && !excluded.contains($0) }
    }
}
