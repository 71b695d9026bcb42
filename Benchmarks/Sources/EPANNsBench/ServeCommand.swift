import ArgumentParser
import EPANNs
import Foundation

/// `epanns-bench serve`: our side of `peers/peers.py`, whose README describes the protocol.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Answers timing requests on standard input, a line of JSON each.",
        discussion: """
            Request: {"threads": 1, "precision": "bf16", "part": "network", "iterations": 3}, with precision fp32 or \
            bf16 and part network, front-end or road. Answer: {"ms": [21.9, 21.8, 21.8]}.
            """)

    @Option(help: "Model file.")
    var model: String

    @Option(help: "Length of the clip, in seconds.")
    var seconds = 10.0

    private enum Part: String, Codable {
        case network, road
        case frontEnd = "front-end"
    }

    private struct Request: Codable {
        var threads: Int
        var precision: Precision
        var part: Part
        var iterations: Int
    }

    private struct Answer: Codable {
        var ms: [Double]
    }

    func run() throws {
        let model = try Model.read(path: self.model)
        var roads: [AudioTagger.Options: Road] = [:]
        let encoder = JSONEncoder()
        while let line = readLine() {
            let request: Request
            do {
                request = try JSONDecoder().decode(Request.self, from: Data(line.utf8))
            } catch {
                throw EPANNsError(.invalidConfiguration, "This is not a request: \(line.prefix(200))", cause: error)
            }
            guard (1...1_000_000).contains(request.iterations) else {
                throw EPANNsError(
                    .invalidConfiguration, "The iterations must lie in 1…1000000, not \(request.iterations).")
            }
            let options = AudioTagger.Options(
                precision: request.precision == .bf16 ? .bf16 : .fp32, threads: request.threads)
            let road = try roads[options] ?? Road(model: model, options: options, seconds: seconds)
            roads[options] = road
            let run =
                switch request.part {
                case .network: road.network
                case .frontEnd: road.frontEnd
                case .road: road.whole
                }
            let answer = Answer(ms: try (0..<request.iterations).map { _ in try time(run) })
            FileHandle.standardOutput.write(try encoder.encode(answer) + Data("\n".utf8))
        }
    }
}
