import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import Testing

@Suite struct MelFilterBankTests {
    /// The numbers of SPEC §8.1 are of Float64; ours are rounded to Float32 once, a relative error of 6e-8 each.
    private let tolerance = 1e-7

    @Test(arguments: [
        ("mel32000", FrontEndConfiguration.panns32k()), ("mel16000", .panns16k), ("mel8000", .panns8k),
        ("mel32000_32", .panns32k(melBands: 32)), ("mel32000_128", .panns32k(melBands: 128)),
    ])
    func slaneyBanksMatchTheGoldenNumbers(name: String, configuration: FrontEndConfiguration) throws {
        let golden = try #require(Fixture.json("golden.json")[name] as? [String: Any])
        let bank = try MelFilterBank(configuration)
        #expect(bank.binCount == configuration.fftSize / 2 + 1)
        #expect(bank.weights.count == bank.binCount * configuration.melBands)
        #expect(bank.weights.count(where: { $0 != 0 }) == golden["nonzeros"] as? Int)
        let sum = bank.weights.reduce(0.0) { $0 + Double($1) }
        #expect(abs(sum - (golden["sum"] as? Double ?? 0)) < 1e-6)
        for band in 0..<bank.melBands {
            #expect((0..<bank.binCount).contains { bank.weights[$0 * bank.melBands + band] > 0 })
        }
        func row(_ band: Int) -> [Double] {
            (0..<bank.binCount).map { Double(bank.weights[$0 * bank.melBands + band]) }
        }
        func check(_ key: String, _ values: [Double], sourceLocation: SourceLocation = #_sourceLocation) {
            guard let expected = golden[key] as? [Double] else {
                Issue.record("There are no golden numbers \(key).", sourceLocation: sourceLocation)
                return
            }
            #expect(values.count == expected.count, sourceLocation: sourceLocation)
            for (a, b) in zip(values, expected) {
                #expect(abs(a - b) < tolerance * max(1, abs(b)), "\(key)", sourceLocation: sourceLocation)
            }
        }
        // Of banks with another number of bands than published networks have, only the sums are known.
        guard configuration.melBands == 64 else { return }
        check("edges_first", Array(bank.edgesHz.prefix(5)))
        check("edges_last", Array(bank.edgesHz.suffix(4)))
        check("W0", row(0).filter { $0 != 0 })
        check("W31", row(31).filter { $0 != 0 })
        for (key, band) in [("span0", 0), ("span31", 31), ("span63", 63)] {
            let span = try #require(golden[key] as? [Int])
            #expect(row(band).firstIndex { $0 != 0 } == span[0])
            #expect(row(band).lastIndex { $0 != 0 } == span[1])
        }
        #expect(abs((row(63).max() ?? 0) - (golden["W63_max"] as? Double ?? 0)) < tolerance)
        #expect(abs(Double(bank.weights.max() ?? 0) - (golden["maxW"] as? Double ?? 0)) < tolerance)
    }

    @Test func kaldiBankMatchesTheGoldenNumbers() throws {
        let golden = try #require(Fixture.json("golden.json")["kaldi_bank"] as? [String: Any])
        let bank = MelFilterBank.kaldi(
            sampleRate: 16000, fftSize: 512, melBands: 128, minimumFrequencyHz: 20, maximumFrequencyHz: 8000)
        #expect(bank.weights.count(where: { $0 != 0 }) == golden["nonzeros"] as? Int)
        let sum = bank.weights.reduce(0.0) { $0 + Double($1) }
        #expect(abs(sum - (golden["sum"] as? Double ?? 0)) < 1e-5)  // 504 roundings of 6e-8
        let empty = (0..<128).filter { band in (0..<257).allSatisfy { bank.weights[$0 * 128 + band] == 0 } }
        #expect(empty == golden["empty"] as? [Int])
        #expect((0..<128).allSatisfy { bank.weights[256 * 128 + $0] == 0 }, "the Nyquist bin has weight 0")
    }

    @Test func aStoredBankOfAnotherShapeIsAnError() throws {
        let tensor = Tensor(shape: [64, 513], values: [Float](repeating: 0, count: 64 * 513))
        let error = #expect(throws: EPANNsError.self) {
            try LogMelSpectrogram(configuration: .panns32k(), melWeights: tensor)
        }
        #expect(error?.code == .checkpointMismatch)
        let poisoned = Tensor(shape: [513, 64], values: [Float](repeating: .nan, count: 64 * 513))
        #expect(throws: EPANNsError.self) {
            try LogMelSpectrogram(configuration: .panns32k(), melWeights: poisoned)
        }
    }

    @Test func aStoredBankIsUsed() throws {
        let bank = try MelFilterBank(.panns32k())
        let doubled = Tensor(shape: [513, 64], values: bank.weights.map { $0 * 2 })
        let noise = Signals.noise(count: 4000)
        let plain = try LogMelSpectrogram(configuration: .panns32k())(noise)
        let louder = try LogMelSpectrogram(configuration: .panns32k(), melWeights: doubled)(noise)
        // 10·log10(2) dB more everywhere; the tolerance is the spacing of Float32 near −40 dB, twice.
        #expect(zip(plain, louder).allSatisfy { abs($1 - $0 - 3.0103) < 1e-5 })
    }
}
