import Foundation

/// A JSON value of a log's line.
enum LogValue: Decodable, Hashable, CustomStringConvertible {
    case text(String)
    case number(Double)
    case flag(Bool)
    case list([LogValue])
    case object([String: LogValue])
    case null

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let list = try? container.decode([LogValue].self) {
            self = .list(list)
        } else {
            self = .object(try container.decode([String: LogValue].self))
        }
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }

    /// A number, or one of the words that JSON has none for.
    var number: Double? {
        switch self {
        case .number(let number): number
        case .text("NaN"), .text("nan"): .nan
        case .text("Infinity"), .text("inf"): .infinity
        case .text("-Infinity"), .text("-inf"): -.infinity
        default: nil
        }
    }

    /// A whole number that is not negative.
    var integer: Int? {
        guard let number, number >= 0, number < 0x1p53, number == number.rounded() else { return nil }
        return Int(number)
    }

    /// As text, numbers with six digits.
    var rounded: String {
        guard let number, number.isFinite, number != number.rounded() else { return description }
        return String(format: "%.6g", number)
    }

    var description: String {
        switch self {
        case .text(let text): text
        case .number(let number):
            number == number.rounded() && abs(number) < 0x1p53 ? "\(Int(number))" : "\(number)"
        case .flag(let flag): "\(flag)"
        case .list(let list): list.map(\.description).joined(separator: ", ")
        case .object(let object):
            object.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        case .null: "–"
        }
    }
}
