import EPANNsCore
import Foundation

/// Appends lines to a run's log; a line is whole or, after a kill, cut, and the reader minds neither.
final class RunLog {
    private var handle: FileHandle?
    private let folder: RunFolder?
    private let continues: Bool
    /// Lines of a run that has not begun yet.
    private var held: [Data]? = []
    private let encoder = JSONEncoder()

    /// Prepares the log of a run, to go on at its end or anew; nil as folder writes nothing.
    ///
    /// The file is made with its first line, so that a run that cannot begin leaves nothing behind.
    init(_ folder: RunFolder?, continues: Bool) {
        self.folder = folder
        self.continues = continues
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    }

    /// The log's file, made where it is missing.
    private func opened(_ folder: RunFolder) throws -> FileHandle {
        if let handle { return handle }
        try folder.create()
        let path = folder.logPath
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (continues ? 0 : O_TRUNC), 0o666)
        guard descriptor >= 0 else {
            throw EPANNsError(.fileFailure, "\(path) cannot be written: \(String(cString: strerror(errno))).")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        // What a killed run left of its last line must not swallow the next one.
        if try handle.seekToEnd() > 0, let data = FileManager.default.contents(atPath: path),
            data.last != 0x0A
        {
            try handle.write(contentsOf: Data([0x0A]))
        }
        self.handle = handle
        return handle
    }

    /// Writes what has been held back: a run that cannot begin leaves no log.
    func begin() throws {
        let lines = held ?? []
        held = nil
        for line in lines { try write(line: line) }
    }

    func write(_ entry: some Encodable) throws {
        let line = try encoder.encode(entry) + Data([0x0A])
        if held == nil { try write(line: line) } else { held?.append(line) }
    }

    private func write(line: Data) throws {
        guard let folder else { return }
        do {
            try opened(folder).write(contentsOf: line)
        } catch let error as EPANNsError {
            throw error
        } catch {
            throw EPANNsError(
                .fileFailure,
                "\(folder.logPath) cannot be written: free some space, then go on with the run. The last checkpoint is whole.",
                cause: error, remedy: .resume)
        }
    }
}
