import EPANNsTestSupport
import EPANNsTraining
import Testing

@Suite struct SpecAugmentTests {
    private func stripes(_ augment: SpecAugment, frames: Int, mels: Int, count: Int) -> [SpecAugmentStripes] {
        (0..<count).map { position in
            var random = CounterRandom(seed: 1, iteration: 0, position: position, purpose: .specAugment)
            return augment.stripes(frames: frames, mels: mels, using: &random)
        }
    }

    @Test func stripesAreTheReferences() {
        let drawn = stripes(.panns(melBands: 64), frames: 1001, mels: 64, count: 4000)
        #expect(drawn.allSatisfy { $0.time.count == 2 && $0.mel.count == 2 })
        let (time, mel) = (drawn.flatMap(\.time), drawn.flatMap(\.mel))
        #expect(time.allSatisfy { $0.lowerBound >= 0 && $0.upperBound < 1001 && $0.count < 64 })
        #expect(mel.allSatisfy { $0.lowerBound >= 0 && $0.upperBound < 64 && $0.count < 8 })
        // Every width occurs, and the mean is that of a uniform integer; six standard errors.
        #expect(Set(time.map(\.count)).count == 64 && Set(mel.map(\.count)).count == 8)
        let (timeMean, melMean) = (mean(time.map(\.count)), mean(mel.map(\.count)))
        #expect(abs(timeMean - 31.5) < 1.3 && abs(melMean - 3.5) < 0.16, "\(timeMean), \(melMean)")
        // randint[0, total − distance): the last frame of all is never dropped.
        #expect(time.map(\.upperBound).max() == 1000 && mel.map(\.upperBound).max() == 63)
    }

    private func mean(_ values: [Int]) -> Double { Double(values.reduce(0, +)) / Double(values.count) }

    @Test func bandsScaleTheWidth() {
        #expect([32, 64, 128].map { SpecAugment.panns(melBands: $0).melWidth } == [4, 8, 16])
    }

    @Test func shortClipsHaveNarrowStripes() {
        for (frames, mels) in [(1, 1), (2, 3), (63, 7), (64, 8)] {
            for stripes in stripes(SpecAugment(), frames: frames, mels: mels, count: 200) {
                #expect(stripes.time.allSatisfy { $0.upperBound <= frames })
                #expect(stripes.mel.allSatisfy { $0.upperBound <= mels })
            }
        }
    }

    @Test func stripesBecomeZero() {
        var clip = [Float](repeating: 1, count: 6 * 4)
        let stripes = SpecAugmentStripes(time: [1..<3, 5..<5], mel: [3..<4, 0..<0])
        clip.withUnsafeMutableBufferPointer { stripes.apply(to: $0, mels: 4) }
        let expected: [Float] = (0..<6).flatMap { frame in (0..<4).map { $0 == 3 || (1..<3).contains(frame) ? 0 : 1 } }
        #expect(clip == expected)
    }

    @Test func senselessNumbersAreRefused() throws {
        try SpecAugment().validate()
        for wrong in [SpecAugment(timeWidth: 0), SpecAugment(timeStripeCount: -1), SpecAugment(melWidth: -8)] {
            #expect(failure { try wrong.validate() }?.code == .invalidConfiguration)
        }
    }
}

@Suite struct WaveformAugmentationTests {
    private func apply(_ augmentation: WaveformAugmentation, to clip: [Float], position: Int = 0) -> [Float] {
        var clip = clip
        var random = CounterRandom(seed: 5, iteration: 1, position: position, purpose: .waveform)
        clip.withUnsafeMutableBufferPointer { augmentation.apply(to: $0, sampleRate: 8000, using: &random) }
        return clip
    }

    private func power(_ clip: [Float]) -> Double { clip.reduce(0) { $0 + Double($1) * Double($1) } }

    @Test func nothingByDefault() {
        let clip = TinyModel.noise(count: 1001)
        #expect(apply(WaveformAugmentation(), to: clip) == clip)
    }

    @Test func gains() {
        let clip = TinyModel.noise(count: 500)
        #expect(apply(WaveformAugmentation(gainDecibels: -20...(-20)), to: clip) == clip.map { $0 * Float(0.1) })
        let factors = (0..<400).map {
            apply(WaveformAugmentation(gainDecibels: -6...6), to: clip, position: $0)[0] / clip[0]
        }
        #expect(factors.allSatisfy { $0 > 0.501 && $0 < 1.996 })
        #expect((factors.min() ?? 1) < 0.53 && (factors.max() ?? 1) > 1.9)
    }

    @Test func noiseHasItsRatio() {
        let clip = TinyModel.noise(count: 40001)
        let noisy = apply(WaveformAugmentation(noiseSNRDecibels: 20...20), to: clip)
        let noise = zip(noisy, clip).map { $0 - $1 }
        // The power of 40 001 normal numbers deviates by 0.7 % (one standard deviation) from the expectation.
        let ratio = power(clip) / power(noise)
        #expect(ratio > 95 && ratio < 105, "\(ratio)")
        #expect(abs(noise.reduce(0, +) / 40001) < 0.0002)
        let silence = [Float](repeating: 0, count: 100)
        #expect(apply(WaveformAugmentation(noiseSNRDecibels: 0...0), to: silence) == silence)
    }

    @Test func shifts() {
        let clip = (1...10).map(Float.init)
        var moves: Set<[Float]> = []
        for position in 0..<200 {
            let shift = WaveformAugmentation.Shift(maximumSeconds: 3.0 / 8000)
            let moved = apply(WaveformAugmentation(shift: shift), to: clip, position: position)
            #expect(moved.sorted() == clip)
            moves.insert(moved)
        }
        #expect(moves == Set((-3...3).map { distance in (0..<10).map { clip[($0 - distance + 10) % 10] } }))
        moves = []
        for position in 0..<200 {
            let shift = WaveformAugmentation.Shift(maximumSeconds: 100, isCircular: false)
            moves.insert(apply(WaveformAugmentation(shift: shift), to: clip, position: position))
        }
        // From ten places back to ten ahead; both ends leave nothing.
        #expect(moves.count == 20)
        #expect(moves.contains([0, 0, 1, 2, 3, 4, 5, 6, 7, 8]) && moves.contains([3, 4, 5, 6, 7, 8, 9, 10, 0, 0]))
    }

    @Test func senselessNumbersAreRefused() {
        let wrong = [
            WaveformAugmentation(gainDecibels: -500...0), WaveformAugmentation(shift: .init(maximumSeconds: -1)),
            WaveformAugmentation(shift: .init(maximumSeconds: .nan)),
        ]
        for augmentation in wrong { #expect(failure { try augmentation.validate() }?.code == .invalidConfiguration) }
    }
}
