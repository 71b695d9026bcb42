import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Synchronization
import Testing

@Suite struct BatchLoaderTests {
    /// Everything that a batch holds.
    private struct Contents: Equatable {
        var iteration: Int
        var clips: [Int]
        var lambdas: [Double]
        var stripes: [SpecAugmentStripes]
        var spectrograms: [Float]
        var targets: [Float]

        init(_ batch: TrainingBatch) {
            iteration = batch.iteration
            clips = batch.clips
            lambdas = batch.lambdas
            stripes = batch.stripes
            spectrograms = batch.withInputs { Array($0) }
            targets = batch.withTargets { Array($0) }
        }
    }

    static let everything = BatchLoader.Configuration(
        batchSize: 4, clipSamples: 6000, mixupAlpha: 1, specAugment: SpecAugment(timeWidth: 20),
        waveformAugmentation: WaveformAugmentation(
            gainDecibels: -6...6, shift: .init(maximumSeconds: 0.1), noiseSNRDecibels: 10...30), seed: 42)

    private func loader(
        _ small: SmallDataSet, _ configuration: BatchLoader.Configuration, kind: Sampler.Kind = .balanced,
        teacher: BatchLoader.Teacher? = nil
    ) throws -> BatchLoader {
        try BatchLoader(
            dataSet: small.dataSet, cache: small.cache, sampler: Sampler(kind, dataSet: small.dataSet),
            frontEnd: NetworkFrontEnd(LogMelSpectrogram(configuration: .panns8k)), configuration: configuration,
            teacher: teacher)
    }

    private func contents(_ loader: BatchLoader, _ count: Int) throws -> [Contents] {
        try (0..<count).map { _ in Contents(try loader.next()) }
    }

