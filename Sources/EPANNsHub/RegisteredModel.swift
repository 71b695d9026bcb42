import EPANNsModels

/// One published set of weights: what it is, where it lies, and how to tell that the file is the right one.
///
/// Facts that no public source gives are `nil`, never guessed: a missing checksum makes ``ModelDownloader`` fall
/// back to trust on first use, which it says.
///
/// Source: SPEC §2 (sizes, mAP), §3.1 (files), §6.1 (published results). Test: `ModelRegistryTests`.
public struct RegisteredModel: Codable, Hashable, Sendable, Identifiable {
    /// The project that published the weights.
    public enum Collection: String, Codable, CaseIterable, Sendable {
        /// PANNs, Zenodo record 3987831.
        case panns = "PANNs"
        /// E-PANNs, Zenodo record 7939403.
        case epanns = "E-PANNs"
        /// EfficientAT, release v0.0.1 on GitHub.
        case efficientAT = "EfficientAT"
        /// AST, addresses in its repository's README.
        case ast = "AST"
    }

    /// The name on the command line: lower-case letters, digits and hyphens.
    public let name: String
    /// Other names that find this model, in the same alphabet.
    public let aliases: [String]
    /// The project that published the weights.
    public let collection: Collection
    /// The class in the reference code, such as `Cnn14` or `Cnn14_pruned`.
    public let architecture: String
    /// Mean average precision on the AudioSet evaluation set, 0...1, as published.
    public let meanAveragePrecision: Double
    /// Trainable parameters, counted as PANNs counts them (SPEC §2.10).
    public let parameterCount: Int
    /// Sample rate of the waveform the model expects.
    public let samplesPerSecond: Int
    /// The licence as an SPDX identifier; `nil` where our sources do not state it: see ``pageURL``.
    public let license: String?
    /// The page of the published record, for reading.
    public let pageURL: String
    /// The address of the file itself.
    public let downloadURL: String
    /// The published file name; also the name in the cache.
    public let fileName: String
    /// The file's size in bytes, where known for certain.
    public let byteCount: Int?
    /// The published MD5, 32 lower-case hexadecimal digits.
    public let md5: String?
    /// The known SHA-256, 64 lower-case hexadecimal digits.
    public let sha256: String?
    /// The git blob id of a public copy, 40 hexadecimal digits: corroboration only, the authors did not publish it.
    public let gitBlobID: String?
    /// Whether this version of the program can run the model; the others can be downloaded, and run later.
    public let isSupported: Bool
    /// The publication to cite.
    public let citation: String

    // Spelled out, since the checking `init(from:)` lies in another file.
    enum CodingKeys: String, CodingKey {
        case name, aliases, collection, architecture, meanAveragePrecision, parameterCount, samplesPerSecond, license
        case pageURL, downloadURL, fileName, byteCount, md5, sha256, gitBlobID, isSupported, citation
    }

    /// The name: what identifies the model.
    public var id: String { name }

    /// The network that the weights fill; `nil` where this version of the program cannot run it.
    public var configuration: ModelConfiguration? {
        let presets = ModelConfiguration.presets.filter { $0.referenceClass == architecture }
        let named = presets.first { ([name] + aliases).contains($0.name) }
        return (named ?? (presets.count == 1 ? presets[0] : nil))?.configuration
    }

    /// Whether a published checksum decides if a file is the right one.
    public var hasChecksum: Bool { md5 != nil || sha256 != nil }

    /// The least a whole file can weigh, in bytes: its trainable parameters as 32-bit floats.
    ///
    /// Catches a truncated file where nothing better was published. Cannot overflow: the number of parameters is
    /// checked to fit 32 bits.
    public var minimumByteCount: Int { byteCount ?? parameterCount * 4 }

    /// Describes one published file.
    ///
    /// - Precondition: the values pass the checks that decoding makes: names, file name, sizes, digests.
    public init(
        name: String, aliases: [String] = [], collection: Collection, architecture: String,
        meanAveragePrecision: Double, parameterCount: Int, samplesPerSecond: Int = 32000, license: String?,
        pageURL: String, downloadURL: String, fileName: String, byteCount: Int? = nil, md5: String? = nil,
        sha256: String? = nil, gitBlobID: String? = nil, citation: String
    ) {
        self.name = name
        self.aliases = aliases
        self.collection = collection
        self.architecture = architecture
        self.meanAveragePrecision = meanAveragePrecision
        self.parameterCount = parameterCount
        self.samplesPerSecond = samplesPerSecond
        self.license = license
        self.pageURL = pageURL
        self.downloadURL = downloadURL
        self.fileName = fileName
        self.byteCount = byteCount
        self.md5 = md5
        self.sha256 = sha256
        self.gitBlobID = gitBlobID
        isSupported = ModelConfiguration.runs(referenceClass: architecture)
        self.citation = citation
        let problem = firstProblem
        precondition(problem == nil, "Registry entry “\(name)”: \(problem ?? "")")
    }
}
