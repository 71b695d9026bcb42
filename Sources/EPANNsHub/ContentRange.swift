/// The value of a `Content-Range` header, `bytes START-END/TOTAL`.
///
/// Test: `PartFileTests`.
package struct ContentRange: Hashable {
    /// The first byte's offset.
    package let start: Int
    /// The size of the whole file.
    package let total: Int

    /// Parses a header; `nil` when it is not of that form, or its numbers are invalid.
    package init?(_ text: String) {
        guard let match = text.wholeMatch(of: /bytes (\d{1,18})-(\d{1,18})\/(\d{1,18})/),
            let start = Int(match.1), let end = Int(match.2), let total = Int(match.3), start <= end, end < total
        else { return nil }
        self.start = start
        self.total = total
    }
}
