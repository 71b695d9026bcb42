import EPANNsCore
import Foundation

/// JSON as all results have it: keys in snake case and in order, numbers that read back as the same Float32.
public enum ResultJSON {
    /// An encoder.
    public static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    /// A decoder for what ``encoder`` has made.
    public static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }

    static func data(_ value: some Encodable) throws -> Data {
        do {
            return try encoder.encode(value)
        } catch {
            throw EPANNsError(.backendFailure, "A result cannot be written as JSON.", cause: error)
        }
    }

    static func line(_ value: some Encodable) throws -> Data { try data(value) + Data("\n".utf8) }
}

/// The record of an input that failed.
public struct FailedInput: Codable, Hashable, Sendable {
    /// The path, or `-`.
    public var file: String
    /// The path's bytes in hexadecimal digits where they are not UTF-8 text.
    public var fileBytes: String?
    /// Why.
    public var error: ResultFailure
}
