import EPANNsCore
import EPANNsModels

extension RegisteredModel {
    /// Decodes an entry and checks it: a registry read from a file is not trusted.
    ///
    /// - Throws: `DecodingError`, or `EPANNsError` with code `invalidConfiguration` naming the entry and the field.
    public init(from decoder: any Decoder) throws {
        let box = try decoder.container(keyedBy: CodingKeys.self)
        name = try box.decode(String.self, forKey: .name)
        aliases = try box.decodeIfPresent([String].self, forKey: .aliases) ?? []
        collection = try box.decode(Collection.self, forKey: .collection)
        architecture = try box.decode(String.self, forKey: .architecture)
        meanAveragePrecision = try box.decode(Double.self, forKey: .meanAveragePrecision)
        parameterCount = try box.decode(Int.self, forKey: .parameterCount)
        samplesPerSecond = try box.decode(Int.self, forKey: .samplesPerSecond)
        license = try box.decodeIfPresent(String.self, forKey: .license)
        pageURL = try box.decode(String.self, forKey: .pageURL)
        downloadURL = try box.decode(String.self, forKey: .downloadURL)
        fileName = try box.decode(String.self, forKey: .fileName)
        byteCount = try box.decodeIfPresent(Int.self, forKey: .byteCount)
        md5 = try box.decodeIfPresent(String.self, forKey: .md5)
        sha256 = try box.decodeIfPresent(String.self, forKey: .sha256)
        gitBlobID = try box.decodeIfPresent(String.self, forKey: .gitBlobID)
        isSupported = ModelConfiguration.runs(referenceClass: architecture)
        citation = try box.decode(String.self, forKey: .citation)
        if let firstProblem {
            throw EPANNsError(.invalidConfiguration, "Registry entry “\(name)”: \(firstProblem) Correct that entry.")
        }
    }

    /// What is wrong with this entry, or `nil`.
    var firstProblem: String? {
        for word in [name] + aliases where !Self.isCommandLineName(word) {
            return "the name “\(word)” must be lower-case letters, digits, hyphens and dots, at most 64."
        }
        if !Self.isPlainFileName(fileName) {
            return "the file name “\(fileName)” must be one path component of letters, digits and . _ - = only."
        }
        if !(0...1).contains(meanAveragePrecision) { return "the mAP \(meanAveragePrecision) must be between 0 and 1." }
        if !(1...Int(Int32.max)).contains(parameterCount) {
            return "the number of parameters, \(parameterCount), must be between 1 and \(Int32.max)."
        }
        if !(1000...384_000).contains(samplesPerSecond) {
            return "the sample rate, \(samplesPerSecond) Hz, must be between 1000 and 384000 Hz."
        }
        if let byteCount, byteCount < 1 { return "the size, \(byteCount) bytes, must be at least 1." }
        for (label, value, count) in [("MD5", md5, 32), ("SHA-256", sha256, 64), ("git blob id", gitBlobID, 40)] {
            if let value, !Self.isHexadecimal(value, count: count) {
                return "the \(label) “\(value)” must be \(count) lower-case hexadecimal digits."
            }
        }
        return nil
    }

    private static func isCommandLineName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { isDigitOrLowercase($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    /// Nothing that could leave the cache folder, hide there, or clash with the side-cars kept beside the file.
    static func isPlainFileName(_ text: String) -> Bool {
        let others = Set("._-=".utf8)
        return (1...200).contains(text.utf8.count) && !text.hasPrefix(".")
            && text.utf8.allSatisfy { isDigitOrLowercase($0 | 0x20) || others.contains($0) }
            && ![".json", ".part", ".lock", ".bad"].contains { text.hasSuffix($0) }
    }

    static func isHexadecimal(_ text: String, count: Int) -> Bool {
        text.utf8.count == count
            && text.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }

    private static func isDigitOrLowercase(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}
