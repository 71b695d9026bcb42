import EPANNsCore

extension ModelCache {
    /// Makes sure, before a cached file is used, that it is the published one, or the one that was first downloaded.
    ///
    /// Reads the file only when its stamp is another than at the last check, which the record keeps: the price of a
    /// start is one `stat`. Where nothing is known to compare with, nothing is compared.
    ///
    /// - Throws: `EPANNsError` with code `checksumMismatch` when the file is another one, `fileFailure` when it cannot
    ///   be read, or when no checksum was published and the record is damaged.
    func requireIntact(_ model: RegisteredModel) throws {
        let path = path(for: model)
        // The stamp first: a file that changes while it is read must be read again.
        let stamp = FileStamp(path: path)
        let record: DownloadRecord?
        do {
            record = try self.record(of: model)
        } catch {
            // Beside a published checksum the record is no more than a note of the last check.
            guard model.hasChecksum else { throw error }
            record = nil
        }
        guard model.hasChecksum || record != nil else { return }
        if let record, let stamp, record.stamp == stamp, problem(of: model, with: record.digest, record) == nil {
            return
        }
        let digest = try FileDigest(ofFile: path)
        if let problem = problem(of: model, with: digest, record) {
            throw EPANNsError(
                .checksumMismatch, "\(path) is not the right file for “\(model.name)”: \(problem).",
                remedy: .downloadModel(name: model.name, again: true))
        }
        note(digest, of: model, former: record, stamp: stamp)
    }

    private func problem(of model: RegisteredModel, with digest: FileDigest, _ record: DownloadRecord?) -> String? {
        if let problem = model.problem(with: digest) { return problem }
        guard !model.hasChecksum, let record else { return nil }
        return Self.problem(with: digest, since: record)
    }

    /// Keeps the outcome of a check for the next one; a cache that cannot be written is checked each time.
    private func note(_ digest: FileDigest, of model: RegisteredModel, former: DownloadRecord?, stamp: FileStamp?) {
        guard let lock = try? DownloadLock(path: lockPath(for: model)) else { return }
        defer { lock.release() }
        var record =
            former?.digest == digest
            ? former : DownloadRecord(model: model, digest: digest, source: nil)
        record?.stamp = stamp
        try? SideCar.write(record, at: recordPath(for: model))
    }
}
