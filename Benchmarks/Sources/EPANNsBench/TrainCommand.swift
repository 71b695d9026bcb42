import ArgumentParser
import EPANNs
import EPANNsTraining
import Foundation

extension Precision: @retroactive ExpressibleByArgument {}

/// `epanns-bench train`: how long a training step takes, and where.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Times training steps: forward, loss, backward, Adam with AMSGrad.",
        discussion: """
            Spectrograms and targets are made up and given ready-made; dropout drops. With --serve each line of \
            standard input takes one step, answered by a line {"ms": …, "loss": …, "peak_bytes": …}.
            """)

    @Argument(help: "Network, for example cnn14 or epanns-50.")
    var network: String

    @Option(help: "fp32 or bf16.")
    var precision = Precision.fp32

    @Option(help: "Threads of a step.")
    var threads = 2

    @Option(help: "Length of a clip, in seconds.")
    var seconds = 5.0

    @Option(help: "Clips of a batch.")
    var batch = 8

    @Option(help: "Steps that are timed.")
    var steps = 5

    @Flag(help: "Show the slowest parts of a step.")
    var profile = false

    @Flag(help: "Take a step for every line of standard input.")
    var serve = false

    func run() throws {
        let model = try SyntheticModel.make(named: network)
        let front = model.configuration.frontEnd
        let frames = front.frameCount(sampleCount: Int(seconds * Double(front.sampleRate)))
        let stepper = try TrainingStepper(
            graph: model.graph(), weights: model.weights,
            options: .init(batch: batch, frames: frames, precision: precision, threads: threads))
        var source = SeededGenerator(seed: 7)
        let inputs = source.floats(batch * frames * front.melBands, in: -60...10)
        let targets = source.floats(batch * model.labels.count, in: 0...1).map { $0 < 0.005 ? Float(1) : 0 }
        let clock = ContinuousClock()
        func step() throws -> (milliseconds: Double, loss: Double) {
            var loss = 0.0
            let time = try clock.measure {
                loss = try stepper.step(inputs: inputs, targets: targets, learningRate: 1e-5)
            }
            return (time / .milliseconds(1), loss)
        }
        if serve {
            _ = try step()
            while readLine() != nil {
                let (time, loss) = try step()
                print("{\"ms\": [\(time)], \"loss\": \(loss), \"peak_bytes\": \(Self.peakBytes)}")
                fflush(nil)
            }
            return
        }
        print(Machine.current.line)
        _ = try step()
        var times: [Double] = []
        for _ in 0..<steps { times.append(try step().milliseconds) }
        times.sort()
        print(
            String(
                format: "%@ %@, %d threads, batch %d of %.1f s: min %.0f ms, median %.0f ms a step; "
                    + "plan %.0f MB, peak %.0f MB",
                network, precision.rawValue, threads, batch, seconds, times[0], times[times.count / 2],
                Double(stepper.memoryByteCount) / 1e6, Double(Self.peakBytes) / 1e6))
        guard profile else { return }
        let parts = try stepper.profile(inputs: inputs, targets: targets, learningRate: 1e-5)
        for part in parts.sorted(by: { $0.time > $1.time }).prefix(70) {
            print(String(format: "%8.2f ms  %@  (%@)", part.time / .milliseconds(1), part.name, part.implementation))
        }
    }

    /// The largest resident set so far.
    static var peakBytes: Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM") }
        return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
    }
}
