import EPANNsTraining
import Foundation

/// Writes a text file.
package func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
}

/// A data set of noisy recordings on disk, of lengths around a second, and two classes.
package struct SmallDataSet {
    package let dataSet: DataSet
    package let cache: WaveformCache

    package init(_ folder: String, clipCount: Int = 12, sampleRate: Int = 8000) throws {
        var table = "filename,fold,category\n"
        for index in 0..<clipCount {
            let samples = TinyModel.noise(count: 7000 + 311 * index, seed: UInt32(index + 1))
            try wave(samples, sampleRate: sampleRate).write(to: URL(fileURLWithPath: "\(folder)/\(index).wav"))
            table += "\(index).wav,\(index % 3),\(index % 2 == 0 ? "even" : "odd")\n"
        }
        try write(table, to: folder + "/table.csv")
        dataSet = try DataSet.read(folder + "/table.csv")
        cache = try WaveformCache.build(dataSet, sampleRate: sampleRate, folder: folder + "/cache")
    }
}
