import EPANNsCore
import EPANNsGraph
import EPANNsModels

/// What a cache knows of one recording: a line of its index or journal.
struct WaveformRecord: Hashable, Sendable {
    /// Absolute path of the source.
    var path: String
    /// The source as it was: length in bytes, and time of change in nanoseconds.
    var sourceSize: Int64
    var sourceTime: Int64
    /// Where the samples stop at the latest, in samples; 0 for no limit.
    var limit: Int
    /// Where the samples are in the packed file, in samples.
    var offset: Int
    var count: Int
    /// Checksum of the samples.
    var hash: UInt64
    /// Whether a peak was above what the reference accepts.
    var wasLoud: Bool

    /// One line, without its end.
    var line: String {
        let numbers = [
            String(offset), String(count), String(hash, radix: 16), String(sourceSize), String(sourceTime),
            String(limit), wasLoud ? "1" : "0",
        ]
        return (numbers + [Self.escape(path)]).joined(separator: "\t")
    }

    /// Reads a line; nil when it is damaged.
    init?(line: Substring) {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count == 8, let offset = Int(fields[0]), let count = Int(fields[1]),
            let hash = UInt64(fields[2], radix: 16), let size = Int64(fields[3]), let time = Int64(fields[4]),
            let limit = Int(fields[5]), offset >= 0, count > 0, limit >= 0, !fields[7].isEmpty,
            !offset.addingReportingOverflow(count).overflow
        else { return nil }
        self.init(
            path: Self.unescape(fields[7]), sourceSize: size, sourceTime: time, limit: limit, offset: offset,
            count: count, hash: hash, wasLoud: fields[6] == "1")
    }

    init(
        path: String, sourceSize: Int64, sourceTime: Int64, limit: Int, offset: Int, count: Int, hash: UInt64,
        wasLoud: Bool
    ) {
        self.path = path
        self.sourceSize = sourceSize
        self.sourceTime = sourceTime
        self.limit = limit
        self.offset = offset
        self.count = count
        self.hash = hash
        self.wasLoud = wasLoud
    }

    /// FNV-1a over 16-bit units: finds what a crash tore, not malice.
    static func hash(_ samples: UnsafeBufferPointer<Int16>) -> UInt64 {
        samples.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64(UInt16(bitPattern: $1))) &* 0x100_0000_01B3 }
    }

    private static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func unescape(_ text: Substring) -> String {
        var result = ""
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if isEscaped {
                let plain: [Unicode.Scalar: Unicode.Scalar] = ["n": "\n", "r": "\r", "t": "\t"]
                result.unicodeScalars.append(plain[scalar] ?? scalar)
                isEscaped = false
            } else if scalar == "\\" {
                isEscaped = true
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
