import ArgumentParser
import EPANNsCore
import EPANNsGraph
import EPANNsHub
import Foundation
import Synchronization

extension ModelsCommand {
    /// `epanns models download`.
    struct Download: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Downloads models, verified; goes on where a broken download stopped.",
            discussion: """
                It may be stopped at any time (Ctrl-C): what has arrived is kept, and the same command goes on from \
                there. A file that is already there is verified and not fetched again.

                Without network on this machine: fetch the file elsewhere (“epanns models info NAME” prints its \
                address), put it where the error message says, and run this command once to verify it.

                EXAMPLES
                  epanns models download mn04
                  epanns models download epanns cnn14
                  epanns models download --mirror http://nas.local/models cnn14-16k
                """)

        @Argument(help: "Names of models, see “epanns models list”.", completion: nameCompletion)
        var names: [String]

        @Flag(help: "Fetch again what is there, and trust the new file where no checksum was published.")
        var force = false

        @Option(
            help: ArgumentHelp(
                "A web folder that holds the files under their names; also $EPANNS_MIRROR.", valueName: "url"))
        var mirror: String?

        @Flag(name: .shortAndLong, help: "No progress on standard error.")
        var quiet = false

        @OptionGroup var cacheOption: CacheOption
        @OptionGroup var output: FormatOption<ReportFormat>

        func run() async throws {
            // All names are looked up before the first byte is fetched.
            let models = try names.map { try ModelRegistry.standard.model(named: $0) }
            var configuration = ModelDownloader.Configuration.standard()
            configuration.mirror = mirror ?? configuration.mirror
            for model in models where !model.isSupported {
                StandardError.write(
                    "this version cannot run \(model.name) (\(model.architecture)); it is downloaded all the same.")
            }
            let downloader = ModelDownloader(cache: try cacheOption.cache(), configuration: configuration)
            var rows: [Row] = []
            for model in models {
                let display = quiet ? nil : ProgressDisplay(name: model.name)
                let result: DownloadResult
                do {
                    result = try await downloader.download(model, force: force) { display?.show($0) }
                } catch {
                    display?.endLine()
                    throw error
                }
                display?.endLine()
                rows.append(Row(result))
                if output.format == .text { try printText(result, model) }
            }
            if output.format == .json { try JSONOutput.print(rows) }
        }

        private func printText(_ result: DownloadResult, _ model: RegisteredModel) throws {
            let digest = result.record.digest
            var lines = [
                "\(model.name): \(result.wasCached ? "already there" : "downloaded"), \(digest.byteCount) bytes, "
                    + "\(result.path)",
                "SHA-256 \(digest.sha256)",
            ]
            if result.record.trust == .firstUse {
                lines.append(
                    "The authors published no checksum: this copy is trusted from now on, and recorded; “epanns models "
                        + "verify” shows later changes.")
            }
            if let matches = result.matchesPublicCopy {
                lines.append("It is \(matches ? "" : "NOT ")the same file as a public copy on GitHub.")
            }
            try StandardOutput.writeLines(lines.flatMap { $0.wrapped(indent: 2) })
        }

        private struct Row: Encodable {
            let name, path, sha256, md5, trust: String
            let byteCount: Int
            let wasCached: Bool
            let matchesPublicCopy: Bool?

            init(_ result: DownloadResult) {
                name = result.record.model
                path = result.path
                sha256 = result.record.digest.sha256
                md5 = result.record.digest.md5
                trust = result.record.trust.rawValue
                byteCount = result.record.digest.byteCount
                wasCached = result.wasCached
                matchesPublicCopy = result.matchesPublicCopy
            }
        }
    }
}

/// Shows a download on standard error: a bar that is redrawn on a terminal, else a line every five seconds.
private final class ProgressDisplay: Sendable {
    private struct State {
        var isLineOpen = false
        var lastLine = ContinuousClock.now
    }

    private let name: String
    private let isTerminal = StandardError.isTerminal
    private let state = Mutex(State())

    init(name: String) { self.name = name }

    func show(_ event: DownloadEvent) {
        switch event {
        case .requesting(let url, let offset):
            writeLine(offset > 0 ? "\(name): going on after \(ByteText.short(offset)), \(url)" : "\(name): \(url)")
        case .checkingPart(let count): writeLine("\(name): \(ByteText.short(count)) are here already, reading them")
        case .restarting(let reason): writeLine("\(name): from the start, since \(reason)")
        case .retrying(let reason, let attempt, let limit, let pause):
            let seconds = Int((pause / .seconds(1)).rounded())
            writeLine("\(name): \(reason); retry \(attempt) of \(limit) in \(seconds) s")
        case .verifying: writeLine("\(name): verifying")
        case .progress(let progress): show(progress)
        }
    }

    /// Ends the line of a bar, so that what follows starts at the margin.
    func endLine() {
        state.withLock { state in
            if state.isLineOpen { write("\n") }
            state.isLineOpen = false
        }
    }

    private func show(_ progress: DownloadProgress) {
        state.withLock { state in
            if isTerminal {
                // To the line's start; after the text, clear what an earlier, longer one left.
                write("\r\(bar(progress))\(text(progress))\u{1B}[K")
                state.isLineOpen = true
            } else if ContinuousClock.now - state.lastLine >= .seconds(5) {
                state.lastLine = .now
                write("\(name): \(text(progress))\n")
            }
        }
    }

    private func bar(_ progress: DownloadProgress) -> String {
        guard let fraction = progress.fraction else { return "" }
        let width = 24
        let filled = Int(Double(width) * fraction)
        return "[" + String(repeating: "#", count: filled) + String(repeating: "·", count: width - filled) + "] "
    }

    private func text(_ progress: DownloadProgress) -> String {
        var parts = [ByteText.short(progress.byteCount)]
        if let total = progress.totalByteCount, let fraction = progress.fraction {
            parts = ["\(Int(fraction * 100)) %", "\(ByteText.short(progress.byteCount)) of \(ByteText.short(total))"]
        }
        if progress.bytesPerSecond > 0 { parts.append("\(ByteText.short(progress.bytesPerSecond))/s") }
        if let seconds = progress.secondsLeft, seconds >= 1, seconds < 360_000 {
            let whole = Int(seconds)
            let rest = whole % 60
            parts.append("\(whole / 60):\(rest < 10 ? "0" : "")\(rest) left")
        }
        return parts.joined(separator: ", ")
    }

    private func writeLine(_ text: String) {
        endLine()
        write(text + "\n")
    }

    private func write(_ text: String) { StandardError.writeBare(text) }
}
