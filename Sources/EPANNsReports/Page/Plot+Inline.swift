import Foundation

extension Plot {
    /// The drawing as an element of a page, in the page's colours.
    ///
    /// - Parameter identifier: A word that no other drawing of the page has; it goes before the names within.
    /// - Throws: As ``data(_:)``.
    func inlineSVG(identifier: String) throws -> String {
        var svg = String(decoding: try data(.svg), as: UTF8.self)
        guard let start = svg.range(of: "<svg"), let end = svg.range(of: ">", range: start.upperBound..<svg.endIndex)
        else { preconditionFailure("gnuplot's drawing has no element svg") }
        svg = """
            <svg viewBox="0 0 \(width) \(height)" style="max-width:\(width)px" role="img" \
            xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">
            """ + svg[end.upperBound...]
        for (old, new) in [
            ("id=\"", "id=\"\(identifier)-"), ("id='", "id='\(identifier)-"),
            ("href='#", "href='#\(identifier)-"), ("url(#", "url(#\(identifier)-"),
            // The page's background shows through.
            ("<rect x=\"0\" y=\"0\" width=\"\(width)\" height=\"\(height)\" fill=\"#ffffff\"/>", ""),
        ] { svg = svg.replacingOccurrences(of: old, with: new) }
        let variables =
            [(Self.ink, "--ink"), (Self.faintInk, "--grid")]
            + Self.colors.enumerated().map { ($1, "--series\($0)") }
        for (color, variable) in variables {
            // gnuplot pads the numbers in some places only.
            let parts = Self.components(color)
            for text in [
                "rgb(\(parts.map { String(repeating: " ", count: 3 - "\($0)".count) + "\($0)" }.joined(separator: ", ")))",
                "rgb(\(parts.map { "\($0)" }.joined(separator: ",")))",
            ] { svg = svg.replacingOccurrences(of: text, with: "var(\(variable))") }
        }
        return svg
    }

    private static func components(_ color: String) -> [Int] {
        let value = Int(color.dropFirst(), radix: 16) ?? 0
        return [value >> 16 & 255, value >> 8 & 255, value & 255]
    }
}
