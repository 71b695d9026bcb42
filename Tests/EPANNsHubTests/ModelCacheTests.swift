import EPANNsCore
import EPANNsHub
import Foundation
import Testing

@Suite("Model cache")
struct ModelCacheTests {
    @Test("Where the cache lies")
    func directory() throws {
        func directory(_ environment: [String: String]) throws -> String {
            try ModelCache.standard(environment: environment).directory
        }
        #expect(try directory(["HOME": "/home/a"]) == "/home/a/.cache/epanns/models")
        #expect(try directory(["HOME": "/home/a", "XDG_CACHE_HOME": "/x/"]) == "/x/epanns/models")
        #expect(try directory(["HOME": "/home/a", "XDG_CACHE_HOME": "relative"]) == "/home/a/.cache/epanns/models")
        #expect(
            try directory(["HOME": "/home/a", "XDG_CACHE_HOME": "/x", "EPANNS_CACHE": "/m"]).hasPrefix("/m"))
        #expect(try directory(["HOME": "/home/a", "EPANNS_CACHE": ""]) == "/home/a/.cache/epanns/models")
        let error = #expect(throws: EPANNsError.self) { try directory([:]) }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test("--model: an existing file wins, then a name that is here")
    func resolve() throws {
        let fixture = try HubFixture()
        let registry = ModelRegistry(models: [HubFixture.model()])
        let model = HubFixture.model()
        let missing = #expect(throws: EPANNsError.self) { try fixture.cache.resolve("tiny", in: registry) }
        #expect(missing?.code == .modelUnavailable)
        #expect(missing?.remedy == .downloadModel(name: "tiny", again: false))

        let file = fixture.cache.path(for: model)
        try Data(HubFixture.payload).write(to: URL(filePath: file))
        #expect(try fixture.cache.resolve("tiny", in: registry).path == file)
        #expect(try fixture.cache.resolve("tiny", in: registry).model == model)
        #expect(try fixture.cache.resolve(file, in: registry).model == nil)
        #expect(fixture.cache.cachedModels(of: registry) == [model])

        let unknown = #expect(throws: EPANNsError.self) { try fixture.cache.resolve("tyni", in: registry) }
        #expect(unknown?.message.contains("“tiny”") == true)
        let path = #expect(throws: EPANNsError.self) { try fixture.cache.resolve("models/none.pth", in: registry) }
        #expect(path?.message.contains("no file “models/none.pth”") == true && path?.remedy == .listModels)
        // A folder is not a file of weights.
        #expect(throws: EPANNsError.self) { try fixture.cache.resolve(fixture.cache.directory, in: registry) }
    }

