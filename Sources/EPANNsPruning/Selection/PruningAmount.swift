import EPANNsCore
import EPANNsGraph

/// How many filters of a layer go.
public enum PruningAmount: Hashable, Sendable {
    /// This share goes, 0 ≤ ratio < 1.
    case ratio(Double)
    /// This many stay.
    case kept(Int)

    /// Reads `0.3`, `30%` (a share that goes) or `256` (filters that stay).
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public init(parsing text: some StringProtocol) throws {
        if let count = Int(text), count > 0 {
            self = .kept(count)
            return
        }
        let number = text.hasSuffix("%") ? Double(text.dropLast()).map { $0 / 100 } : Double(text)
        guard let number, (0..<1).contains(number) else {
            throw EPANNsError(
                .invalidConfiguration,
                "“\(text.prefix(40))” is not an amount of pruning: give the share that goes, such as 0.3 or 30%, below 1, or "
                    + "the number of filters that stay, such as 256.")
        }
        self = .ratio(number)
    }

    /// The number of units that stay of `width`.
    ///
    /// A ratio truncates toward zero as the reference does, `int(width·(1 − ratio))` in floating point, and is then
    /// rounded to the nearest multiple, ties up; at least one multiple stays, and never more than there are. A number
    /// that is given stays as it is.
    ///
    /// Source: SPEC §2.3, §4.1. Test: `PruningAmountTests`.
    ///
    /// - Parameters:
    ///   - width: Number of units before.
    ///   - multiple: What widths are rounded to; 1 for not at all.
    public func keptCount(of width: Int, multiple: Int = 1) -> Int {
        precondition(width > 0 && multiple > 0)
        switch self {
        case .kept(let count): return min(count, width)
        case .ratio(let ratio):
            let truncated = Int(Double(width) * (1 - ratio))
            // Nothing was to go.
            if truncated == width { return width }
            let rounded = (truncated + multiple / 2) / multiple * multiple
            return min(width, max(rounded, min(multiple, width)))
        }
    }
}
