import EPANNsCore
import EPANNsGraph
import Foundation

extension Model {
    /// Replaces the labels.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when their number is another than the
    ///   classes'.
    public mutating func replaceLabels(_ labels: LabelSet) throws {
        guard labels.count == configuration.classCount else {
            throw EPANNsError(
                .invalidConfiguration,
                "\(labels.count.counted("label")) cannot name \(configuration.classCount.counted("class")) of a network."
            )
        }
        self.labels = labels
    }
}

extension LabelSet {
    /// Reads a file of labels; see ``parse(_:)``.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when the file cannot be read or is not a small text
    ///   in UTF-8, otherwise as ``parse(_:)``.
    public static func read(path: String) throws -> LabelSet {
        let file = try MappedFile(path: path)
        // Far beyond any list of names; keeps a wrong path, such as the model's, from being taken for text.
        let text: String? = withExtendedLifetime(file) {
            file.bytes.count <= 1 << 24 ? String(validating: file.bytes, as: UTF8.self) : nil
        }
        guard let text else {
            throw EPANNsError(
                .fileFailure,
                "\(path.quoted) is not a list of labels in UTF-8; give a CSV file or one with a name a line.")
        }
        return try parse(text)
    }
}
