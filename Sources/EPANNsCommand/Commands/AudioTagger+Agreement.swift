import EPANNs
import EPANNsCore
import EPANNsData
import EPANNsProcesses
import EPANNsTraining

extension AudioTagger {
    /// Refuses to share work with processes that would give other results.
    ///
    /// - Parameter data: The clips that are shared, where their tables are read by each process.
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    func requireAgreement(_ group: any Communicator, data: DataSet? = nil) throws {
        guard group.count > 1 else { return }
        var facts = [
            SharedFact(
                "the model (SHA-256)", identity.sha256 ?? "unknown", advice: "all machines need the same file."),
            SharedFact(
                "precision", precision.rawValue,
                advice: "processors of different kinds choose differently; name one with --precision."),
        ]
        if let data {
            facts.append(
                SharedFact(
                    "the data (SHA-256)", data.digest,
                    advice: "all machines need the same table and recordings, at the same paths."))
        }
        try group.requireAgreement(on: facts)
    }
}
