import EPANNsAudio
import EPANNsCore
import EPANNsData
import EPANNsGraph

/// Makes one clip of a batch: reads, augments, computes the log-mel, fills in the targets.
struct ClipMaker: Sendable {
    let dataSet: DataSet
    let cache: WaveformCache
    let frontEnd: NetworkFrontEnd
    /// Nil for evaluation: clips begin where the plan says, and are not changed.
    let augmentation: BatchLoader.Configuration?
    let teacher: BatchLoader.Teacher?

    var melBands: Int { frontEnd.configuration.melBands }

    /// Memory for a batch.
    func lend(_ plan: BatchPlan, from pool: BatchStoragePool) -> BatchLoan {
        let targets = plan.units.count * dataSet.classCount
        let storage = pool.take(
            inputs: plan.units.count * frontEnd.rowCount(sampleCount: plan.sampleCount), targets: targets,
            teacherTargets: teacher == nil ? 0 : targets)
        return BatchLoan(storage, from: pool)
    }

    /// Fills the part of a batch's memory that belongs to one clip.
    ///
    /// - Returns: SpecAugment's stripes for it, if there are to be any.
    func make(
        _ plan: BatchPlan, _ index: Int, into storage: BatchStorage, scratch: ClipScratch
    ) throws -> SpecAugmentStripes? {
        let unit = plan.units[index]
        let clip = dataSet.clips[unit.clip]
        let waveform = scratch.waveform(plan.sampleCount)
        let frames = frontEnd.configuration.frameCount(sampleCount: plan.sampleCount)
        func random(_ purpose: CounterRandom.Purpose) -> CounterRandom {
            CounterRandom(
                seed: augmentation?.seed ?? 0, iteration: plan.iteration, position: unit.position, purpose: purpose)
        }
        var start = unit.start
        let surplus = unit.location.sampleCount - plan.sampleCount
        if let augmentation, augmentation.waveformAugmentation.cropsRandomly, surplus > 0 {
            var crop = random(.crop)
            start = crop.integer(below: surplus + 1)
        }
        do {
            try cache.read(unit.location, from: start, into: waveform)
            if let augmentation {
                var noise = random(.waveform)
                augmentation.waveformAugmentation.apply(to: waveform, sampleRate: cache.sampleRate, using: &noise)
            }
            let size = frontEnd.rowCount(sampleCount: plan.sampleCount)
            try frontEnd.compute(
                UnsafeBufferPointer(waveform),
                into: UnsafeMutableBufferPointer(rebasing: storage.inputs[index * size..<(index + 1) * size]))
            try fillTeacherTargets(index, waveform, into: storage)
        } catch let error as EPANNsError {
            var error = error
            error.message = "\(clip.name.quoted): \(error.message)"
            throw error
        }
        let classCount = dataSet.classCount
        storage.targets[index * classCount..<(index + 1) * classCount].update(repeating: 0)
        for label in clip.classes { storage.targets[index * classCount + label] = 1 }
        guard let specAugment = augmentation?.specAugment, frontEnd.inputs.contains(.logMel) else { return nil }
        var stripes = random(.specAugment)
        return specAugment.stripes(frames: frames, mels: melBands, using: &stripes)
    }

    private func fillTeacherTargets(
        _ index: Int, _ waveform: UnsafeMutableBufferPointer<Float>, into storage: BatchStorage
    ) throws {
        guard let teacher else { return }
        let scores = try teacher(Array(waveform))
        guard scores.count == dataSet.classCount else {
            throw EPANNsError(
                .invalidConfiguration,
                "The teacher gives \(scores.count.counted("score")) for \(dataSet.classCount.counted("class")); it must know the same classes."
            )
        }
        for (offset, score) in scores.enumerated() {
            storage.teacherTargets[index * dataSet.classCount + offset] = score
        }
    }
}