    @Test func batchesHoldWhatTheyShould() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            let loader = try loader(small, BatchLoader.Configuration(batchSize: 5, clipSamples: 8000), kind: .none)
            var sampler = try Sampler(.none, dataSet: small.dataSet)
            let frontEnd = try LogMelSpectrogram(configuration: .panns8k)
            for iteration in 0..<6 {
                let batch = try loader.next()
                let clips = sampler.nextBatch(5)
                #expect(batch.iteration == iteration && batch.clips == clips && !batch.isMixed && batch.stripes.isEmpty)
                #expect(batch.frameCount == 101 && batch.melBands == 64 && batch.classCount == 2)
                let features = batch.withInputs { Array($0) }
                for (place, clip) in clips.enumerated() {
                    var waveform = try small.cache.waveform(of: small.dataSet.clips[clip])
                    // Clips of 7000 to 7933 samples are padded; longer ones are cropped somewhere.
                    guard waveform.count < 8000 else { continue }
                    waveform += [Float](repeating: 0, count: 8000 - waveform.count)
                    let part = features[place * 101 * 64..<(place + 1) * 101 * 64]
                    #expect(try Array(part) == frontEnd(waveform))
                }
                let targets = batch.withTargets { Array($0) }
                #expect(targets == clips.flatMap { $0 % 2 == 0 ? [1, 0] : [0, 1] })
                #expect(batch.mixedTargets() == targets && batch.mixupWeights == [1, 1, 1, 1, 1])
                #expect(batch.withTeacherTargets { _ in 0 } == nil)
            }
        }
    }

    @Test func cropsLieInsideTheClip() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            var configuration = BatchLoader.Configuration(batchSize: 6, clipSamples: 7500)
            let seen = Mutex<[[Float]]>([])
            let teacher: BatchLoader.Teacher = { waveform in
                seen.withLock { $0.append(waveform) }
                return [0, 0]
            }
            var starts: Set<Int> = []
            for isRandom in [true, false] {
                configuration.waveformAugmentation.cropsRandomly = isRandom
                seen.withLock { $0 = [] }
                do {
                    let loader = try loader(small, configuration, teacher: teacher)
                    for _ in 0..<8 { _ = try loader.next() }
                }
                let waveforms = try small.dataSet.clips.map { try small.cache.waveform(of: $0) }
                for crop in seen.withLock({ $0 }) {
                    let place = waveforms.lazy.enumerated().compactMap { clip, waveform -> Int? in
                        guard waveform.count >= 7500 else { return waveform[..<100] == crop[..<100] ? 0 : nil }
                        return (0...waveform.count - 7500).first {
                            waveform[$0] == crop[0] && waveform[$0 + 1] == crop[1] && waveform[$0 + 7499] == crop[7499]
                                && Array(waveform[$0..<$0 + 7500]) == crop
                        }
                    }.first
                    let start = try #require(place)
                    if isRandom { starts.insert(start) } else { #expect(start == 0) }
                }
            }
            #expect(starts.count > 10)
        }
    }

    @Test func mixupIsTheReferences() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            var configuration = BatchLoader.Configuration(batchSize: 3, clipSamples: 4000, mixupAlpha: 1)
            let loader = try loader(small, configuration)
            // NumPy's RandomState(1234).beta(1, 1), λ by λ (SPEC §1.7).
            let expected = try #require(try SamplerFixture.load().draws.beta["1.0"])
            for step in 0..<3 {
                let batch = try loader.next()
                #expect(batch.count == 6 && batch.lambdas.count == 3)
                for (ours, value) in zip(batch.lambdas, expected[(3 * step)...]) {
                    // The last bits of C libraries' powers.
                    #expect(abs(ours - value) < 1e-15)
                }
                let weights = batch.mixupWeights
                #expect(weights[2] == Float(batch.lambdas[1]) && weights[3] == 1 - Float(batch.lambdas[1]))
                let (targets, mixed) = (batch.withTargets { Array($0) }, batch.mixedTargets())
                #expect(mixed.count == 6)
                for pair in 0..<3 {
                    for label in 0..<2 {
                        let value =
                            targets[4 * pair + label] * weights[2 * pair] + targets[4 * pair + 2 + label]
                            * weights[2 * pair + 1]
                        #expect(mixed[2 * pair + label] == value)
                    }
                }
            }
            configuration.mixupAlpha = 0
            #expect(failure { _ = try self.loader(small, configuration) }?.code == .invalidConfiguration)
        }
    }

    @Test func workersChangeNothing() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            var results: [[Contents]] = []
            for (workers, depth) in [(1, 1), (3, 2), (4, 7)] {
                var configuration = Self.everything
                (configuration.workerCount, configuration.prefetchDepth) = (workers, depth)
                results.append(try contents(loader(small, configuration, kind: .alternate), 9))
            }
            #expect(results[0] == results[1] && results[0] == results[2])
            #expect(results[0].map(\.iteration) == Array(0..<9))
            #expect(results[0].allSatisfy { $0.stripes.count == 8 && $0.spectrograms.allSatisfy(\.isFinite) })
            #expect(Set(results[0].flatMap { $0.stripes }).count > 60)
            var other = Self.everything
            other.seed = 43
            let changed = try contents(loader(small, other, kind: .alternate), 1)
            #expect(changed[0].clips == results[0][0].clips && changed[0].stripes != results[0][0].stripes)
            #expect(changed[0].spectrograms != results[0][0].spectrograms)
        }
    }

    @Test(arguments: Sampler.Kind.allCases)
    func restoredLoadersGoOn(kind: Sampler.Kind) throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            let first = try loader(small, Self.everything, kind: kind)
            let all = try contents(first, 5)
            // Batches are made ahead by now; the state is as of those consumed.
            let saved = try JSONEncoder().encode(first.state)
            let rest = try contents(first, 6)
            let state = try JSONDecoder().decode(BatchLoader.State.self, from: saved)
            #expect(state.iteration == 5)
            let second = try loader(small, Self.everything, kind: kind)
            #expect(try contents(second, 2) == Array(all[..<2]))
            try second.restore(state)
            #expect(try contents(second, 6) == rest)
            #expect(second.state == first.state)
            try first.restore(state)
            #expect(try contents(first, 1) == Array(rest[..<1]))
        }
    }

    @Test func otherDataIsRefused() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            let loader = try loader(small, Self.everything)
            var state = loader.state
            state.dataDigest = try small.dataSet.subset(0..<11).digest
            #expect(failure { try loader.restore(state) }?.code == .invalidCheckpoint)
            state = loader.state
            state.sampler = try Sampler(.none, dataSet: small.dataSet)
            #expect(failure { try loader.restore(state) }?.code == .invalidCheckpoint)
            state = loader.state
            state.iteration = 1 << 50
            #expect(failure { try loader.restore(state) }?.code == .invalidCheckpoint)
            #expect(try loader.next().iteration == 0)
            // Changed behind the initialiser's back.
            var dataSet = small.dataSet
            dataSet.clips[0].classes = [2]
            #expect(
                failure {
                    _ = try BatchLoader(
                        dataSet: dataSet, cache: small.cache, sampler: Sampler(.none, dataSet: small.dataSet, seed: 1),
                        frontEnd: NetworkFrontEnd(LogMelSpectrogram(configuration: .panns8k)),
                        configuration: .init(batchSize: 1, clipSamples: 8000))
                }?.code == .invalidConfiguration)
        }
    }

    @Test func shardsAreSlicesOfTheWhole() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            let whole = try contents(loader(small, Self.everything), 4)
            for count in [2, 4] {
                let parts = try (0..<count).map { rank in
                    var configuration = Self.everything
                    configuration.shard = try Shard(rank: rank, count: count)
                    let loader = try loader(small, configuration)
                    return try (0..<4).map { _ -> Contents in
                        let batch = try loader.next()
                        #expect(batch.firstPosition == rank * 8 / count)
                        return Contents(batch)
                    }
                }
                for step in 0..<4 {
                    #expect(parts.flatMap { $0[step].clips } == whole[step].clips)
                    #expect(parts.flatMap { $0[step].lambdas } == whole[step].lambdas)
                    #expect(parts.flatMap { $0[step].stripes } == whole[step].stripes)
                    #expect(parts.flatMap { $0[step].spectrograms } == whole[step].spectrograms)
                    #expect(parts.flatMap { $0[step].targets } == whole[step].targets)
                }
            }
            var configuration = Self.everything
            configuration.shard = try Shard(rank: 0, count: 3)
            #expect(failure { _ = try loader(small, configuration) }?.message.contains("evenly") == true)
            #expect(failure { _ = try Shard(rank: 2, count: 2) } != nil)
            let saved = Data(#"{"rank":0,"count":0}"#.utf8)
            #expect(failure { _ = try JSONDecoder().decode(Shard.self, from: saved) } != nil)
        }
    }

    @Test func teachersScoreWhatTheStudentHears() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            let frontEnd = try LogMelSpectrogram(configuration: .panns8k)
            let loader = try loader(small, Self.everything) { waveform in
                let spectrogram = try frontEnd(waveform)
                return [spectrogram[0], spectrogram[spectrogram.count - 1]]
            }
            for _ in 0..<3 {
                let batch = try loader.next()
                let spectrograms = batch.withInputs { Array($0) }
                let size = batch.frameCount * batch.melBands
                var expected: [Float] = []
                for clip in 0..<8 { expected += [spectrograms[clip * size], spectrograms[(clip + 1) * size - 1]] }
                #expect(batch.withTeacherTargets { Array($0) } == expected)
                let weights = batch.mixupWeights
                let mixed: Float = expected[0] * weights[0] + expected[2] * weights[1]
                #expect(batch.mixedTeacherTargets()?.first == mixed)
            }
        }
    }

    @Test func errorsOfWorkersArrive() throws {
        struct Broken: Error {}
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            let calls = Mutex(0)
            var configuration = Self.everything
            // One worker makes clips in order; batches have eight.
            configuration.workerCount = 1
            let loader = try loader(small, configuration) { _ in
                let call = calls.withLock { count in
                    count += 1
                    return count
                }
                if call > 20 { throw Broken() }
                return [0, 0]
            }
            _ = try loader.next()
            _ = try loader.next()
            #expect(throws: Broken.self) { _ = try loader.next() }
            #expect(throws: Broken.self) { _ = try loader.next() }
            let wide = try self.loader(small, Self.everything) { _ in [0] }
            let error = failure { _ = try wide.next() }
            #expect(error?.message.contains("1 score for 2 classes") == true)
            // The clip is named.
            #expect(error?.message.contains(".wav”") == true)
        }
    }

    @Test func memoryIsUsedAgain() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            var configuration = Self.everything
            configuration.prefetchDepth = 2
            let loader = try loader(small, configuration)
            var addresses: Set<Int> = []
            for _ in 0..<30 {
                let batch = try loader.next()
                _ = batch.withInputs { addresses.insert(Int(bitPattern: $0.baseAddress)) }
            }
            // Two made ahead, one in use, one on its way back, and one drawn before that.
            #expect(addresses.count <= 5, "\(addresses.count)")
            // A batch in hand is not written to.
            let held = try loader.next()
            let before = Contents(held)
            for _ in 0..<10 { _ = try loader.next() }
            #expect(Contents(held) == before)
        }
    }

    /// Made ahead while the consumer works, so the consumer does not wait.
    @Test func aSlowConsumerNeverWaits() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder)
            var configuration = BatchLoader.Configuration(batchSize: 2, clipSamples: 2000)
            configuration.workerCount = 1
            let loader = try loader(small, configuration)
            _ = try loader.next()
            let first = loader.waitSeconds
            var ready = 0
            for _ in 0..<10 {
                Thread.sleep(forTimeInterval: 0.05)
                _ = try loader.next()
                // A batch takes about a millisecond; half of the pause is for a machine that is busy otherwise.
                if loader.lastWaitSeconds < 0.025 { ready += 1 }
            }
            #expect(ready >= 6)
            #expect(loader.waitSeconds >= first)
            // A hasty one waits for every clip: 20 ms each, two a batch, one worker.
            let slow = try self.loader(small, configuration) { _ in
                Thread.sleep(forTimeInterval: 0.02)
                return [0, 0]
            }
            for _ in 0..<5 { _ = try slow.next() }
            #expect(slow.waitSeconds > 0.15 && slow.lastWaitSeconds > 0.02)
        }
    }

    @Test func senselessConfigurationsAreRefused() throws {
        try withTemporaryFolder { folder in
            let small = try SmallDataSet(folder, clipCount: 2)
            let changes: [(inout BatchLoader.Configuration) -> Void] = [
                { $0.batchSize = 0 }, { $0.clipSamples = 100 }, { $0.clipSamples = .max }, { $0.prefetchDepth = 0 },
                { $0.workerCount = 0 }, { $0.firstIteration = -1 }, { $0.mixupAlpha = .nan },
                { $0.specAugment = SpecAugment(timeWidth: 0) },
                { $0.waveformAugmentation.gainDecibels = 0...1000 },
            ]
            for change in changes {
                var configuration = Self.everything
                change(&configuration)
                #expect(failure { _ = try loader(small, configuration) }?.code == .invalidConfiguration)
            }
            let error = failure {
                _ = try BatchLoader(
                    dataSet: small.dataSet, cache: small.cache, sampler: Sampler(.none, dataSet: small.dataSet),
                    frontEnd: NetworkFrontEnd(LogMelSpectrogram(configuration: .panns16k)),
                    configuration: Self.everything)
            }
            #expect(error?.message.contains("8000 Hz, the model 16000 Hz") == true)
        }
    }
}
