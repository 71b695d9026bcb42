import EPANNsModels
import EPANNsTraining
import Foundation

/// A training run of seconds: noises of two classes, a narrow CNN14, everything random switched on.
package enum TinyTraining {
    /// Writes the clips and their table.
    package static func write(to folder: String, clips: Int = 16) throws {
        try FileManager.default.createDirectory(atPath: folder + "/audio", withIntermediateDirectories: true)
        var table = "filename,fold,category\n"
        for index in 0..<clips {
            // The second class is the quieter one.
            let noise = TinyModel.noise(count: 40000 + 500 * index, seed: UInt32(index + 1))
                .map { index % 2 == 0 ? $0 : $0 / 20 }
            try wave(noise).write(to: URL(fileURLWithPath: "\(folder)/audio/\(index).wav"))
            table += "\(index).wav,\(index / 2 % 2 + 1),\(index % 2 == 0 ? "loud" : "quiet")\n"
        }
        try Data(table.utf8).write(to: URL(fileURLWithPath: folder + "/t.csv"))
    }

    /// What ``write(to:clips:)`` has written, with mixup, SpecAugment and dropout.
    ///
    /// The norms keep their statistics, so that a batch gives the same whoever computes how much of it. Stochastic
    /// gradient descent, because its steps are proportional to the gradients: Adam's would turn the rounding of a
    /// gradient that is almost zero into a whole step.
    package static func configuration(_ folder: String, iterations: Int) -> TrainingConfiguration {
        var configuration = TrainingConfiguration()
        configuration.data = [
            .init(table: folder + "/t.csv", audio: folder + "/audio", trainFolds: [1], testFolds: [2])
        ]
        configuration.initial = TinyModel.path
        configuration.freeze.patterns = ["*bn*"]
        configuration.mixupAlpha = 1
        configuration.specAugment = SpecAugment()
        configuration.iterations = iterations
        configuration.batchSize = 4
        configuration.optimizer.kind = .sgd
        configuration.optimizer.clippingNorm = 0.5
        configuration.schedule.learningRate = 0.01
        configuration.threads = 1
        configuration.cache = folder + "/cache"
        configuration.evaluateEvery = 2
        return configuration
    }
}
