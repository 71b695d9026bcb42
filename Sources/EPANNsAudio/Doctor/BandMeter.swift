import Foundation

/// The long-term spectrum of a signal, from short looks at it several times a second.
///
/// Test: `AudioDoctorTests`.
struct BandMeter {
    /// Samples of a look: at 44.1 kHz 46 ms, bins of 22 Hz.
    private static let size = 2048
    /// Looks a second; more would cost time and tell nothing new.
    private static let looksPerSecond = 4.0
    /// Bins that are taken together, so that noise has a level.
    private static let group = 16

    private(set) var sampleRate = 0
    private var look: [Float] = []
    private var pause = 0
    private var power = [Double](repeating: 0, count: size / 2 / group)
    private var count = 0
    private var spectrum: PowerSpectrum?
    private static let window = (0..<size).map { Float(0.5 - 0.5 * cos(2 * Double.pi * Double($0) / Double(size))) }

    /// Takes the next samples; a change of the rate starts anew.
    ///
    /// - Throws: `EPANNsError` with code `backendFailure` when there is no Fourier transform.
    mutating func take(_ samples: [Float], sampleRate: Int) throws {
        if sampleRate != self.sampleRate {
            self = BandMeter()
            self.sampleRate = sampleRate
        }
        var index = 0
        while index < samples.count {
            if pause > 0 {
                let skipped = min(pause, samples.count - index)
                pause -= skipped
                index += skipped
                continue
            }
            let taken = min(Self.size - look.count, samples.count - index)
            look += samples[index..<index + taken]
            index += taken
            if look.count == Self.size {
                try measure()
                look.removeAll(keepingCapacity: true)
                pause = max(0, Int(Double(sampleRate) / Self.looksPerSecond) - Self.size)
            }
        }
    }

    private mutating func measure() throws {
        // A transform has scratch space, so copies of this value must not share one.
        if spectrum == nil || !isKnownUniquelyReferenced(&spectrum) {
            spectrum = try PowerSpectrum(count: Self.size)
        }
        guard let spectrum else { return }
        for index in 0..<Self.size { spectrum.halfInput[index] = 0.5 * Self.window[index] * look[index] }
        spectrum.execute()
        for band in power.indices {
            var sum: Float = 0
            for bin in band * Self.group..<(band + 1) * Self.group { sum += spectrum.power[bin] }
            power[band] += Double(sum)
        }
        count += 1
    }

    /// Where the sound ends, in Hz: the upper edge of the highest band above `floor`; nil where nothing was measured.
    ///
    /// - Parameters:
    ///   - limit: The band whose mean level `range` is counted from, in Hz.
    ///   - range: How far below that a band counts as empty, as a ratio of powers.
    ///   - floor: The mean square of white noise as loud as an empty band may be.
    func upperEdge(below limit: Double, range: Double, floor: Double) -> Double? {
        guard count > 0 else { return nil }
        let width = Double(Self.group) * Double(sampleRate) / Double(Self.size)
        // The mean square of white noise that would give as much: that of the window is 3/8 of the size.
        let scale = 1 / (Double(Self.group * count) * 0.375 * Double(Self.size))
        let bands = power.map { $0 * scale }
        // Without the lowest one, which holds hum and offset.
        let heard = bands[1..<max(2, min(bands.count, Int(limit / width)))]
        let level = heard.reduce(0, +) / Double(heard.count)
        guard level > floor else { return nil }
        let threshold = max(level * range, floor)
        guard let highest = bands.lastIndex(where: { $0 > threshold }) else { return nil }
        return Double(highest + 1) * width
    }
}
