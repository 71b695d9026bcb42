import Foundation

extension AudioDoctor {
    /// The thresholds, each with its reason.
    enum Limits {
        /// Share of digital silence that is said.
        ///
        /// Above it, a clip's scores are those of the silence. One in fifty of ESC-10's clips, which are padded with zeros,
        /// has more; a pause between two sounds has less.
        static let silentShare = 0.75
        /// Peak below which a recording is too quiet, −50 dB.
        ///
        /// 16 bits then keep 7 or fewer for the sound. The quietest of ESC-10's clips peaks at −21 dB.
        static let quietPeak = 0.00316
        /// Energy of a dead channel beside the loudest one, −50 dB.
        ///
        /// That is what leaks through cables and codecs. The channels of real stereo differ by 20 dB at most.
        static let deadEnergy = 1e-5
        /// Magnitude of a signal that was scaled wrongly, +6 dB.
        ///
        /// Codecs overshoot a clipped signal by 4 dB at most.
        static let magnitude: Float = 2
        /// Share of samples in flat peaks from which on a recording is clipped.
        ///
        /// One sample in ten thousand is one flat peak in every half second or so. Three keystrokes in ten seconds are less.
        static let flatShare = 1e-4
        /// Fewest flat peaks.
        static let flatRows = 3
        /// Share of flat peaks among all samples at full scale.
        ///
        /// A low pure tone of 16 bits has less, since its rounded peaks are flat for some samples only.
        static let flatAmongFull = 0.1
        /// Share of samples at full scale of a clipped signal that a codec has blurred, so that no peak is flat.
        ///
        /// There must be more of them than in the stretch below (0.9 to 0.98), which is four times as wide: sines have 0.8
        /// times as many, music and speech a fifth.
        static let fullShare = 1e-3
        /// Offset from which on it is said by itself, 2 % of full scale: what cheap converters have at worst.
        static let offset = 0.02
        /// Offset, half a step of 8 bits, that counts where it is larger than the sound.
        static let relativeOffset = 0.005
        /// How far below the sound the frequencies above are empty, 80 dB.
        ///
        /// A microphone and its noise have less. A synthetic tone has nothing above itself either, and it is said of it, too.
        static let emptyBand = 1e-8
        /// An empty band's mean square, −95 dB: a little more than the rounding of 16 bits with dither, −96 dB.
        static let emptyLevel = 3.2e-10
        /// Share of half the band below which a recording's sound must end to be called narrow.
        ///
        /// Telephones end at 3.4 kHz; 16 kHz speech, with 8 kHz exactly half of a 32 kHz network's band, is wide enough.
        static let bandShare = 0.9
        /// Duration below which scores mean little, in seconds.
        ///
        /// The networks were trained on clips of ten seconds, and of less than this they call even clear speech music.
        static let seconds = 0.3
    }

    /// What is wrong with what was taken so far, the gravest first; at most one finding of each kind.
    public var findings: [AudioFinding] {
        guard evidence.frameCount > 0 else { return [] }
        var findings: [AudioFinding?] = []
        if let silence {
            findings = [silence]
            // Of nothing there is nothing else to say.
            if !isSilent { findings += soundFindings }
        } else {
            findings = soundFindings
        }
        return (findings + [shortClip]).compactMap(\.self)
    }

    private var soundFindings: [AudioFinding?] {
        [antiPhase, deadChannels, overFullScale, clipping, offset, lowLevel, narrowBand]
    }

    private var channels: [SampleStatistics] { evidence.channels }
    private var isSilent: Bool { channels.allSatisfy { $0.peak < Double(SampleStatistics.silence) } }
    private var loudest: Double { channels.map(\.variance).max() ?? 0 }
    private var magnitude: Float { channels.map(\.magnitude).max() ?? 0 }

    private var silence: AudioFinding? {
        if isSilent {
            return AudioFinding(
                .digitalSilence, "The recording is digital silence; the microphone or the input may be off.")
        }
        let share = Double(channels.map(\.silentCount).min() ?? 0) / Double(evidence.frameCount)
        guard share >= Limits.silentShare else { return nil }
        return AudioFinding(.digitalSilence, "\(percent(share)) of the recording is digital silence.")
    }

    private var antiPhase: AudioFinding? {
        if let takenChannel {
            return AudioFinding(
                .antiPhase,
                "The channels cancel each other in the mix, so channel \(takenChannel + 1), the loudest, was taken.")
        }
        guard evidence.cancels else { return nil }
        return AudioFinding(
            .antiPhase, "The channels cancel each other in the mix, which holds next to nothing of the sound.")
    }

