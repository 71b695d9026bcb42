import EPANNsTraining

/// The processes that share the command's work: one, in this build.
enum ProcessGroup {
    static func current() throws -> any Communicator { SoloCommunicator() }
}
