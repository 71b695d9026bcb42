import EPANNs
import EPANNsData
import EPANNsEvaluation
import EPANNsTestSupport
import Foundation

/// Six noises in a folder, the tiny model, and what it hears of them when it is asked one by one.
struct ClipData {
    let folder: String
    let tagger: AudioTagger

    static func with(_ body: (ClipData) throws -> Void) throws {
        try withTemporaryFolder { folder in
            for index in 0..<6 {
                try wave(TinyModel.noise(count: 20000 + 3000 * index, seed: UInt32(index + 1)))
                    .write(to: URL(fileURLWithPath: "\(folder)/\(index).wav"))
            }
            try body(
                ClipData(
                    folder: folder,
                    tagger: AudioTagger(modelPath: TinyModel.path, options: .init(precision: .fp32, threads: 1))))
        }
    }

    /// The clips with these classes, by index of `names`.
    func set(_ classes: [[Int]], _ names: [String], isSingleLabel: Bool = false) throws -> DataSet {
        try DataSet(
            labels: LabelSet(names.map { .init(name: $0) }), isSingleLabel: isSingleLabel,
            clips: classes.enumerated().map { index, classes in
                .init(name: "\(index).wav", source: .file("\(folder)/\(index).wav"), fold: index % 2, classes: classes)
            })
    }

    func scores(_ clip: Int) throws -> [Float] {
        try tagger.outputs(samples: tagger.load(.file(path: "\(folder)/\(clip).wav")).samples).scores
    }
}