    private var deadChannels: AudioFinding? {
        let count = channels.count
        let dead = channels.indices.filter { channels[$0].variance <= loudest * Limits.deadEnergy }
        // Of films in surround sound some channels are silent for minutes, the low-frequency one above all.
        guard !dead.isEmpty, dead.count < count, count <= 4 || dead.count * 2 >= count else { return nil }
        let names = ranges(dead)
        let loss = 20 * log10(Double(count) / Double(count - dead.count))
        return AudioFinding(
            .deadChannel,
            "\(dead.count == 1 ? "Channel" : "Channels") \(names) of \(count) \(dead.count.isOrAre) silent; "
                + "the mix is \(Int(loss.rounded())) dB quieter for it.")
    }

    private var overFullScale: AudioFinding? {
        guard magnitude > Limits.magnitude, magnitude.isFinite else { return nil }
        let decibels = Int((20 * log10(Double(magnitude))).rounded())
        return AudioFinding(
            .overFullScale,
            "The loudest sample is \(number(Double(magnitude))), \(decibels) dB above full scale; samples are numbers "
                + "from −1 to 1, so these were scaled wrongly.")
    }

    private var clipping: AudioFinding? {
        guard magnitude <= Limits.magnitude else { return nil }
        let shares = channels.compactMap { channel -> Double? in
            let flat = Double(channel.flatCount) / Double(channel.count)
            let full = Double(channel.fullCount) / Double(channel.count)
            let isFlat =
                flat >= Limits.flatShare && channel.flatRows >= Limits.flatRows
                && Double(channel.flatCount) >= Limits.flatAmongFull * Double(channel.fullCount)
            let isBlurred = full >= Limits.fullShare && channel.fullCount > channel.nearCount
            return isFlat || isBlurred ? full : nil
        }
        guard let share = shares.max() else { return nil }
        return AudioFinding(
            .clipping, "The recording is clipped: \(percent(share)) of its samples are at full scale.")
    }

    private var offset: AudioFinding? {
        // Of a signal that was scaled wrongly, full scale is what it reaches.
        let scale = max(1, Double(magnitude))
        let offsets = channels.filter { channel in
            let size = abs(channel.mean) / scale
            // An offset in a dead channel is more than its sound, and no news.
            let isLive = channel.variance > loudest * Limits.deadEnergy
            return size >= Limits.offset
                || isLive && size >= Limits.relativeOffset && channel.mean * channel.mean >= channel.variance
        }
        guard let largest = offsets.map(\.mean).max(by: { abs($0) < abs($1) }) else { return nil }
        return AudioFinding(
            .dcOffset, "The samples lie around \(number(largest)) instead of 0 (a DC offset; full scale is 1).")
    }

    private var lowLevel: AudioFinding? {
        let peak = channels.map(\.peak).max() ?? 0
        guard peak < Limits.quietPeak, peak > 0 else { return nil }
        return AudioFinding(
            .lowLevel,
            "The recording is very quiet: its peak is \(Int((-20 * log10(peak)).rounded())) dB below full scale.")
    }

    private var narrowBand: AudioFinding? {
        let half = Double(analysisRate) / 4
        guard let edge = band.upperEdge(below: half, range: Limits.emptyBand, floor: Limits.emptyLevel) else {
            return nil
        }
        let end = min(edge, Double(highestRate) / 2)
        guard end < half * Limits.bandShare else { return nil }
        return AudioFinding(
            .narrowBand,
            "There is no sound above \(Int((end / 100).rounded()) * 100) Hz, but the network listens up to "
                + "\(analysisRate / 2) Hz.")
    }

    private var shortClip: AudioFinding? {
        // Less a rounding, since durations are sums.
        guard durationSeconds < Limits.seconds - 1e-6 else { return nil }
        return AudioFinding(
            .shortClip,
            "The recording has only \(number(durationSeconds)) s; the scores of less than \(Limits.seconds) s mean little."
        )
    }

    // MARK: Words

    private func percent(_ share: Double) -> String {
        let percent = share * 100
        // Whole numbers from 10 on, and never 100 of what is less.
        if percent >= 10 { return "\(min(Int(percent), 100)) %" }
        return "\(number(percent)) %"
    }

    /// Two significant digits.
    private func number(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return "\(value)" }
        let digits = max(0, 1 - Int(log10(abs(value)).rounded(.down)))
        return String(format: "%.\(digits)f", value)
    }

    /// Channel numbers from 1, neighbours together: `2`, `3–6`, `1 and 3`.
    private func ranges(_ channels: [Int]) -> String {
        var parts: [ClosedRange<Int>] = []
        for channel in channels.map({ $0 + 1 }) {
            if let last = parts.last, last.upperBound + 1 == channel {
                parts[parts.count - 1] = last.lowerBound...channel
            } else {
                parts.append(channel...channel)
            }
        }
        let words = parts.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)–\($0.upperBound)" }
        return words.count == 1 ? words[0] : words.dropLast().joined(separator: ", ") + " and " + words[words.count - 1]
    }
}
