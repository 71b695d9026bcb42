import EPANNs
import EPANNsCore
import Foundation
import Synchronization

/// Writes results as they come: in the order of the inputs to standard output, or to a file each in a folder.
final class ResultSink: Sendable {
    private struct State {
        var next = 0
        // Finished ahead of an earlier input; an input that failed has none.
        var waiting: [Int: String?] = [:]
        var isFirst = true
    }

    private let format: ResultFormat
    private let folder: String?
    private let state = Mutex(State())

    init(format: ResultFormat, folder: String?) {
        self.format = format
        self.folder = folder
    }

    /// Path of an input's file in the output folder.
    func path(for input: InputFile) -> String? {
        folder.map { "\($0)/\(input.relativePath).\(format.fileExtension)" }
    }

    /// Whether the output folder holds the input's file already.
    func holds(_ input: InputFile) -> Bool {
        path(for: input).map { FileManager.default.fileExists(atPath: $0) } ?? false
    }

    /// Refuses inputs whose files would overwrite each other.
    func checkNames(_ inputs: [InputFile]) throws {
        guard folder != nil else { return }
        var seen: [String: String] = [:]
        for input in inputs {
            if let other = seen.updateValue(input.path, forKey: input.relativePath) {
                throw EPANNsError(
                    .invalidConfiguration,
                    "\(other) and \(input.path) would both be written to \(path(for: input) ?? ""); tag them into "
                        + "different output folders.")
            }
        }
    }

    func begin() throws { if folder == nil { try StandardOutput.write(format.header) } }
    func end() throws { if folder == nil { try StandardOutput.write(format.footer) } }

    /// Writes a result into the output folder where there is one.
    ///
    /// - Returns: What ``put(_:index:progress:)`` is to be given; nil where it is written already.
    func store(_ audio: TaggedAudio, input: InputFile) throws -> String? {
        if let path = path(for: input) {
            let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
            do {
                try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
            } catch {
                throw EPANNsError(.fileFailure, "The folder \(parent) cannot be made.", cause: error)
            }
            let file = try AtomicFile(path: path)
            try file.write(try format.document(audio))
            try file.commit()
            return nil
        }
        return try format.body(audio)
    }

    /// Takes the result of input number `index`, nil where it failed.
    func put(_ text: String?, index: Int, progress: ProgressBar) throws {
        guard folder == nil else { return }
        try state.withLock { state in
            state.waiting[index] = .some(text)
            while let ready = state.waiting.removeValue(forKey: state.next) {
                state.next += 1
                guard let ready else { continue }
                try progress.aside { try StandardOutput.write((state.isFirst ? "" : format.separator) + ready) }
                state.isFirst = false
            }
        }
    }
}
