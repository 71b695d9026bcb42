/// Finds the names that a mistyped one may have meant.
///
/// Tests: `NearestNamesTests`.
package enum NearestNames {
    /// Something with a name.
    package struct Candidate {
        /// What is suggested.
        var name: String
        /// Other ways to write it.
        var aliases: [String]
        /// Whether its single words count as well, and a text anywhere within it.
        var byWords: Bool

        package init(_ name: String, aliases: [String] = [], byWords: Bool = false) {
            self.name = name
            self.aliases = aliases
            self.byWords = byWords
        }

        fileprivate func distance(to typed: String) -> Int {
            let spellings = ([name] + aliases).map { $0.lowercased() }
            return spellings.map { spelling in
                // Of short names, which are all near one another, at least half of the letters must be right.
                let edits = editDistance(typed, spelling)
                var least = 2 * edits <= spelling.count ? edits : .max
                if typed.count > 1, spelling.hasPrefix(typed) { least = min(least, 1) }
                guard byWords else { return least }
                if typed.count > 2, spelling.contains(typed) { least = min(least, 1) }
                let words = spelling.split { !$0.isLetter }.map { editDistance(typed, String($0)) + 1 }
                return min(least, words.min() ?? .max)
            }.min() ?? .max
        }
    }

    /// Names near a text, the nearest first; of equally near ones those that come first.
    ///
    /// - Returns: At most `limit` names within a third of the typed letters (at least two), counted in single-letter
    ///   edits and swaps. A name that begins with the text counts as one edit away. Case does not matter.
    package static func find(_ text: String, among candidates: [Candidate], limit: Int = 3) -> [String] {
        // Nobody types more; the work grows with the length.
        let typed = String(text.prefix(64)).lowercased()
        guard !typed.isEmpty else { return [] }
        let tolerance = max(2, typed.count / 3)
        let ranked = candidates.enumerated().compactMap { index, candidate -> (distance: Int, index: Int)? in
            let distance = candidate.distance(to: typed)
            return distance <= tolerance ? (distance, index) : nil
        }
        return ranked.sorted { ($0.distance, $0.index) < ($1.distance, $1.index) }.prefix(limit)
            .map { candidates[$0.index].name }
    }

    /// A question that names what may have been meant; nil where nothing is near.
    package static func question(_ names: [String]) -> String? {
        names.isEmpty ? nil : "Did you mean \(names.map { "“\($0)”" }.joined(separator: " or "))?"
    }
}
