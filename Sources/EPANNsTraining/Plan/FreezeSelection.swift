/// Which layers are not trained.
///
/// A pattern is a state-dict key, a prefix of one that ends at a dot (`conv_block1`), or has `*` for any characters
/// (`conv_block[1-3]` is not understood, `conv_block*` is). A pattern that starts with `!` takes out of the selection
/// again what earlier ones put in: `* !fc_audioset` freezes all but the classifier.
public struct FreezeSelection: Codable, Hashable, Sendable {
    /// The patterns, in order.
    public var patterns: [String]
    /// Whether frozen batch norms also keep their running statistics and normalise with them, as in inference.
    ///
    /// PANNs' transfer template does not: there frozen norms still follow the batches (SPEC §5.4).
    public var includesStatistics: Bool

    /// Makes a selection; nothing is frozen where nothing is given.
    public init(patterns: [String] = [], includesStatistics: Bool = true) {
        self.patterns = patterns
        self.includesStatistics = includesStatistics
    }

    /// Whether a weight is frozen.
    public func contains(_ name: String) -> Bool {
        var isFrozen = false
        for pattern in patterns {
            if pattern.hasPrefix("!") {
                if Self.matches(pattern.dropFirst(), name) { isFrozen = false }
            } else if Self.matches(pattern[...], name) {
                isFrozen = true
            }
        }
        return isFrozen
    }

    /// Whether a norm's running statistics are fixed.
    package func containsStatistics(of norm: String) -> Bool {
        includesStatistics && contains(norm + ".weight") && contains(norm + ".bias")
    }

    private static func matches(_ pattern: Substring, _ name: String) -> Bool {
        guard pattern.contains("*") else { return name == pattern || name.hasPrefix(pattern + ".") }
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard let first = parts.first, let last = parts.last, name.hasPrefix(first) else { return false }
        var rest = name.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let range = rest.firstRange(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        // A pattern with a star at its end also takes what lies below: `conv_block*` all of `conv_block1.conv1.weight`.
        return rest.hasSuffix(last) || rest.contains(last + ".")
    }
}
