import ArgumentParser
import EPANNs
import EPANNsCore
import EPANNsEvaluation
import EPANNsReports
import Foundation

/// What commands that write a file ask before minutes of work.
enum OutputFile {
    /// Refuses plots that cannot be drawn or written.
    ///
    /// - Throws: `EPANNsError`.
    static func checkPlots(_ paths: [String]) throws {
        for path in paths {
            _ = try PlotFormat(path: path)
            try checkFolder(of: path)
        }
        if !paths.isEmpty { try Plot.checkTool() }
    }

    /// Refuses a name that the command would not read as a model's again.
    ///
    /// - Throws: `ValidationError`.
    static func checkModelName(_ path: String) throws {
        guard path.lowercased().hasSuffix(".safetensors") else {
            throw ValidationError("The result is a safetensors file; give it a name that ends in .safetensors.")
        }
    }

    /// Refuses a path that no file can be written to.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    static func checkFolder(of output: String) throws {
        let parent = (output as NSString).deletingLastPathComponent
        let folder = parent.isEmpty ? "." : parent
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw EPANNsError(.fileFailure, "There is no folder \(folder) to write \(output) into; create it first.")
        }
        guard access(folder, W_OK | X_OK) == 0 else {
            throw EPANNsError(
                .fileFailure, "\(output) cannot be written: files in \(folder) cannot be created by this user.")
        }
        if FileManager.default.fileExists(atPath: output, isDirectory: &isFolder), isFolder.boolValue {
            throw EPANNsError(.fileFailure, "\(output) is a folder; name a file in it, or another one.")
        }
    }

    /// Refuses to write over the file that is read, or over another one without `--force`.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` or `fileFailure`.
    static func check(_ output: String, against source: ModelSource, force: Bool) throws {
        try checkFolder(of: output)
        guard let existing = FileIdentity(path: output) else { return }
        if case .file(let path) = source, existing == FileIdentity(path: path) {
            throw EPANNsError(
                .invalidConfiguration, "\(output) is the file that is read; give the result another name.")
        }
        guard force else {
            throw EPANNsError(
                .fileFailure, "\(output) exists already; replace it with --force, or choose another name.")
        }
    }
}
