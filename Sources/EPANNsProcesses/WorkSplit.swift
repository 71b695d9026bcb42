import EPANNsCore

/// How the cores are shared out: jobs side by side, and threads for each of them.
///
/// Neither is multiplied beyond the cores unless the user asks for both. Test: `WorkSplitTests`.
package struct WorkSplit: Hashable, Sendable {
    /// What is computed side by side.
    package var jobs: Int
    /// Threads of one job.
    package var threads: Int

    /// Fills in what the user left open.
    ///
    /// - Parameters:
    ///   - units: Pieces that can go side by side; more jobs than that would idle.
    ///   - jobs: What the user asks for; nil for what suits.
    ///   - threads: What the user asks for; nil for what suits.
    ///   - cores: The machine's.
    package init(units: Int, jobs: Int?, threads: Int?, cores: Int) {
        let wanted = jobs ?? min(units, cores / max(1, threads ?? 1))
        self.jobs = max(1, units == 1 ? 1 : wanted)
        self.threads = threads ?? max(1, cores / self.jobs)
    }
}
