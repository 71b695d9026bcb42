import EPANNsCore
import EPANNsGraph
import Foundation

/// The learning rate over the iterations.
public struct LearningRateSchedule: Codable, Hashable, Sendable {
    /// How the rate goes on after the warm-up.
    public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        /// Stays; PANNs' way.
        case constant
        /// Falls on a straight line to ``LearningRateSchedule/finalFraction`` of itself.
        case linear
        /// Falls on half a cosine to ``LearningRateSchedule/finalFraction`` of itself.
        case cosine
        /// Is multiplied by ``LearningRateSchedule/stepFactor`` every ``LearningRateSchedule/stepIterations``.
        case step
    }

    /// How the rate goes on after the warm-up.
    public var kind: Kind
    /// The rate after the warm-up.
    public var learningRate: Double
    /// Iterations during which the rate grows on a straight line from zero.
    public var warmupIterations: Int
    /// What is left of the rate at the end, for `linear` and `cosine`.
    public var finalFraction: Double
    /// Iterations between two falls, for `step`.
    public var stepIterations: Int
    /// The factor of a fall, for `step`.
    public var stepFactor: Double

    /// Makes a schedule; PANNs' constant 1e-3 where nothing is given.
    public init(
        _ kind: Kind = .constant, learningRate: Double = 1e-3, warmupIterations: Int = 0, finalFraction: Double = 0,
        stepIterations: Int = 1000, stepFactor: Double = 0.5
    ) {
        self.kind = kind
        self.learningRate = learningRate
        self.warmupIterations = warmupIterations
        self.finalFraction = finalFraction
        self.stepIterations = stepIterations
        self.stepFactor = stepFactor
    }

    /// Whether the rate depends on how many iterations there are: with another number it takes another course.
    public var leadsToAnEnd: Bool { kind == .linear || kind == .cosine }

    /// The rate of an iteration, counted from 0, of `total`.
    public func rate(iteration: Int, of total: Int) -> Double {
        if iteration < warmupIterations { return learningRate * Double(iteration + 1) / Double(warmupIterations) }
        let done = Double(iteration - warmupIterations)
        let share = min(done / Double(max(total - warmupIterations, 1)), 1)
        switch kind {
        case .constant: return learningRate
        case .linear: return learningRate * (1 - share * (1 - finalFraction))
        case .cosine: return learningRate * (finalFraction + (1 - finalFraction) * (1 + cos(Double.pi * share)) / 2)
        case .step: return learningRate * pow(stepFactor, (done / Double(stepIterations)).rounded(.down))
        }
    }

    /// Checks the numbers, which may come from a file.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    public func validate() throws {
        guard learningRate > 0, learningRate.isFinite, warmupIterations >= 0, (0...1).contains(finalFraction),
            stepIterations > 0, stepFactor > 0, stepFactor <= 1
        else {
            throw EPANNsError(
                .invalidConfiguration,
                "The learning rate must be above 0 (it is \(learningRate)), the warm-up not below 0, what is left at "
                    + "the end in 0…1, the step's factor in 0…1 and its distance above 0.")
        }
    }
}
