import Foundation

extension String {
    /// The text with what HTML and XML give a meaning to written out, control characters left out.
    var escapedForHTML: String {
        var text = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            case "\n", "\t": text += " "
            default:
                // XML 1.0 cannot hold the others, not even written out.
                if scalar.value >= 0x20, !(0x7F...0x9F).contains(scalar.value),
                    ![0xFFFE, 0xFFFF].contains(scalar.value)
                {
                    text.unicodeScalars.append(scalar)
                }
            }
        }
        return text
    }
}
