import ArgumentParser
import EPANNsEvaluation

extension [ClipScores.Failure] {
    /// Says what went wrong.
    ///
    /// - Throws: `ExitCode` 1 when a clip failed.
    func report(of total: Int) throws {
        guard !isEmpty else { return }
        for failure in self { StandardError.write(failure.message) }
        StandardError.write(
            "\(count.counted(of: total, "clip")) could not be tagged and \(count.isOrAre) in none of the numbers.")
        throw ExitCode(1)
    }
}
