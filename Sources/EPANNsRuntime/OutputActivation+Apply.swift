import EPANNsCore
import EPANNsGraph
import Foundation

extension OutputActivation {
    /// Scores of logits, shape `(batch, classes)`, computed in double precision.
    public func apply(to logits: [Float], classCount: Int) -> [Float] {
        switch self {
        case .none: return logits
        case .sigmoid: return logits.map { Float(1 / (1 + exp(-Double($0)))) }
        case .softmax:
            return stride(from: 0, to: logits.count, by: classCount).flatMap { start -> [Float] in
                let row = logits[start..<start + classCount].map(Double.init)
                let largest = row.max() ?? 0
                let powers = row.map { exp($0 - largest) }
                let sum = powers.reduce(0, +)
                return powers.map { Float($0 / sum) }
            }
        }
    }
}
