import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

/// A few generated recordings of three kinds that a tiny network tells apart: a low tone, a high tone, noise.
///
/// The folder holds `0.wav` … and `table.csv` with the columns filename, fold (0…2) and category.
package struct SyntheticSounds {
    package static let classNames = ["high", "low", "noise"]
    package static let sampleRate = 8000
    package let folder: String
    package var table: String { folder + "/table.csv" }

    /// Writes recordings.
    ///
    /// - Parameter seconds: Their length; tones have a frequency, a phase and a loudness of their own.
    package init(_ folder: String, clipCount: Int = 18, seconds: Double = 1.2) throws {
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let count = Int(seconds * Double(Self.sampleRate))
        var rows = "filename,fold,category\n"
        for index in 0..<clipCount {
            let name = Self.classNames[index % 3]
            let noise = TinyModel.noise(count: count, seed: UInt32(index + 1))
            let frequency = (name == "low" ? 300 : 2000) + 17 * Double(index)
            let loudness = 0.05 + 0.2 * Double(index % 5) / 5
            let samples = noise.enumerated().map { time, noise -> Float in
                guard name != "noise" else { return noise * Float(10 * loudness) }
                let phase = 2 * Double.pi * frequency * Double(time) / Double(Self.sampleRate) + Double(index)
                return Float(loudness * sin(phase)) + noise / 50
            }
            try wave(samples, sampleRate: Self.sampleRate).write(to: URL(fileURLWithPath: "\(folder)/\(index).wav"))
            rows += "\(index).wav,\(index / 3 % 3),\(name)\n"
        }
        try Data(rows.utf8).write(to: URL(fileURLWithPath: table))
    }

    /// A network of a few thousand weights for them.
    package static let network = ModelConfiguration.cnn(
        CNNConfiguration(
            .cnn6, widths: [4, 6, 8, 8], embeddingWidth: 12, classCount: 3, frontEnd: .panns8k))
}
