import EPANNsCore
import EPANNsTraining
import Foundation
import Yams

/// A file of settings for `epanns train`: YAML, and so JSON, too.
///
/// The file may be a stranger's: aliases, which a few hundred bytes can multiply to billions of values, are counted
/// before they are expanded. Tests: `SettingsFileTests`.
struct SettingsFile {
    /// A run's settings have some sixty.
    static let maximumValueCount = 10_000

    let path: String

    /// Reads the settings.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` or `invalidConfiguration`.
    func configuration() throws -> TrainingConfiguration {
        guard let data = FileManager.default.contents(atPath: path), data.count < 1 << 22 else {
            throw EPANNsError(.fileFailure, "\(path) cannot be read, or is not a file of settings.")
        }
        let text = String(decoding: data, as: UTF8.self)
        // Keys are compared with one another as they are read, before anybody can count.
        let code = Self.withoutComments(text)
        if code.contains(#/&[^\s]/#), code.contains(#/\?\s+\*|\*[^\s,\[\]{}]+\s*:(\s|$)/#) {
            throw EPANNsError(.invalidConfiguration, "\(path) has an alias (“*”) in the place of a key.")
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw EPANNsError(.invalidConfiguration, "\(path) is not YAML: \(error)")
        }
        var left = Self.maximumValueCount
        guard let node, count(node, &left) else {
            throw EPANNsError(
                .invalidConfiguration,
                node == nil
                    ? "\(path) holds no keys and values of a run's settings."
                    : "\(path) has more than \(Self.maximumValueCount) values, aliases (“*”) counted as what they stand for."
            )
        }
        guard let object = node.any as? [String: Any] else {
            throw EPANNsError(.invalidConfiguration, "\(path) holds no keys and values of a run's settings.")
        }
        if let complaint = Self.complaint(object, "") {
            throw EPANNsError(.invalidConfiguration, "\(path): \(complaint).")
        }
        return try TrainingConfiguration(json: JSONSerialization.data(withJSONObject: object))
    }

    /// The text without what is certainly a comment, in which an asterisk is no alias.
    ///
    /// A line that begins with “#” is never an alias, wherever it stands; behind something a “#” begins a comment, unless
    /// the line is within quotes, or has some, and then it stays.
    private static func withoutComments(_ text: String) -> String {
        text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { line in
            if line.drop(while: { $0 == " " || $0 == "\t" }).first == "#" { return "" }
            guard !line.contains("\""), !line.contains("'"), let comment = line.firstRange(of: #/[ \t]#/#) else {
                return String(line)
            }
            return String(line[..<comment.lowerBound])
        }.joined(separator: "\n")
    }

    /// Takes a node and what it holds from what is left; false as soon as nothing is.
    private func count(_ node: Node, _ left: inout Int) -> Bool {
        left -= 1
        guard left >= 0 else { return false }
        switch node {
        case .scalar, .alias: return true
        case .sequence(let values):
            for value in values where !count(value, &left) { return false }
        case .mapping(let pairs):
            for (key, value) in pairs where !count(key, &left) || !count(value, &left) { return false }
        }
        return true
    }

    /// The first value that a setting cannot have, in words; nil where there is none.
    private static func complaint(_ value: Any, _ path: String) -> String? {
        switch value {
        case let object as [String: Any]:
            for key in object.keys.sorted() {
                guard let inner = object[key] else { continue }
                if let found = complaint(inner, path.isEmpty ? key : "\(path).\(key)") { return found }
            }
        case let list as [Any]:
            for (index, inner) in list.enumerated() {
                if let found = complaint(inner, "\(path)[\(index)]") { return found }
            }
        case let number as Double where !number.isFinite:
            return "\(path.quoted) is \(number.isNaN ? "not a number" : "infinite"); a setting must be a finite number"
        case is NSNull, is String, is Int, is UInt, is Double, is Bool: break
        case is [AnyHashable: Any]: return "\(path.quoted) has a key that is not text"
        default: return "\(path.quoted) must be text, a number, true or false (a date or bytes must be quoted)"
        }
        return nil
    }
}
