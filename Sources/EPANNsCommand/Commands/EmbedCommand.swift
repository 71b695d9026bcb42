import ArgumentParser
import EPANNs
import EPANNsCore
import Foundation
import Synchronization

/// `epanns embed`: the vector before the classifier, for each clip or window.
struct EmbedCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "embed",
        abstract: "Writes scene embeddings: the vectors before the classifier.",
        discussion: """
            Each clip, or with --window each window, becomes one vector, which serves for searching, clustering, or \
            training a small classifier of one's own.

            npy: one input becomes a file (--output FILE) with an array of shape (windows, width), Float32; several \
            become a folder (--output FOLDER) with one file each, named after the input. json: an array of objects \
            with file, duration_seconds, model (name, sha256, precision), windows (start_seconds, end_seconds, \
            embedding), and warnings where there are any; jsonl: such an object a line.

            An input that fails is reported and the others are done; the exit status is then 1. Files are replaced, \
            and each appears whole or not at all.

            EXAMPLES
              epanns embed -m mn04 street.wav --output street.npy
              epanns embed -m mn04 --window 1 --format jsonl night.flac > night.jsonl
              epanns embed -m epanns recordings/ --output embeddings
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case npy, json, jsonl
    }

    @OptionGroup var model: ModelOptions
    @OptionGroup var input: InputOptions

    @Option(help: "The form of the result.")
    var format = Format.npy

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The file to write, or for several inputs as npy the folder; - for standard output (the default).",
            valueName: "path"),
        completion: .file())
    var output: String?

    func run() throws {
        let (files, missing) = try input.files()
        let writer = try EmbeddingWriter(format: format, destination: destination(files), inputs: files)
        // One clip as a whole gets all cores; windows or files go side by side.
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let split = model.split(units: input.window == nil ? files.count : cores)
        let tagger = try model.tagger(split)
        let workers = split.jobs
        let filesAtOnce = input.window == nil ? workers : 1
        var failureCount = missing
        for start in stride(from: 0, to: files.count, by: filesAtOnce) {
            let batch = Array(files[start..<min(files.count, start + filesAtOnce)])
            for (file, result) in zip(batch, try embed(batch, tagger: tagger, workers: workers)) {
                switch result {
                case .success(let embedded):
                    for warning in embedded.warnings ?? [] {
                        StandardError.write("warning: \(file.path): \(warning)")
                    }
                    try writer.write(embedded, of: file)
                case .failure(let error):
                    guard files.count + missing > 1, error is EPANNsError else { throw error }
                    StandardError.write("\(error)")
                    failureCount += 1
                }
            }
        }
        try writer.finish()
        if failureCount > 0 {
            StandardError.write("\(failureCount) of \(files.count + missing) inputs failed.")
            throw ExitCode.failure
        }
    }

    private func embed(
        _ files: [InputFile], tagger: AudioTagger, workers: Int
    ) throws -> [Result<EmbeddedAudio, any Error>] {
        let sources = try files.map(input.source)
        let (window, hop) = (input.window, input.hop)
        let results = Mutex([Int: Result<EmbeddedAudio, any Error>]())
        DispatchQueue.concurrentPerform(iterations: files.count) { index in
            let result = Result {
                try tagger.embed(
                    sources[index], name: files[index].path, windowSeconds: window, hopSeconds: hop,
                    concurrency: window == nil ? 1 : workers)
            }
            results.withLock { $0[index] = result }
        }
        let finished = results.withLock { $0 }
        return files.indices.compactMap { finished[$0] }
    }

    private func destination(_ files: [InputFile]) throws -> EmbeddingWriter.Destination {
        guard let output, output != "-" else {
            guard format == .npy else { return .standardOutput }
            guard files.count == 1 else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "Several inputs as npy need a folder: --output FOLDER; or take --format jsonl.")
            }
            guard isatty(STDOUT_FILENO) == 0 else {
                throw EPANNsError(
                    .invalidConfiguration,
                    "An npy file is no text for a terminal; write it with --output FILE.npy, or take --format json.")
            }
            return .standardOutput
        }
        for file in files
        where FileIdentity(path: output) != nil && FileIdentity(path: output) == FileIdentity(path: file.path) {
            throw EPANNsError(.invalidConfiguration, "\(output) is an input; write the result to another file.")
        }
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: output, isDirectory: &isFolder)
        guard format == .npy else { return .file(output) }
        // What was named by a folder or pattern gets a folder even if it is one file today.
        let isOne = files.count == 1 && input.inputs == [files[0].path]
        if isOne && !isFolder.boolValue && !output.hasSuffix("/") { return .file(output) }
        guard isFolder.boolValue || !exists else {
            throw EPANNsError(.invalidConfiguration, "\(output) is a file; several inputs as npy need a folder.")
        }
        return .folder(output)
    }
}
