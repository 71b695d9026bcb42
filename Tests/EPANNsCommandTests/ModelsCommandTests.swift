import EPANNsCore
import EPANNsHub
import EPANNsTestServer
import Foundation
import Testing

/// `epanns models`, and models by name, as a user meets them.
@Suite struct ModelsCommandTests {
    /// A folder for a cache, removed at the end.
    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(component: "epanns-models-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.path(percentEncoded: false))
    }

    private static let notRunnable = ModelRegistry.standard.models.first { !$0.isSupported }

    @Test("One advice everywhere: the table's")
    func advice() throws {
        let name = try #require(ModelRegistry.standard.recommended).name
        for arguments in [["--help"], ["models", "--help"]] {
            let help = try CommandRun.run(arguments).text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(help.contains("models download \(name)"), "\(arguments)")
            // No other is recommended beside it.
            #expect(help.components(separatedBy: "models download ").count == 2, "\(arguments)")
        }
    }

    @Test("What is printed fits 80 columns, but for addresses and paths")
    func columns() async throws {
        try await withFolder { folder in
            // Of the right size, so that only its contents are wrong; and one of which nothing can be told.
            for (file, count) in [("mn04_as_mAP_432.pt", 4_066_513), ("checkpoint_closeto_.44.pt", 100_000_000)] {
                _ = FileManager.default.createFile(atPath: folder + "/" + file, contents: nil)
                #expect(truncate(folder + "/" + file, off_t(count)) == 0)
            }
            let commands = [["list"], ["list", "--cached"], ["info", "mn01"], ["info", "epanns"], ["verify"]]
            for arguments in commands {
                let run = try CommandRun.run(["models"] + arguments, environment: ["EPANNS_CACHE": folder])
                #expect(run.lines.count > 1 && run.error.isEmpty, "\(run.error)")
                for line in run.lines where line.count > 80 {
                    #expect(line.split(separator: " ").last?.count ?? 0 > 60, "\(arguments): \(line)")
                }
            }
            let wrong = try CommandRun.run(["models", "verify", "mn04"], environment: ["EPANNS_CACHE": folder])
            #expect(wrong.status == 1 && wrong.text.contains("WRONG"))
        }
    }

    @Test("Names that stand for several models are listed, but not among those that are here")
    func ensembles() async throws {
        try await withFolder { folder in
            let all = try CommandRun.run(["models", "list"], environment: ["EPANNS_CACHE": folder])
            for ensemble in ModelRegistry.ensembles {
                let line = all.lines.first { $0.hasPrefix(ensemble.name + " ") }
                #expect(line?.contains(ensemble.models[0]) == true, "\(all.text)")
            }
            let here = try CommandRun.run(["models", "list", "--cached"], environment: ["EPANNS_CACHE": folder])
            #expect(here.status == 0 && !here.text.contains("ast-ensemble"), "\(here.text)")
        }
    }

    @Test(
        "A model that cannot run: said before anything is fetched", .enabled(if: notRunnable != nil, "all models run"))
    func cannotRun() async throws {
        let model = try #require(Self.notRunnable)
        let tag = try CommandRun.run(["tag", "--model", model.name, "-"])
        #expect(tag.status == 66 && tag.error.contains("cannot run"), "\(tag.error)")
        #expect(!tag.error.contains("models download"))
        try await withFolder { folder in
            try await FileServer.run { _ in
                FileServer.Reply(.notFound)
            } _: { server in
                let download = try CommandRun.run(
                    ["models", "download", "--cache", folder, "--mirror", server.url, model.name, "--force"])
                let lines = download.error.split(separator: "\n")
                #expect(lines.first?.contains("cannot run \(model.name)") == true, "\(download.error)")
                #expect(download.status == 69)
            }
        }
    }

    @Test("Proxies are those of the environment")
    func proxy() async throws {
        try await withFolder { folder in
            try await FileServer.run { _ in
                FileServer.Reply(.notFound)
            } _: { proxy in
                let command = ["models", "download", "--cache", folder, "--mirror", "http://models.invalid/x", "mn04"]
                let run = try CommandRun.run(command, environment: ["http_proxy": proxy.url])
                #expect(run.status == 69 && run.error.contains("404"), "\(run.error)")
                #expect(proxy.log.requests.map(\.path) == ["http://models.invalid/x/mn04_as_mAP_432.pt"])
                let direct = try CommandRun.run(
                    command, environment: ["http_proxy": proxy.url, "no_proxy": "models.invalid"])
                #expect(direct.status == 69 && direct.error.contains("Cannot reach models.invalid"), "\(direct.error)")
                #expect(proxy.log.requests.count == 1)
            }
        }
    }

    @Test(
        "A hundred overwritten bytes in the cache: refused by every command, replaced by a download",
        .enabled(if: TestData.folder != nil, "EPANNS_TEST_DATA is not set"))
    func damagedCache() async throws {
        let weights = try #require(TestData.folder) + "/weights/mn04_as_mAP_432.pt"
        try await withFolder { folder in
            let cached = folder + "/mn04_as_mAP_432.pt"
            try FileManager.default.copyItem(atPath: weights, toPath: cached)
            let environment = ["EPANNS_CACHE": folder]
            #expect(try CommandRun.run(["info", "mn04"], environment: environment).status == 0)
            let handle = try FileHandle(forUpdating: URL(filePath: cached))
            try handle.seek(toOffset: 2_000_000)
            try handle.write(contentsOf: Data(repeating: 0, count: 100))
            try handle.close()
            for arguments in [["info", "mn04"], ["tag", "--model", "mn04", "-"], ["labels", "--model", "mn04"]] {
                let run = try CommandRun.run(arguments, environment: environment)
                #expect(run.status == 65 && run.output.isEmpty, "\(arguments) \(run.error)")
                #expect(run.error.contains("not the right file for “mn04”") && run.error.contains("--force mn04"))
            }
            let bytes = try [UInt8](Data(contentsOf: URL(filePath: weights)))
            try await FileServer.run {
                .file(bytes, for: $0)
            } _: { server in
                let run = try CommandRun.run(
                    ["models", "download", "--force", "mn04", "--mirror", server.url, "--quiet"],
                    environment: environment)
                #expect(run.status == 0, "\(run.error)")
            }
            #expect(try CommandRun.run(["info", "mn04"], environment: environment).status == 0)
        }
    }

    private enum TestData {
        static let folder = ProcessInfo.processInfo.environment["EPANNS_TEST_DATA"]
    }
}