    @Test("A cached file of another size than the published one is not handed out")
    func wrongSize() throws {
        let fixture = try HubFixture()
        let model = HubFixture.model(size: 500)
        try Data(count: 499).write(to: URL(filePath: fixture.cache.path(for: model)))
        let error = #expect(throws: EPANNsError.self) {
            try fixture.cache.resolve("tiny", in: ModelRegistry(models: [model]))
        }
        #expect(error?.code == .invalidCheckpoint)
        #expect(error?.message.contains("499") == true && error?.message.contains("500") == true)
    }

    @Test("A file that is not the published one is refused at its first use, and looked at once only")
    func damaged() throws {
        let fixture = try HubFixture()
        let model = HubFixture.model()
        let registry = ModelRegistry(models: [model])
        let file = URL(filePath: fixture.cache.path(for: model))
        try Data(HubFixture.payload).write(to: file)
        // Put there by other means: compared, and the outcome kept.
        #expect(try fixture.cache.resolve("tiny", in: registry).model == model)
        let record = try #require(try fixture.cache.record(of: model))
        #expect(record.digest.sha256 == model.sha256 && record.stamp == FileStamp(path: file.path()))
        #expect(try fixture.cache.resolve("tiny", in: registry).model == model)

        // A hundred bytes in the middle, as a bad disk or a bad neighbour leaves them; the size stays.
        let handle = try FileHandle(forUpdating: file)
        try handle.seek(toOffset: 500_000)
        try handle.write(contentsOf: Data(repeating: 7, count: 100))
        try handle.close()
        let error = #expect(throws: EPANNsError.self) { try fixture.cache.resolve("tiny", in: registry) }
        #expect(error?.code == .checksumMismatch)
        #expect(error?.remedy == .downloadModel(name: "tiny", again: true))
        #expect(error?.message.contains(try #require(model.sha256)) == true)
        // The time of the contents set back hides nothing.
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 0)], ofItemAtPath: file.path())
        #expect(throws: EPANNsError.self) { try fixture.cache.resolve("tiny", in: registry) }
    }

    @Test("While the stamp fits, the file is not read again")
    func stamped() throws {
        let fixture = try HubFixture()
        let model = HubFixture.model()
        let registry = ModelRegistry(models: [model])
        let path = fixture.cache.path(for: model)
        try Data(repeating: 0, count: 500).write(to: URL(filePath: path))
        #expect(throws: EPANNsError.self) { try fixture.cache.resolve("tiny", in: registry) }
        // Only the record says that this file was right, so only who does not read the file believes it.
        let good = fixture.cache.directory + "/good"
        try Data(HubFixture.payload).write(to: URL(filePath: good))
        let record = DownloadRecord(
            model: model, digest: try FileDigest(ofFile: good), source: nil, stamp: FileStamp(path: path))
        try JSONEncoder().encode(record).write(to: URL(filePath: path + ".json"))
        #expect(try fixture.cache.resolve("tiny", in: registry).path == path)
    }

    @Test("Without a checksum the first download is what a later use is compared with")
    func changedAfterFirstUse() async throws {
        let fixture = try HubFixture()
        let model = HubFixture.model(.nothing)
        let registry = ModelRegistry(models: [model])
        let file = URL(filePath: fixture.cache.path(for: model))
        try Data(HubFixture.payload).write(to: file)
        // Nothing known: nothing to compare with.
        #expect(try fixture.cache.resolve("tiny", in: registry).model == model)
        _ = try await fixture.download(model, at: "http://127.0.0.1:1")
        #expect(try fixture.cache.resolve("tiny", in: registry).model == model)
        try Data(HubFixture.payload.reversed()).write(to: file)
        let error = #expect(throws: EPANNsError.self) { try fixture.cache.resolve("tiny", in: registry) }
        #expect(error?.code == .checksumMismatch)
    }

    @Test("A model that cannot run is not asked to be downloaded first")
    func cannotRun() throws {
        let fixture = try HubFixture()
        let model = HubFixture.model(isSupported: false)
        let error = #expect(throws: EPANNsError.self) {
            try fixture.cache.resolve("tiny", in: ModelRegistry(models: [model]))
        }
        #expect(error?.code == .modelUnavailable && error?.remedy == .listModels)
        #expect(error?.message.contains("cannot run") == true)
    }

    @Test("Verification tells every case apart")
    func verify() throws {
        let fixture = try HubFixture()
        let known = HubFixture.model()
        let unknown = HubFixture.model(.nothing)
        let error = #expect(throws: EPANNsError.self) { try fixture.cache.verify(known) }
        #expect(error?.code == .modelUnavailable)

        let file = URL(filePath: fixture.cache.path(for: known))
        try Data(HubFixture.payload).write(to: file)
        #expect(try fixture.cache.verify(known).outcome == .matchesPublished)
        #expect(try fixture.cache.verify(unknown).outcome == .unverifiable)

        var changed = HubFixture.payload
        changed[changed.count / 2] ^= 1
        try Data(changed).write(to: file)
        let report = try fixture.cache.verify(known)
        #expect(report.outcome == .mismatch && !report.isGood)
        #expect(report.problem?.contains(try #require(known.sha256)) == true)
        #expect(report.problem?.contains(report.digest.sha256) == true)
    }

    @Test("A file put there by other means is recorded, and a later change of it is seen")
    func adopted() async throws {
        let fixture = try HubFixture()
        let model = HubFixture.model(.nothing)
        let file = URL(filePath: fixture.cache.path(for: model))
        try Data(HubFixture.payload).write(to: file)
        // Nobody listens at port 1: nothing must be fetched.
        let result = try await fixture.download(model, at: "http://127.0.0.1:1")
        #expect(result.wasCached && result.record.source == nil && result.record.trust == .firstUse)
        #expect(try fixture.cache.verify(model).outcome == .matchesFirstUse)
        try Data(HubFixture.payload + [0]).write(to: file)
        #expect(try fixture.cache.verify(model).outcome == .mismatch)
    }

    @Test("A pipe or a folder in place of a record is an error, and nobody waits for it")
    func oddRecord() throws {
        let fixture = try HubFixture()
        let model = HubFixture.model(.nothing)
        let path = fixture.cache.path(for: model)
        try Data(HubFixture.payload).write(to: URL(filePath: path))
        #expect(mkfifo(path + ".json", 0o600) == 0)
        #expect(throws: EPANNsError.self) { try fixture.cache.verify(model) }
        unlink(path + ".json")
        try FileManager.default.createDirectory(atPath: path + ".json", withIntermediateDirectories: false)
        #expect(throws: EPANNsError.self) { try fixture.cache.verify(model) }
    }

    @Test("A damaged record is an error, not a licence to trust")
    func damagedRecord() throws {
        let fixture = try HubFixture()
        let model = HubFixture.model(.nothing)
        try Data(HubFixture.payload).write(to: URL(filePath: fixture.cache.path(for: model)))
        for text in ["", "{", "[]", String(repeating: " ", count: 100_000)] {
            try Data(text.utf8).write(to: URL(filePath: fixture.cache.path(for: model) + ".json"))
            let error = #expect(throws: EPANNsError.self) { try fixture.cache.verify(model) }
            #expect(error?.code == .fileFailure)
        }
    }

    @Test(
        "The real mn04 file has the registry's size and digest",
        .enabled(if: ProcessInfo.processInfo.environment["EPANNS_TEST_DATA"] != nil, "EPANNS_TEST_DATA is not set"))
    func realFile() throws {
        let data = try #require(ProcessInfo.processInfo.environment["EPANNS_TEST_DATA"])
        let report = try ModelCache(directory: data + "/weights").verify(ModelRegistry.standard.model(named: "mn04"))
        #expect(report.outcome == .matchesPublished)
    }
}
