import EPANNsTestSupport
import EPANNsTraining
import Foundation

/// What `Tools/reference/samplers.py` wrote.
struct SamplerFixture: Decodable {
    struct Draws: Decodable {
        var words: [UInt32]
        var wordCount: Int
        var uniform: [Double]
        var normal: [Double]
        var exponential: [Double]
        var gamma: [String: [Double]]
        var beta: [String: [Double]]
        var shuffle: [String: [[Int]]]
    }
    struct Samplers: Decodable {
        struct Case: Decodable {
            var kind: Sampler.Kind
            var blackList: [Int]
            var batches: [[Int]]
        }
        var classes: [[Int]]
        var classCount: Int
        var cases: [Case]
    }
    struct Pack: Decodable {
        var samples: [[Int16]]
        var index: [Int]
    }
    var draws: Draws
    var samplers: Samplers
    var pack: Pack

    static func load() throws -> SamplerFixture {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(SamplerFixture.self, from: Data(contentsOf: url("samplers.json")))
    }

    static func url(_ name: String) -> URL {
        Bundle.module.bundleURL.appendingPathComponent("Fixtures").appendingPathComponent(name)
    }

    static func path(_ name: String) -> String { url(name).path }
}

extension SamplerFixture.Samplers {
    func dataSet() throws -> DataSet {
        try DataSet(
            labels: .numbered(classCount), isSingleLabel: false,
            clips: classes.enumerated().map { .init(name: "\($0)", source: .missing, classes: $1) })
    }
}

/// Writes a text file.
func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
}

/// A data set of noisy recordings on disk, of lengths around a second, and two classes.
struct SmallDataSet {
    let dataSet: DataSet
    let cache: WaveformCache

    init(_ folder: String, clipCount: Int = 12, sampleRate: Int = 8000) throws {
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
