extension DataSet {
    /// Parts the clips into those to train on and those to test on.
    ///
    /// Of each class the same share is held out, by an order that follows from the seed and the clips' names: more
    /// recordings do not move the others. A class of one or two clips is trained on. With several classes a clip counts
    /// for its rarest. Clips of none of the classes are held out like a class, so they may be all that is. Test:
    /// `DataSetHoldOutTests`.
    ///
    /// - Parameters:
    ///   - share: Above 0 and below 1.
    ///   - seed: Of the order.
    /// - Returns: Nil where the classes have too few clips.
    package func holdingOut(_ share: Double, seed: UInt64) -> (train: DataSet, test: DataSet)? {
        precondition(share > 0 && share < 1)
        let counts = classCounts
        var groups: [Int?: [Int]] = [:]
        for (index, clip) in clips.enumerated() {
            groups[clip.classes.min { (counts[$0], $0) < (counts[$1], $1) }, default: []].append(index)
        }
        var held: Set<Int> = []
        for group in groups.values {
            let wanted = Int((Double(group.count) * share).rounded())
            let count = min(max(wanted, group.count > 2 ? 1 : 0), group.count - 1)
            let order = group.sorted {
                (Self.rank(clips[$0].name, seed), clips[$0].name) < (Self.rank(clips[$1].name, seed), clips[$1].name)
            }
            held.formUnion(order.prefix(count))
        }
        guard !held.isEmpty else { return nil }
        var (train, test) = (self, self)
        train.clips = clips.indices.filter { !held.contains($0) }.map { clips[$0] }
        test.clips = clips.indices.filter(held.contains).map { clips[$0] }
        return (train, test)
    }

    /// A number that looks random: FNV-1a of seed and name, mixed once more.
    private static func rank(_ name: String, _ seed: UInt64) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for shift in stride(from: 0, to: 64, by: 8) { add(UInt8(truncatingIfNeeded: seed >> UInt64(shift))) }
        name.utf8.forEach(add)
        hash = (hash ^ hash >> 33) &* 0xFF51_AFD7_ED55_8CCD
        return hash ^ hash >> 33
    }
}
