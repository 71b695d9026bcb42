import EPANNsCore
import Foundation

/// The folder in which downloaded weights lie.
///
/// ```swift
/// let file = try ModelCache.standard().resolve("epanns").path
/// ```
///
/// Beside each file may lie `FILE.json` (the ``DownloadRecord``), `FILE.part` and `FILE.part.json` (a download that
/// is not complete), `FILE.lock` (one that is under way) and `FILE.bad` (one with a wrong checksum).
/// Test: `ModelCacheTests`.
public struct ModelCache: Sendable {
    /// A `--model` argument, resolved.
    public struct Resolution: Hashable, Sendable {
        /// The file of weights.
        public let path: String
        /// The registry entry, when the argument was a name.
        public let model: RegisteredModel?
    }

    /// The folder; it need not exist yet.
    public let directory: String

    /// Makes a cache in a folder, which is created at the first download.
    public init(directory: String) {
        self.directory = directory
    }

    /// The cache of this user: `$EPANNS_CACHE`, else `$XDG_CACHE_HOME/epanns/models`, else `~/.cache/epanns/models`.
    ///
    /// An empty variable counts as unset; `XDG_CACHE_HOME` counts only when absolute, as its specification asks.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when none of them, nor `HOME`, is set.
    public static func standard(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> ModelCache {
        if let directory = environment["EPANNS_CACHE"], !directory.isEmpty {
            let absolute = URL(filePath: directory, directoryHint: .isDirectory).standardizedFileURL
            return ModelCache(directory: absolute.path(percentEncoded: false))
        }
        if let base = environment["XDG_CACHE_HOME"], base.hasPrefix("/") {
            return ModelCache(directory: join(join(base, "epanns"), "models"))
        }
        if let home = environment["HOME"], home.hasPrefix("/") {
            return ModelCache(directory: join(join(join(home, ".cache"), "epanns"), "models"))
        }
        throw EPANNsError(
            .invalidConfiguration,
            "There is no folder for downloaded models: HOME is not set. Set EPANNS_CACHE to a folder that can be "
                + "written.")
    }

    /// Where a model's file lies, or would lie.
    public func path(for model: RegisteredModel) -> String { Self.join(directory, model.fileName) }

    /// Whether a model's file is there; says nothing of its contents, see ``verify(_:)``.
    public func isCached(_ model: RegisteredModel) -> Bool { (byteCount(of: model) ?? 0) > 0 }

    /// The size in bytes of a model's file, or `nil` when it is not there.
    public func byteCount(of model: RegisteredModel) -> Int? { Self.regularFileSize(path(for: model)) }

    /// The bytes of a model that have arrived in a download that is not complete, or `nil` when there is none.
    public func partialByteCount(of model: RegisteredModel) -> Int? { Self.regularFileSize(partPath(for: model)) }

    /// The models of a registry that lie here, in the registry's order.
    public func cachedModels(of registry: ModelRegistry = .standard) -> [RegisteredModel] {
        registry.models.filter(isCached)
    }

    /// The record of a model's download, or `nil` when there is none.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when the record is damaged.
    public func record(of model: RegisteredModel) throws -> DownloadRecord? {
        try SideCar.read(DownloadRecord.self, at: recordPath(for: model))
    }

    /// Finds the file that a `--model NAME|PATH` argument means.
    ///
    /// An existing file wins over a name.
    ///
    /// - Throws: `EPANNsError` with code `modelUnavailable` when the name is known but this version cannot run it or
    ///   its file is not here, when a path leads nowhere, or when the name is unknown (proposes the nearest);
    ///   `invalidCheckpoint` when the file in the cache has another size than the published one, `checksumMismatch`
    ///   when it is another file.
    public func resolve(_ argument: String, in registry: ModelRegistry = .standard) throws -> Resolution {
        if Self.regularFileSize(argument) != nil { return Resolution(path: argument, model: nil) }
        if registry.find(argument) == nil, Self.looksLikePath(argument) {
            throw EPANNsError(
                .modelUnavailable,
                "There is no file \(argument.quoted), and no model of that name. Check the path.", remedy: .listModels)
        }
        let model = try registry.model(named: argument)
        guard let size = byteCount(of: model), size > 0 else {
            guard model.isSupported else {
                throw EPANNsError(
                    .modelUnavailable,
                    "“\(model.name)” is \(model.architecture) of \(model.collection.rawValue), which this version cannot "
                        + "run.", remedy: .listModels)
            }
            throw EPANNsError(
                .modelUnavailable,
                "The model “\(model.name)” is not on this machine (it would lie at \(path(for: model))).",
                remedy: .downloadModel(name: model.name, again: false))
        }
        if let expected = model.byteCount, expected != size {
            throw EPANNsError(
                .invalidCheckpoint,
                "\(path(for: model)) has \(size) bytes, but “\(model.name)” must have \(expected).",
                remedy: .downloadModel(name: model.name, again: true))
        }
        try requireIntact(model)
        return Resolution(path: path(for: model), model: model)
    }

    /// Removes what was left of a download of this model that is not complete.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure`.
    package func discardPart(of model: RegisteredModel) throws {
        for path in [partPath(for: model), partStatePath(for: model)] where unlink(path) != 0 && errno != ENOENT {
            throw fileError("delete", path)
        }
    }

    func recordPath(for model: RegisteredModel) -> String { path(for: model) + ".json" }
    package func partPath(for model: RegisteredModel) -> String { path(for: model) + ".part" }
    package func partStatePath(for model: RegisteredModel) -> String { path(for: model) + ".part.json" }
    package func lockPath(for model: RegisteredModel) -> String { path(for: model) + ".lock" }
    package func badPath(for model: RegisteredModel) -> String { path(for: model) + ".bad" }

    func createDirectory() throws {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        } catch {
            throw EPANNsError(
                .fileFailure,
                "Cannot make the folder \(directory) for models. Correct its owner or mode, or choose another with "
                    + "EPANNS_CACHE.",
                cause: error)
        }
    }

    private static func looksLikePath(_ argument: String) -> Bool {
        argument.contains("/")
            || [".pth", ".pt", ".safetensors", ".bin", ".ckpt"].contains { argument.lowercased().hasSuffix($0) }
    }

    private static func join(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    /// The size of a file, symbolic links followed; `nil` for folders, devices and what is not there.
    static func regularFileSize(_ path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }
}
