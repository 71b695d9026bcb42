import Foundation

/// The standard normal distribution.
package enum NormalDistribution {
    /// The number below which a standard normal variable falls with a probability: Φ⁻¹.
    ///
    /// A rational estimate (Abramowitz and Stegun 26.2.23) starts Halley's iteration on the C library's `erf` in the
    /// middle and `erfc` in the tails, so that neither loses digits.
    ///
    /// - Parameter probability: In 0…1.
    /// - Returns: −∞ for 0, +∞ for 1, NaN outside.
    ///
    /// Parity: `NormalDistributionTests`.
    package static func quantile(_ probability: Double) -> Double {
        guard probability > 0, probability < 1 else {
            return probability == 0 ? -.infinity : probability == 1 ? .infinity : .nan
        }
        let isLower = probability < 0.5
        // 1 − p is exact from ½ on.
        let tail = isLower ? probability : 1 - probability
        let t = (-2 * log(tail)).squareRoot()
        var x =
            t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
        let isCentral = tail > 0.25
        for _ in 0..<4 {
            // Both are Φ(x) − (1 − tail).
            let residual =
                isCentral
                ? 0.5 * erf(x * 0.5.squareRoot()) - (0.5 - tail) : tail - 0.5 * erfc(x * 0.5.squareRoot())
            let step = residual / (exp(-0.5 * x * x) / (2 * Double.pi).squareRoot())
            let next = x - step / (1 + 0.5 * x * step)
            if next == x { break }
            x = next
        }
        return isLower ? -x : x
    }

    /// The sensitivity index d′ that a mean AUC stands for: √2·Φ⁻¹(mAUC).
    ///
    /// It is taken of the mean AUC and is not the mean of the classes' own.
    ///
    /// - Returns: ±∞ for an AUC of 1 or 0.
    ///
    /// Source: PANNs (Kong et al. 2020); SPEC §6. Parity: `MetricsParityTests`.
    public static func dPrime(meanAUC: Double) -> Double { 2.0.squareRoot() * quantile(meanAUC) }
}
