import ArgumentParser
import EPANNsEvaluation

extension [ClipScores.Failure] {
    /// Says what went wrong.
    ///
    /// - Parameters:
    ///   - total: The clips, those that failed included.
    ///   - command: Whose options can help.
    /// - Throws: `ExitCode` 1 when a clip failed.
    func report(of total: Int, in command: any ParsableCommand.Type) throws {
        guard !isEmpty else { return }
        for failure in self {
            let advice = failure.remedy?.commandText(in: command).map { " \($0)" } ?? ""
            StandardError.write(failure.message + advice)
        }
        StandardError.write(
            "\(count.counted(of: total, "clip")) could not be tagged and \(count.isOrAre) in none of the numbers.")
        throw ExitCode(1)
    }
}
