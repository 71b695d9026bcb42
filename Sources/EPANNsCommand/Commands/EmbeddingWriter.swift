import EPANNs
import EPANNsCore
import Foundation

/// Writes embeddings in the wanted form, one input after the other.
final class EmbeddingWriter {
    enum Destination {
        case standardOutput
        case file(String)
        /// One `.npy` file for every input.
        case folder(String)
    }

    private let format: EmbedCommand.Format
    private let destination: Destination
    private let text: AtomicFile?
    private var count = 0

    /// Prepares the destination.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when it cannot be written, `invalidConfiguration` when two inputs
    ///   would get the same file.
    init(format: EmbedCommand.Format, destination: Destination, inputs: [InputFile]) throws {
        self.format = format
        self.destination = destination
        if case .file(let path) = destination, format != .npy { text = try AtomicFile(path: path) } else { text = nil }
        guard case .folder(let folder) = destination else { return }
        var owners: [String: String] = [:]
        for input in inputs {
            let path = Self.path(of: input, in: folder)
            if let other = owners.updateValue(input.path, forKey: path) {
                throw EPANNsError(
                    .invalidConfiguration,
                    "\(other) and \(input.path) would both be written to \(path); name the folder above them, or run "
                        + "the command twice with different output folders.")
            }
        }
    }

    /// Writes one result.
    func write(_ embedded: EmbeddedAudio, of input: InputFile) throws {
        switch format {
        case .npy: try writeArray(embedded, of: input)
        case .json: try writeText((count == 0 ? "[\n" : ",\n") + JSONOutput.line(embedded))
        case .jsonl: try writeText(JSONOutput.line(embedded) + "\n")
        }
        count += 1
    }

    /// Ends the text and puts its file in place; a run in which all inputs failed leaves no file.
    func finish() throws {
        guard count > 0 else { return }
        if format == .json { try writeText("\n]\n") }
        try text?.commit()
    }

    private func writeText(_ piece: String) throws {
        if let text { try text.write(piece) } else { try StandardOutput.write(piece) }
    }

    private func writeArray(_ embedded: EmbeddedAudio, of input: InputFile) throws {
        let (values, shape) = embedded.matrix
        switch destination {
        case .standardOutput:
            try StandardOutput.write(Data(NumPyFile.bytes(values, shape: shape)))
        case .file(let path): try NumPyFile.write(values, shape: shape, to: path)
        case .folder(let folder):
            let path = Self.path(of: input, in: folder)
            try Self.createFolder((path as NSString).deletingLastPathComponent)
            try NumPyFile.write(values, shape: shape, to: path)
        }
    }

    private static func path(of input: InputFile, in folder: String) -> String {
        (folder.hasSuffix("/") ? folder : folder + "/") + input.relativePath + ".npy"
    }

    private static func createFolder(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw EPANNsError(
                .fileFailure, "Cannot make the folder \(path); check its permissions or choose another.", cause: error)
        }
    }
}
