import EPANNsCore

/// How the processes of a run share the cores of one machine.
///
/// `mpirun` may have bound each process to cores of its own, or have left all cores to all of them. A core that several
/// processes may use counts for each of them in part. Test: `CoreShareTests`.
public struct CoreShare: Sendable, Hashable {
    /// Cores for this process, at least one.
    public var coreCount: Int
    /// Processes of the run on this machine.
    public var processCount: Int
    /// Cores that any of them may use.
    public var usableCoreCount: Int
    /// The machine's cores.
    public var machineCoreCount: Int

    /// Shares out.
    ///
    /// - Parameters:
    ///   - mine: Cores that this process may use, a bit each.
    ///   - all: The same of every process on the machine, this one included.
    ///   - machineCoreCount: The machine's cores.
    public init(mine: [UInt8], all: [[UInt8]], machineCoreCount: Int) {
        func has(_ mask: [UInt8], _ core: Int) -> Bool { mask[core / 8] >> (core % 8) & 1 == 1 }
        var (share, usable) = (0.0, 0)
        for core in 0..<mine.count * 8 {
            let users = all.count { $0.count == mine.count && has($0, core) }
            if users > 0 { usable += 1 }
            if users > 0, has(mine, core) { share += 1 / Double(users) }
        }
        // Sums of thirds may fall short of a whole.
        coreCount = max(1, Int(share + 1e-9))
        processCount = all.count
        usableCoreCount = usable
        self.machineCoreCount = max(machineCoreCount, usable)
    }
}
