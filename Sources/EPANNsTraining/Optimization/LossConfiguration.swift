import Foundation

/// What training minimises.
///
/// Parity: `LossTests` against PyTorch.
public struct LossConfiguration: Codable, Hashable, Sendable {
    /// The loss against the labels.
    public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        /// Binary cross-entropy, mean over batch × classes: independent labels.
        ///
        /// Its value is PyTorch's `BCELoss` on the sigmoid, logarithms clamped at −100 (SPEC §5.3), computed from
        /// logits. The gradient is σ(x) − y everywhere; PyTorch's vanishes where the Float32 sigmoid has become 1.
        case binaryCrossEntropy = "bce"
        /// Cross-entropy of the softmax, mean over the batch: one label a clip.
        case crossEntropy = "cross-entropy"
    }

    /// The loss against the labels.
    public var kind: Kind
    /// Share of the teacher's scores in the loss, 0 for none: `(1 − w) · loss(labels) + w · T² · loss(teacher)`.
    ///
    /// Source: Hinton, Vinyals, Dean, “Distilling the Knowledge in a Neural Network”, 2015.
    public var teacherWeight: Double
    /// T: logits of both are divided by it before they are compared.
    public var temperature: Double

    /// Makes a loss; without a teacher where none is given.
    public init(_ kind: Kind = .binaryCrossEntropy, teacherWeight: Double = 0, temperature: Double = 1) {
        self.kind = kind
        self.teacherWeight = teacherWeight
        self.temperature = temperature
    }

    /// Computes the loss and its gradient.
    ///
    /// - Parameters:
    ///   - logits: Shape (batch, classes).
    ///   - targets: In 0…1, shape (batch, classes).
    ///   - teacher: The teacher's scores, probabilities, shape (batch, classes); needed when ``teacherWeight`` is not 0.
    ///   - gradient: Receives the gradient with respect to the logits, times `scale`.
    /// - Returns: The loss, not scaled.
    package func evaluate(
        logits: UnsafeBufferPointer<Float>, targets: UnsafeBufferPointer<Float>,
        teacher: UnsafeBufferPointer<Float>?, classCount: Int, gradient: UnsafeMutableBufferPointer<Float>,
        scale: Float = 1
    ) -> Double {
        precondition(logits.count == gradient.count && targets.count == logits.count)
        var total = 0.0
        gradient.initialize(repeating: 0)
        if teacherWeight < 1 {
            total += add(logits, targets, weight: 1 - teacherWeight, temperature: 1, classCount, gradient, scale)
        }
        if teacherWeight > 0 {
            guard let teacher, teacher.count == logits.count else {
                preconditionFailure("the loss wants a teacher's scores")
            }
            withUnsafeTemporaryAllocation(of: Float.self, capacity: teacher.count) { soft in
                soften(teacher, classCount, into: soft)
                total += add(
                    logits, UnsafeBufferPointer(soft), weight: teacherWeight, temperature: temperature, classCount,
                    gradient, scale)
            }
        }
        return total
    }

    private func add(
        _ logits: UnsafeBufferPointer<Float>, _ targets: UnsafeBufferPointer<Float>, weight: Double,
        temperature: Double, _ classCount: Int, _ gradient: UnsafeMutableBufferPointer<Float>, _ scale: Float
    ) -> Double {
        // d/dx of T² · loss(x / T) is T · (p − t).
        let share = weight * temperature * temperature
        var sum = 0.0
        switch kind {
        case .binaryCrossEntropy:
            let factor = weight * temperature * Double(scale) / Double(logits.count)
            for index in logits.indices {
                let x = Double(logits[index]) / temperature
                let y = Double(targets[index])
                // log σ(x) = −softplus(−x), with the exponential of a negative number only.
                let rest = log1p(exp(-abs(x)))
                let logScore = max(min(x, 0) - rest, -100)
                let logOther = max(min(-x, 0) - rest, -100)
                sum -= y * logScore + (1 - y) * logOther
                gradient[index] += Float((1 / (1 + exp(-x)) - y) * factor)
            }
            return share * sum / Double(logits.count)
        case .crossEntropy:
            let batch = logits.count / classCount
            let factor = weight * temperature * Double(scale) / Double(batch)
            for clip in 0..<batch {
                let row = clip * classCount..<(clip + 1) * classCount
                let largest = row.reduce(-Double.infinity) { max($0, Double(logits[$1]) / temperature) }
                let normalizer = log(row.reduce(0) { $0 + exp(Double(logits[$1]) / temperature - largest) }) + largest
                let mass = row.reduce(0) { $0 + Double(targets[$1]) }
                for index in row {
                    let logScore = Double(logits[index]) / temperature - normalizer
                    let y = Double(targets[index])
                    if y != 0 { sum -= y * logScore }
                    gradient[index] += Float((exp(logScore) * mass - y) * factor)
                }
            }
            return share * sum / Double(batch)
        }
    }

    /// The teacher's scores at the temperature.
    private func soften(
        _ scores: UnsafeBufferPointer<Float>, _ classCount: Int, into result: UnsafeMutableBufferPointer<Float>
    ) {
        guard temperature != 1 else {
            _ = result.initialize(from: scores)
            return
        }
        switch kind {
        case .binaryCrossEntropy:
            for index in scores.indices {
                let score = min(max(Double(scores[index]), 1e-9), 1 - 1e-9)
                let logit = log(score / (1 - score)) / temperature
                result.initializeElement(at: index, to: Float(1 / (1 + exp(-logit))))
            }
        case .crossEntropy:
            for start in stride(from: 0, to: scores.count, by: classCount) {
                let powers = (start..<start + classCount).map { pow(max(Double(scores[$0]), 1e-12), 1 / temperature) }
                let sum = powers.reduce(0, +)
                for (offset, power) in powers.enumerated() {
                    result.initializeElement(at: start + offset, to: Float(power / sum))
                }
            }
        }
    }
}
