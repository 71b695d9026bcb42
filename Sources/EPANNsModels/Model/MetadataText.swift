import EPANNsCore
import Foundation

/// The JSON texts in a model file's metadata, which anybody may have written.
enum MetadataText {
    /// Decodes an entry of at most some bytes.
    ///
    /// - Throws: `EPANNsError` with code `invalidCheckpoint` when it is longer, or damaged.
    static func decode<Value: Decodable>(
        _ type: Value.Type, _ key: String, in metadata: [String: String], limit: Int
    ) throws -> Value? {
        guard let text = metadata[key] else { return nil }
        guard text.utf8.count <= limit else {
            throw EPANNsError(
                .invalidCheckpoint,
                "The model's metadata entry \(key) has \(text.utf8.count) bytes, but at most \(limit) are taken.")
        }
        do {
            return try JSONDecoder().decode(type, from: Data(text.utf8))
        } catch let error as EPANNsError {
            throw error
        } catch {
            throw EPANNsError(
                .invalidCheckpoint,
                "The model's metadata entry \(key) is damaged\(place(error)); convert the original again.")
        }
    }

    /// Where in the text, escaped: Foundation's own words repeat what the file holds.
    private static func place(_ error: any Error) -> String {
        let context: DecodingError.Context? =
            switch error as? DecodingError {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context): context
            case .keyNotFound(let key, let context):
                .init(codingPath: context.codingPath + [key], debugDescription: "")
            case nil: nil
            @unknown default: nil
            }
        let path =
            context?.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".") ?? ""
        return path.isEmpty ? "" : " at \(path.quoted)"
    }
}
