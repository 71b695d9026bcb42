import EPANNs
import EPANNsTestSupport
import Foundation
import Testing

@Suite struct ModelReportTests {
    @Test func anArchitectureIsDescribed() throws {
        let report = try ModelReport(
            name: "epanns-50", configuration: #require(.named("epanns-50")), durationSeconds: 10)
        #expect(report.architecture == "cnn14")
        #expect(report.cost.parameters == 23_205_839)  // SPEC §2
        #expect(report.embeddingWidth == 2048)
        #expect(report.minimumSampleCount == 9920)
        #expect(report.minimumSeconds == 0.31)
        #expect(report.file == nil && report.hasAudioSetLabels == nil)
        #expect(report.identityLayers.count == 7 && report.identityLayers.contains("conv_block1.dropout"))
    }

    @Test func aModelIsDescribedWithItsFile() throws {
        let report = try ModelReport(Model.read(path: TinyModel.path), durationSeconds: 1)
        #expect(report.name == "tiny_cnn14")
        #expect(report.file?.sha256 == (try FileDigest.sha256(path: TinyModel.path)))
        #expect(report.file?.container == .pyTorchZip)
        #expect(report.hasAudioSetLabels == true)
    }

    @Test(arguments: [0, -1, .nan, .infinity, 0.3, 3601]) func clipsThatMakeNoSenseAreRefused(seconds: Double) {
        let error = failure(of: {
            _ = try ModelReport(name: "cnn14", configuration: .cnn(.init(.cnn14)), durationSeconds: seconds)
        })
        #expect(error?.code == .invalidConfiguration)
    }

    /// The largest numbers that pass the checks must not overflow.
    @Test func theLargestNetworkIsCounted() throws {
        let configuration = ModelConfiguration.cnn(
            .init(
                .cnn14, widths: [Int](repeating: 65536, count: 12), embeddingWidth: 65536, classCount: 65536,
                frontEnd: .panns32k(melBands: 128)))
        let report = try ModelReport(name: "x", configuration: configuration, durationSeconds: 3600)
        #expect(report.cost.flops > 2 * report.cost.macs)
    }

    @Test func widthsAreReplaced() throws {
        let pruned = try ModelConfiguration.cnn(.init(.cnn14)).withWidths([
            64, 64, 128, 128, 256, 256, 256, 256, 512, 512, 1024, 1024,
        ])
        #expect(pruned == ModelConfiguration.named("epanns-50"))
        let error = failure(of: { _ = try ModelConfiguration.cnn(.init(.cnn10)).withWidths([1, 2, 3]) })
        #expect(error?.message == "cnn10 has 8 convolutions, but 3 widths are given.")
        #expect(
            failure(of: { _ = try ModelConfiguration.cnn(.init(.cnn6)).withWidths([1, 2, 3, 0]) })?.code
                == .invalidConfiguration)
        let mobile = try #require(ModelConfiguration.named("mn04"))
        #expect(failure(of: { _ = try mobile.withWidths([1]) })?.message.contains("mnNN") == true)
    }

    @Test(arguments: [
        ("epanns", ["epanns-25", "epanns-50", "epanns-75"]), ("cnn14_16k", ["cnn14-16k", "cnn14-8k"]),
        ("cnn9", ["cnn6"]),
        ("street.wav", []), ("", []),
    ])
    func namesNearby(name: String, nearest: [String]) {
        let found = ModelConfiguration.namesNear(name)
        #expect(Array(found.prefix(nearest.count)) == nearest && (nearest.isEmpty ? found.isEmpty : true), "\(found)")
    }
}
