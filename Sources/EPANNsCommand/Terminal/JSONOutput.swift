import Foundation

/// JSON as every subcommand prints it: snake-case keys in order, numbers that read back as the same Float32.
enum JSONOutput {
    /// Prints a value over several lines.
    static func print(_ value: some Encodable) throws {
        try StandardOutput.writeLines([text(value, formatting: [.prettyPrinted])])
    }

    /// A value on one line.
    static func line(_ value: some Encodable) throws -> String { try text(value, formatting: []) }

    private static func text(_ value: some Encodable, formatting: JSONEncoder.OutputFormatting) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = formatting.union([.sortedKeys, .withoutEscapingSlashes])
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
