import EPANNsCore
import EPANNsGraph

/// Reads what `torch.save` has written since 1.6.
///
/// Source: SPEC §3.3. Parity: `PyTorchCheckpointTests`, `RealCheckpointTests`.
enum PyTorchZipReader {
    static func read(_ source: CheckpointSource) throws -> Checkpoint {
        let archive = try ZipArchive(source)
        let roots = archive.names.filter { $0.hasSuffix("/data.pkl") }.map { String($0.dropLast("data.pkl".count)) }
        guard let root = roots.first, let data = try archive.data(of: root + "data.pkl") else {
            throw source.unsupported(
                "It is a zip archive, but not one that `torch.save` wrote. If the checkpoint is inside, unpack it.")
        }
        guard roots.count == 1 else { throw source.damaged("It holds more than one checkpoint.") }
        if archive.names.contains(where: { $0 == root + "constants.pkl" || $0.hasPrefix(root + "code/") }) {
            throw source.unsupported(
                "It is a TorchScript program, which holds code. Load it in PyTorch with `torch.jit.load` and save its "
                    + "`state_dict()` with `torch.save`.")
        }
        // Absent in files of PyTorch before 2.0, which were little-endian in practice.
        if let order = try archive.data(of: root + "byteorder"), !source.bytes[order].elementsEqual("little".utf8) {
            throw source.unsupported(
                "It was written on a big-endian machine, which is not supported. Convert it to safetensors there.")
        }
        var cursor = ByteCursor(source, data)
        let pickle = try Unpickler.load(&cursor)
        var stateDict = PyTorchStateDict(source, pickle) { storage, byteCount in
            guard let range = try archive.data(of: "\(root)data/\(storage.key)") else {
                throw source.damaged("Its storage \(storage.key.quoted) is missing.")
            }
            guard range.count == byteCount else {
                throw source.damaged(
                    "Its storage \(storage.key.quoted) has \(range.count) bytes where \(byteCount) belong.")
            }
            return range
        }
        return try stateDict.checkpoint(format: .pyTorchZip)
    }
}
