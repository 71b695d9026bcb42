import EPANNsCore
import EPANNsGraph

/// Which layers are pruned, and by how much: `C7-C12`, `C7=0.3,C8=0.5`, `conv_block6.*`, `features.*.0.0=50%`.
///
/// Convolutions are called C1, C2, … in the graph's order, as in the paper; any layer can be called by its name, in which
/// `*` stands for any text and `?` for any character. Of several parts that fit a layer the last one holds.
///
/// Tests: `LayerSelectionTests`.
public struct LayerSelection: Hashable, Sendable {
    /// One part of the list.
    struct Part: Hashable, Sendable {
        enum Pattern: Hashable, Sendable {
            case numbers(ClosedRange<Int>)
            case name(String)
        }

        var pattern: Pattern
        var text: String
        var amount: PruningAmount?
    }

    let parts: [Part]

    /// Reads the list.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` for a part that cannot be read.
    public init(parsing text: String) throws {
        parts = try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            let part = part.filter { !$0.isWhitespace }
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let pattern = sides.first, !pattern.isEmpty, pattern.count <= 200 else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "“\(text.prefix(60))” is not a list of layers; write C7-C12, C7=0.3,C8=0.5 or conv_block6.*.")
            }
            let amount = try sides.count > 1 ? PruningAmount(parsing: sides[1]) : nil
            return Part(pattern: try Self.pattern(pattern), text: String(pattern), amount: amount)
        }
    }

    /// What is pruned where nothing else is asked for.
    ///
    /// - Parameter graph: CNN14's convolutions C7 to C12, as in the paper, when it has twelve named as CNN14's; all
    ///   convolutions otherwise; of a transformer its heads and what lies between two linear layers.
    public init(defaultFor graph: ModelGraph) {
        let isTransformer = graph.nodes.contains { node in
            if case .attention = node.operation { true } else { false }
        }
        if isTransformer {
            parts = [Part(pattern: .name("*"), text: "*", amount: nil)]
            return
        }
        let isCNN14 = graph.nodes.contains { $0.name == "conv_block6.conv2" }
        parts = [Part(pattern: .numbers(isCNN14 ? 7...12 : 1...65536), text: isCNN14 ? "C7-C12" : "C1-", amount: nil)]
    }

    /// Whether a part has an amount of its own.
    package var hasAmounts: Bool { parts.contains { $0.amount != nil } }

    private static func pattern(_ text: Substring) throws -> Part.Pattern {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(number)
        if ends.count == 1, let only = ends[0] { return .numbers(only...only) }
        if ends.count == 2, let first = ends[0], let last = ends[1] {
            guard first <= last else {
                throw EPANNsError(.invalidConfiguration, "\(text) runs backwards; write C\(last)-C\(first).")
            }
            return .numbers(first...last)
        }
        return .name(String(text))
    }

    private static func number(_ text: Substring) -> Int? {
        guard text.first == "C" || text.first == "c", text.count <= 6 else { return nil }
        return Int(text.dropFirst()).flatMap { $0 > 0 ? $0 : nil }
    }
}

extension LayerSelection.Part {
    /// Whether the part means a layer.
    func matches(name: String, number: Int?) -> Bool {
        switch pattern {
        case .numbers(let range): number.map(range.contains) ?? false
        case .name(let pattern): Self.matches(Array(pattern.utf8), Array(name.utf8))
        }
    }

    /// Refuses numbers that no convolution has.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    func check(convolutionCount: Int) throws {
        switch pattern {
        case .numbers(let range) where range.count > 1 && range.upperBound > convolutionCount:
            throw EPANNsError(
                .invalidConfiguration,
                "\(text): the network's convolutions are C1 to C\(convolutionCount).")
        default: return
        }
    }

    /// Whether it means one layer, which then must be prunable, rather than whatever fits.
    var namesOneLayer: Bool {
        switch pattern {
        case .numbers(let range): range.count == 1
        case .name(let pattern): !pattern.contains { "*?".contains($0) }
        }
    }

    /// Wildcards without backtracking further than the last `*`.
    private static func matches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
        var (p, t) = (0, 0)
        var star: (pattern: Int, text: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p, t)
                p += 1
            } else if p < pattern.count, pattern[p] == text[t] || pattern[p] == UInt8(ascii: "?") {
                p += 1
                t += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                p = last.pattern + 1
                t = last.text + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
