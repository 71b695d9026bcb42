import EPANNsTraining
import Foundation

/// What `Tools/reference/samplers.py` wrote.
package struct SamplerFixture: Decodable {
    package struct Draws: Decodable {
        package var words: [UInt32]
        package var wordCount: Int
        package var uniform: [Double]
        package var normal: [Double]
        package var exponential: [Double]
        package var gamma: [String: [Double]]
        package var beta: [String: [Double]]
        package var shuffle: [String: [[Int]]]
    }
    package struct Samplers: Decodable {
        package struct Case: Decodable {
            package var kind: Sampler.Kind
            package var blackList: [Int]
            package var batches: [[Int]]
        }
        package var classes: [[Int]]
        package var classCount: Int
        package var cases: [Case]
    }
    package struct Pack: Decodable {
        package var samples: [[Int16]]
        package var index: [Int]
    }
    package var draws: Draws
    package var samplers: Samplers
    package var pack: Pack

    package static func load() throws -> SamplerFixture {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(SamplerFixture.self, from: Data(contentsOf: url("samplers.json")))
    }

    package static func url(_ name: String) -> URL {
        Bundle.module.bundleURL.appendingPathComponent("Fixtures").appendingPathComponent(name)
    }

    package static func path(_ name: String) -> String { url(name).path }
}

extension SamplerFixture.Samplers {
    package func dataSet() throws -> DataSet {
        try DataSet(
            labels: .numbered(classCount), isSingleLabel: false,
            clips: classes.enumerated().map { .init(name: "\($0)", source: .missing, classes: $1) })
    }
}
