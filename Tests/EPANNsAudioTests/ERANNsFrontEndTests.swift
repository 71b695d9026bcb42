import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import Foundation
import Testing

/// ERANNs' front end, with the defaults of SPEC §2.8; golden numbers by `ERANNsFrontEnd` of
/// `Tools/reference/front_ends.py` in Float64.
@Suite struct ERANNsFrontEndTests {
    private static let golden: [Int: [Double]] = [
        0: [-7.92517, -13.31729, -16.7381, -25.58051, -13.01275, -17.55058, -11.36058, -14.1316],
        60: [-19.72213, -19.18461, -13.85751, -26.15069, -17.00188, -17.60055, -14.91716, -12.17702],
        // The last frame of sound alone, and one that begins in it and ends in zeros.
        172: [-19.92363, -16.69655, -11.03226, -29.03209, -19.70851, -11.05949, -19.40288, -14.37305],
        173: [-28.81426, -27.09045, -23.95209, -44.99411, -26.62646, -28.8529, -30.09741, -28.45523],
    ]

    @Test func matchesTheReference() throws {
        let rows = try LogMelSpectrogram(configuration: .eranns)(Signals.noise(count: 60_000))
        // 1.36 s: two seconds have begun.
        #expect(rows.count == 256 * 128)
        var worst = 0.0
        for (frame, values) in Self.golden {
            for (band, value) in zip([0, 1, 5, 20, 40, 60, 90, 127], values) {
                worst = max(worst, abs(Double(rows[frame * 128 + band]) - value))
            }
        }
        print("ERANNs front end: worst error \(worst) dB")
        // SPEC §8: what Float32 can hold above −60 dB; the numbers are printed to 5e-6.
        #expect(worst < 1e-3)
        #expect(rows[(174 * 128)...].allSatisfy { $0 == -100 })
    }

    @Test func everyBegunSecondHas128Frames() throws {
        let configuration = FrontEndConfiguration.eranns
        for (samples, frames) in [(0, 0), (1, 128), (44_100, 128), (44_101, 256), (441_000, 1280)] {
            #expect(configuration.frameCount(sampleCount: samples) == frames)
        }
        #expect(configuration.minimumSampleCount == 1)
        #expect(configuration.minimumSampleCount(frameCount: 129) == 44_101)
        #expect(try LogMelSpectrogram(configuration: configuration)([0.5]).count == 128 * 128)
        #expect(throws: EPANNsError.self) { try LogMelStream(LogMelSpectrogram(configuration: configuration)) }
    }

    /// A hop that is too short for 128 frames a second leaves the end of a clip out.
    @Test func whatIsLeftOverIsCutOff() throws {
        var configuration = FrontEndConfiguration.eranns
        configuration.hopSize = 300
        let samples = Signals.noise(count: 44_100)
        let rows = try LogMelSpectrogram(configuration: configuration)(samples)
        #expect(rows.count == 128 * 128)
        #expect(try LogMelSpectrogram(configuration: configuration)(Array(samples.prefix(300 * 127 + 1380))) == rows)
    }
}
