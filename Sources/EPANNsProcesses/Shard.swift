import EPANNsCore

/// A process's part of a job that several share, as MPI numbers them.
public struct Shard: Sendable, Hashable, Codable {
    /// The process's number, counted from 0.
    public let rank: Int
    /// How many processes there are.
    public let count: Int

    /// All of the job.
    public static let whole = Shard(uncheckedRank: 0, count: 1)

    /// Makes a part.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public init(rank: Int, count: Int) throws {
        guard (1...100_000).contains(count), (0..<count).contains(rank) else {
            throw EPANNsError(.invalidConfiguration, "Part \(rank) of \(count) does not exist.")
        }
        self.init(uncheckedRank: rank, count: count)
    }

    private enum CodingKeys: String, CodingKey { case rank, count }

    /// Reads a part that was saved.
    ///
    /// - Throws: As ``init(rank:count:)``, and `DecodingError`.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(rank: values.decode(Int.self, forKey: .rank), count: values.decode(Int.self, forKey: .count))
    }

    private init(uncheckedRank rank: Int, count: Int) {
        self.rank = rank
        self.count = count
    }

    /// This part of `0..<total`: contiguous, in the order of the ranks, sizes differing by one at most.
    public func range(of total: Int) -> Range<Int> { total * rank / count..<total * (rank + 1) / count }
}
