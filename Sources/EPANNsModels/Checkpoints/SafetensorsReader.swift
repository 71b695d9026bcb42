import EPANNsCore
import EPANNsGraph

/// Reads safetensors files.
///
/// Source: SPEC §3.7. Like the format's own library this refuses overlaps, gaps and trailing bytes. Tests:
/// `SafetensorsTests`.
enum SafetensorsReader {
    /// Largest header accepted; the format's own library has the same limit.
    static let headerLimit = 100_000_000

    static func read(_ source: CheckpointSource) throws -> Checkpoint {
        var cursor = ByteCursor(source, 0..<source.bytes.count)
        let headerSize = try cursor.readSize()
        guard headerSize <= headerLimit else {
            throw source.damaged("Its header claims \(headerSize) bytes; \(headerLimit) is the limit.")
        }
        let header = try SafetensorsHeaderParser.parse(source, try cursor.take(headerSize))
        let dataStart = cursor.position
        let dataSize = cursor.remaining

        var builder = CheckpointBuilder(source, format: .safetensors)
        var covered = 0
        let entries = header.entries.sorted { ($0.begin, $0.end, $0.name) < ($1.begin, $1.end, $1.name) }
        for entry in entries {
            guard entry.begin <= entry.end, entry.end <= dataSize else {
                throw source.damaged(
                    "Tensor \(entry.name.quoted) claims bytes \(entry.begin)..<\(entry.end) of \(dataSize).")
            }
            guard entry.begin == covered else {
                let what = entry.begin < covered ? "overlaps another" : "follows a gap"
                throw source.damaged("Tensor \(entry.name.quoted) \(what) at byte \(entry.begin).")
            }
            covered = entry.end
            // An overflowing product fits no length, and neither does `nil`.
            guard product(entry.shape + [entry.dataType.byteCount]) == entry.end - entry.begin else {
                throw source.damaged(
                    "Tensor \(entry.name.quoted) of shape \(entry.shape) and type \(entry.dataType.rawValue) does not "
                        + "fill its \((entry.end - entry.begin).counted("byte")).")
            }
            let range = dataStart + entry.begin..<dataStart + entry.end
            try builder.add(
                entry.name,
                try Tensor(shape: entry.shape, dataType: entry.dataType, storage: source.slice(range)))
        }
        guard covered == dataSize else {
            throw source.damaged(
                "\((dataSize - covered).counted("byte")) at its end \(dataSize - covered == 1 ? "belongs" : "belong") to no tensor."
            )
        }
        for (key, value) in header.metadata { builder.setMetadata(key, value) }
        return try builder.finish()
    }

    private static func product(_ factors: [Int]) -> Int? {
        var result = 1
        for factor in factors {
            let (next, overflow) = result.multipliedReportingOverflow(by: factor)
            if overflow { return nil }
            result = next
        }
        return result
    }
}
