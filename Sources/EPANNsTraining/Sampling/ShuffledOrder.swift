/// All clips in random order, again and again; PANNs' `TrainSampler` (SPEC §5.2).
struct ShuffledOrder: Sendable, Hashable, Codable {
    private var indices: [Int]
    private var pointer = 0
    private var excluded: Set<Int>
    private var random: NumPyRandom

    init(count: Int, excluded: Set<Int>, seed: UInt32) {
        random = NumPyRandom(seed: seed)
        indices = random.permutation(count)
        self.excluded = excluded
    }

    mutating func next(_ count: Int) -> [Int] {
        var batch: [Int] = []
        batch.reserveCapacity(count)
        while batch.count < count {
            let index = indices[pointer]
            pointer += 1
            if pointer == indices.count {
                pointer = 0
                random.shuffle(&indices)
            }
            if !excluded.contains(index) { batch.append(index) }
        }
        return batch
    }

    func isValid(count: Int) -> Bool {
        (0..<count).contains(pointer) && isPermutation(indices, of: count)
            && excluded.count < count && excluded.allSatisfy((0..<count).contains)
    }
}

/// Whether `values` are the numbers `0..<count` in some order.
func isPermutation(_ values: [Int], of count: Int) -> Bool {
    guard values.count == count else { return false }
    var seen = [Bool](repeating: false, count: count)
    for value in values {
        guard seen.indices.contains(value), !seen[value] else { return false }
        seen[value] = true
    }
    return true
}
