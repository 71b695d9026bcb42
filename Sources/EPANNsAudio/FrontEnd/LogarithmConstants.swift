import EPANNsGraph
import Foundation

/// A recipe's logarithm and normalisation as one pass over a row: `scale·ln(max(x + bias, floor)) + offset`.
struct LogarithmConstants: Sendable {
    private var bias: Float = 0
    private var floor: Float = 0
    /// What a value at the floor becomes, exactly; never met where a bias keeps the argument positive.
    private var floorValue = -Float.greatestFiniteMagnitude
    private let scale: Float
    private let offset: Float
    private let normalisation: FrontEndRecipe.Normalisation

    init(_ recipe: FrontEndRecipe) {
        normalisation = recipe.normalisation
        var factor = 1.0
        switch recipe.logarithm {
        case .decibels(let least):
            factor = 10 / log(10)
            floor = Float(least)
            floorValue = Self.normalised(10 * log10(least), normalisation)
        case .naturalPlus(let offset):
            bias = Float(offset)
        case .naturalAbove(let least):
            floor = Float(least)
            floorValue = Self.normalised(log(least), normalisation)
        }
        scale = Float(factor / normalisation.deviation)
        // 0 minus, rather than a minus sign: the offset of no normalisation is +0.
        offset = Float((0 - normalisation.mean) / normalisation.deviation)
    }

    /// Replaces a row's powers.
    @inline(__always)
    func apply(to row: UnsafeMutablePointer<Float>, count: Int) {
        VectorLogarithm.apply(
            to: row, count: count, bias: bias, floor: floor, floorValue: floorValue, scale: scale, offset: offset)
    }

    /// A value that is not a power, normalised.
    func normalised(_ value: Double) -> Float { Self.normalised(value, normalisation) }

    private static func normalised(_ value: Double, _ normalisation: FrontEndRecipe.Normalisation) -> Float {
        Float((value - normalisation.mean) / normalisation.deviation)
    }
}
