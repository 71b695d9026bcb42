import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsTestSupport
import Foundation
import Testing

/// Damaged files: reading gives tensors that lie within the file, or an `EPANNsError`; never a crash, a hang or
/// memory out of proportion.
///
/// `EPANNS_FUZZ_RUNS` sets the number of inputs (2000 unless told), `EPANNS_FUZZ_START` the first one; input number N
/// depends on N alone, so a crash is found again by bisection.
@Suite struct CheckpointFuzzTests {
    static func setting(_ name: String, _ fallback: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap(Int.init) ?? fallback
    }

    @Test func damagedFilesGiveTensorsOrErrors() throws {
        let names = PyTorchCheckpointTests.names + ["evil_zip.pt", "evil_legacy.pth", "bare_pickle.pkl"]
        let corpus = try names.map { try CheckpointFixtures.bytes($0) }
        let start = Self.setting("EPANNS_FUZZ_START", 0)
        let runs = Self.setting("EPANNS_FUZZ_RUNS", 2000)
        var outcomes: [String: Int] = [:]
        var slowest = Duration.zero
        let folder = FileManager.default.temporaryDirectory
        let path = folder.appendingPathComponent("epanns-fuzz-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        for run in start..<start + runs {
            var mutator = CheckpointMutator(corpus: corpus, run: run)
            let bytes = mutator.input()
            let time = try ContinuousClock().measure {
                do {
                    let checkpoint: Checkpoint
                    if run % 50 == 0 {
                        try Data(bytes).write(to: URL(fileURLWithPath: path))
                        checkpoint = try Checkpoint.read(path: path)
                    } else {
                        checkpoint = try Checkpoint.read(bytes: bytes, name: "input \(run)")
                    }
                    outcomes["read", default: 0] += 1
                    try check(checkpoint, fileBytes: bytes.count)
                } catch let error as EPANNsError {
                    outcomes[error.code.rawValue, default: 0] += 1
                    #expect(error.code == .invalidCheckpoint || error.code == .unsupportedFormat, "input \(run)")
                    #expect(error.message.count < 4000, "input \(run)")
                }
            }
            slowest = max(slowest, time)
        }
        // Inputs are a few kilobytes and take microseconds (0.13 s was the worst seen, on a busy machine); seconds
        // would mean a runaway loop.
        #expect(slowest < .seconds(5))
        // The whole process, other tests included, stays far below this (240 MB seen, 800 MB with AddressSanitizer);
        // a hostile count that is believed asks for more.
        let peak = peakMemory()
        #expect(peak < 2 << 20)
        #expect(
            (outcomes["read"] ?? 0) > runs / 50, "most mutations are fatal, but some must get through to the tensors")
        #expect((outcomes["invalidCheckpoint"] ?? 0) > runs / 10)
        print("fuzz: \(runs) inputs, \(outcomes.sorted { $0.key < $1.key }), slowest \(slowest), peak \(peak) kB")
    }

    /// Touches every element, so that a view past the file's end would be a crash, and bounds what a consumer
    /// would allocate.
    private func check(_ checkpoint: Checkpoint, fileBytes: Int) throws {
        #expect(checkpoint.order.count == checkpoint.tensors.count)
        #expect(!checkpoint.order.isEmpty)
        var total = 0
        for name in checkpoint.order {
            let tensor = try #require(checkpoint.tensors[name])
            total += tensor.count * tensor.dataType.byteCount
            #expect(total <= 8 * fileBytes + 1 << 20)
            #expect(tensor.floats.count == tensor.count)
        }
    }

    /// The most memory that this process has used, in kB; 0 where the system does not tell.
    private func peakMemory() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
    }
}

/// Makes damaged checkpoints out of sound ones.
struct CheckpointMutator {
    let corpus: [[UInt8]]
    var random: SplitMix64

    init(corpus: [[UInt8]], run: Int) {
        self.corpus = corpus
        random = SplitMix64(state: UInt64(truncatingIfNeeded: run) &* 0xD134_2543_DE82_EF95 &+ 1)
    }

    mutating func input() -> [UInt8] {
        var bytes = corpus[Int.random(in: 0..<corpus.count, using: &random)]
        // Mostly one change, so that the rest still makes sense and the change is reached.
        let changes = Bool.random(using: &random) ? 1 : Int.random(in: 1...6, using: &random)
        for _ in 0..<changes { mutate(&bytes) }
        return bytes
    }

    private static let numbers: [UInt64] = [
        0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0x1_0000_0000,
        1 << 40, 1 << 62, UInt64(Int64.max), 1 << 63, .max, .max - 7, .max / 4 + 1,
    ]
    private static let opcodes: [UInt8] =
        Array(
            ".0()12NKMJGXUT]}tabelsuqhrjcRQ\u{42}\u{43}".utf8
        ) + [
            0x80, 0x81, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8B, 0x8C, 0x8D, 0x8E, 0x8F, 0x90, 0x91, 0x93, 0x94, 0x95,
            0x96,
        ]

    private mutating func mutate(_ bytes: inout [UInt8]) {
        guard bytes.count > 16 else {
            bytes += corpus[0].prefix(64)
            return
        }
        let position = Int.random(in: 0..<bytes.count, using: &random)
        let length = min(bytes.count - position, 1 << Int.random(in: 0...8, using: &random))
        switch Int.random(in: 0..<10, using: &random) {
        case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[position] = UInt8.random(in: .min ... .max, using: &random)
        case 2, 3: bytes[position] = Self.opcodes[Int.random(in: 0..<Self.opcodes.count, using: &random)]
        case 4, 5:
            // An integer field; every width, in place.
            let width = 1 << Int.random(in: 0...3, using: &random)
            var value = Self.numbers[Int.random(in: 0..<Self.numbers.count, using: &random)]
            if Bool.random(using: &random) { value = UInt64(bytes[position]) &+ (value & 1 == 0 ? 1 : .max) }
            for index in 0..<min(width, bytes.count - position) {
                bytes[position + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))
            }
        case 6: if Int.random(in: 0..<4, using: &random) == 0 { bytes.removeSubrange(position...) }
        case 7: bytes.removeSubrange(position..<position + length)
        case 8:
            let part = Array(bytes[position..<position + length])
            bytes.insert(contentsOf: part, at: Int.random(in: 0...bytes.count, using: &random))
        default:
            let other = corpus[Int.random(in: 0..<corpus.count, using: &random)]
            let from = Int.random(in: 0..<other.count, using: &random)
            let part = other[from..<min(other.count, from + length)]
            if Bool.random(using: &random) {
                bytes.replaceSubrange(position..<min(bytes.count, position + part.count), with: part)
            } else {
                bytes.insert(contentsOf: part, at: position)
            }
        }
    }
}
