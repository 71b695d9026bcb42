import EPANNsCore
import EPANNsHub
import Foundation
import Testing

@Suite("Model registry")
struct ModelRegistryTests {
    private let registry = ModelRegistry.standard

    @Test("The entries this version can run, and the others")
    func entries() {
        #expect(registry.models.count == 30)
        #expect(
            registry.models.filter(\.isSupported).map(\.name) == [
                "epanns", "mn01", "mn02", "mn04", "mn05", "mn10", "mn20", "mn30", "mn40", "cnn14", "cnn14-16k",
                "cnn14-8k", "cnn14-decision-level-max", "cnn14-decision-level-att",
                "cnn10", "cnn6", "mobilenet-v1", "mobilenet-v2", "resnet22", "resnet38", "resnet54",
                "wavegram-cnn14", "wavegram-logmel-cnn14",
                "ast-10", "ast-10-1", "ast-10-2", "ast-10-3", "ast-12", "ast-14", "ast-16",
            ])
    }

    @Test("Addresses as published: “=” escaped, the mAP part of EfficientAT's names")
    func addresses() throws {
        #expect(
            try registry.model(named: "cnn14").downloadURL
                == "https://zenodo.org/records/3987831/files/Cnn14_mAP%3D0.431.pth?download=1")
        #expect(
            try registry.model(named: "mn04").downloadURL
                == "https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/mn04_as_mAP_432.pt")
        #expect(try registry.model(named: "mn01").fileName == "mn01_as_mAP_298.pt")
        for model in registry.models {
            #expect(URL(string: model.downloadURL)?.scheme == "https")
            #expect(URL(string: model.downloadURL)?.lastPathComponent == model.fileName)
        }
    }

    @Test("Ensembles are of models that are known and run alike")
    func ensembles() throws {
        for ensemble in ModelRegistry.ensembles {
            let models = try ensemble.models.map { try registry.model(named: $0) }
            #expect(models.allSatisfy { $0.isSupported && $0.collection == .ast })
            #expect(Set(models.map(\.name)).count == models.count)
            #expect(registry.find(ensemble.name) == nil)
            // SPEC §6.1: an ensemble is better than each of its models.
            #expect(models.allSatisfy { $0.meanAveragePrecision < ensemble.meanAveragePrecision })
        }
        #expect(ModelRegistry.ensembles.first?.models.count == 6)
        #expect(
            try registry.model(named: "ast").downloadURL
                == "https://www.dropbox.com/s/ca0b1v2nlxzyeb4/audioset_10_10_0.4593.pth?dl=1")
    }

    @Test("Published sizes hold at least the parameters")
    func sizes() {
        for model in registry.models {
            if let byteCount = model.byteCount { #expect(byteCount >= 4 * model.parameterCount) }
        }
        // The payload of the released file is 97,193,636 bytes (SPEC §2); its parameters alone are a little less.
        #expect(registry.find("epanns")?.minimumByteCount == 92_823_356)
    }

    @Test(
        "Names: aliases, letter case and underscores",
        arguments: [
            ("epanns", "epanns"), ("E-PANNs", "epanns"), ("Cnn14_16k", "cnn14-16k"), ("MN04_as", "mn04"),
            ("MobileNetV1", "mobilenet-v1"),
        ])
    func lookup(typed: String, name: String) {
        #expect(registry.find(typed)?.name == name)
    }

    @Test(
        "A mistyped name gets the nearest ones",
        arguments: [
            ("epans", "epanns"), ("cnn41", "cnn14"), ("cnn14-16", "cnn14-16k"), ("wavgram-cnn14", "wavegram-cnn14"),
            ("resnet83", "resnet38"), ("mobilenet", "mobilenet-v1"),
        ])
    func suggestion(typed: String, nearest: String) {
        #expect(registry.suggestions(for: typed).first == nearest)
        let error = #expect(throws: EPANNsError.self) { try registry.model(named: typed) }
        #expect(error?.code == .modelUnavailable)
        #expect(error?.message.contains("Did you mean “\(nearest)”") == true)
    }

    @Test("One recommendation, from the table")
    func recommendation() throws {
        let model = try #require(registry.recommended)
        #expect(model.name == "mn04" && model.hasChecksum && model.isSupported)
        #expect(ModelRegistry(models: []).recommended == nil)
    }

    @Test("Nothing near, nothing suggested")
    func nothingNear() {
        #expect(registry.suggestions(for: "completely-different-thing").isEmpty)
        #expect(registry.suggestions(for: "").isEmpty)
        #expect(registry.suggestions(for: String(repeating: "x", count: 100_000)).isEmpty)
    }

    @Test(
        "Edit distance, with swaps of neighbours",
        arguments: [
            ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("kitten", "sitting", 3),
            ("ca", "abc", 3),
        ])
    func distance(a: String, b: String, expected: Int) {
        #expect(editDistance(a, b) == expected)
        #expect(editDistance(b, a) == expected)
    }

    @Test(
        "Entries survive JSON; hostile ones are refused",
        arguments: [
            ("fileName", "../../etc/passwd"), ("fileName", ".bashrc"), ("fileName", "a/b.pt"), ("fileName", "a.json"),
            ("fileName", ""), ("md5", "XYZ"), ("sha256", "00"), ("name", "--force me"),
        ])
    func json(field: String, value: String) throws {
        let model = try registry.model(named: "cnn10")
        let data = try JSONEncoder().encode(model)
        #expect(try JSONDecoder().decode(RegisteredModel.self, from: data) == model)
        var object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        object[field] = value
        let hostile = try JSONSerialization.data(withJSONObject: object)
        #expect(throws: (any Error).self) { try JSONDecoder().decode(RegisteredModel.self, from: hostile) }
    }
}
