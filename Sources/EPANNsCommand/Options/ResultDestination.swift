import EPANNs
import EPANNsCore
import Foundation

/// Where results go; `--output` means the same in every command that writes them.
///
/// `-`, or nothing: standard output. A name that ends as the format does: that file, with everything in it. Any other
/// name: a folder, with a file for each input. Tests: `TagTests`.
enum ResultDestination: Hashable {
    case standardOutput
    case file(String)
    case folder(String)

    static let help = """
        Where the results go: a file, if the name ends as the format does (.csv, .npy, …), else a folder that gets a \
        file for each input; - is standard output (the default).
        """

    private static let endings: Set<String> = ["txt", "csv", "json", "jsonl", "npy"]

    /// Reads the option.
    ///
    /// - Parameters:
    ///   - output: What the user wrote; nil for nothing.
    ///   - fileExtension: The format's.
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when it does not fit the format, or what is there.
    init(_ output: String?, fileExtension: String) throws {
        guard let output, output != "-" else {
            self = .standardOutput
            return
        }
        guard !output.isEmpty else {
            throw EPANNsError(.invalidConfiguration, "The output's name is empty: is a variable unset?")
        }
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: output, isDirectory: &isFolder)
        if isFolder.boolValue || output.hasSuffix("/") {
            self = .folder(output.count > 1 && output.hasSuffix("/") ? String(output.dropLast()) : output)
            return
        }
        let ending = (output as NSString).pathExtension.lowercased()
        if ending == fileExtension {
            self = .file(output)
        } else if exists {
            throw EPANNsError(
                .invalidConfiguration,
                "\(output) is a file; name a folder, or a file that ends in .\(fileExtension).")
        } else if Self.endings.contains(ending) {
            throw EPANNsError(
                .invalidConfiguration,
                "\(output) is called like a file of another format; give it the ending .\(fileExtension), or choose "
                    + "the format with --format.")
        } else {
            self = .folder(output)
        }
    }

    /// Refuses to write over an input, and says what will be replaced.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    func check(against inputs: [BatchInput]) throws {
        guard case .file(let path) = self, let identity = FileIdentity(path: path) else { return }
        for input in inputs where identity == FileIdentity(path: input.path) {
            throw EPANNsError(.invalidConfiguration, "\(path) is an input; write the result to another file.")
        }
        if FileManager.default.isWritableFile(atPath: path) { StandardError.write("\(path) exists and is replaced.") }
    }
}
