import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation
import Testing

/// What every architecture promises, and the JSON form of configurations.
@Suite struct ArchitectureTests {
    @Test func namesAreUniqueAndLeadToTheirPresets() throws {
        let fileNames = ModelConfiguration.architectures.flatMap { $0.names }
        #expect(Set(fileNames).count == fileNames.count)
        let names = ModelConfiguration.architectureNames
        #expect(Set(names).count == names.count)
        for preset in ModelConfiguration.presets {
            #expect(ModelConfiguration.named(preset.name) == preset.configuration)
            #expect(ModelConfiguration.named(preset.name.uppercased()) == preset.configuration)
            #expect(fileNames.contains(preset.configuration.architecture))
            #expect(preset.configuration.classCount == 527)
        }
    }

    @Test func configurationsSurviveJSON() throws {
        for preset in ModelConfiguration.presets {
            var configuration = preset.configuration
            configuration.classCount = 11
            configuration.outputActivation = .softmax
            let json = try JSONEncoder().encode(configuration)
            #expect(try JSONDecoder().decode(ModelConfiguration.self, from: json) == configuration)
        }
    }

    /// As version 0.1.0 wrote them; files of ours hold this.
    static let older: [(json: String, configuration: ModelConfiguration)] = {
        let frontEnd =
            #""frontEnd":{"fftSize":1024,"hopSize":320,"kind":"panns","maximumFrequencyHz":14000,"melBands":64,"#
            + #""minimumFrequencyHz":50,"sampleRate":32000,"windowSize":1024}"#
        func json(_ architecture: String, _ widths: [Int]) -> String {
            #"{"architecture":"\#(architecture)","classCount":3,"embeddingWidth":5,\#(frontEnd),"#
                + #""outputActivation":"sigmoid","widths":\#(widths)}"#
        }
        return [
            (json("cnn6", [1, 2, 3, 4]), .cnn(.init(.cnn6, widths: [1, 2, 3, 4], embeddingWidth: 5, classCount: 3))),
            (
                json("cnn10", Array(1...8)),
                .cnn(.init(.cnn10, widths: Array(1...8), embeddingWidth: 5, classCount: 3))
            ),
            (
                json("cnn14", Array(1...12)),
                .cnn(.init(.cnn14, widths: Array(1...12), embeddingWidth: 5, classCount: 3))
            ),
        ]
    }()

    @Test(arguments: older) func filesOfOlderVersionsAreReadAndWrittenAsTheyWere(
        json: String, configuration: ModelConfiguration
    ) throws {
        #expect(try JSONDecoder().decode(ModelConfiguration.self, from: Data(json.utf8)) == configuration)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let written = String(decoding: try encoder.encode(configuration), as: UTF8.self)
        #expect(written == json.replacing(", ", with: ","))
    }

    @Test func anArchitectureOfALaterVersionIsAnError() {
        let json = Data(#"{"architecture":"vision-9000","classCount":3}"#.utf8)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(ModelConfiguration.self, from: json) }
    }

    @Test func referenceClassesTellWhatRuns() {
        for name in [
            "Cnn6", "Cnn14_16k", "Cnn14_pruned", "ResNet38", "MobileNetV1", "MobileNetV2", "Wavegram_Cnn14",
            "Cnn14_DecisionLevelMax", "MN",
        ] {
            #expect(ModelConfiguration.runs(referenceClass: name))
        }
        for name in ["", "Cnn14_DecisionLevel", "Res1dNet31"] {
            #expect(!ModelConfiguration.runs(referenceClass: name))
        }
    }

    struct Invalid: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var make: @Sendable () throws -> Void
        init(_ name: String, _ make: @escaping @Sendable () throws -> Void) {
            testDescription = name
            self.make = make
        }
    }

    static let invalid: [Invalid] = [
        Invalid("too few widths") { _ = try CNNConfiguration(.cnn14, widths: [1]).graph() },
        Invalid("no widths") { _ = try CNNConfiguration(.cnn6, widths: []).graph() },
        Invalid("a width of zero") { _ = try CNNConfiguration(.cnn6, widths: [1, 0, 1, 1]).graph() },
        Invalid("a width beyond the cap") { _ = try CNNConfiguration(.cnn6, embeddingWidth: .max).graph() },
        Invalid("no classes") { _ = try CNNConfiguration(.cnn10, classCount: 0).graph() },
        Invalid("a hop of zero") {
            var frontEnd = FrontEndConfiguration.panns32k()
            frontEnd.hopSize = 0
            _ = try CNNConfiguration(.cnn10, frontEnd: frontEnd).graph()
        },
        Invalid("too few mel bands") { _ = try CNNConfiguration(.cnn14, frontEnd: .panns32k(melBands: 8)).graph() },
        Invalid("pruned by NaN") { _ = try CNNConfiguration.epanns(pruned: .nan) },
        Invalid("pruned by all") { _ = try CNNConfiguration.epanns(pruned: 1) },
        Invalid("pruned by less than nothing") { _ = try CNNConfiguration.epanns(pruned: -0.1) },
        Invalid("a residual sum of other widths") {
            var network = ResNetConfiguration(.resnet38)
            network.layers[0].outputWidth = 63
            _ = try network.graph()
        },
        Invalid("a block too few") {
            var network = ResNetConfiguration(.resnet54)
            network.layers[2].innerWidths.removeLast()
            _ = try network.graph()
        },
        Invalid("no layers") {
            var network = ResNetConfiguration(.resnet22)
            network.layers = []
            _ = try network.graph()
        },
        Invalid("a ResNet as wide as NaN") { _ = try ResNetConfiguration(.resnet22, scale: .nan).graph() },
        Invalid("a MobileNetV1 without a block") {
            var network = MobileNetV1Configuration()
            network.blockWidths.removeLast()
            _ = try network.graph()
        },
        Invalid("a MobileNetV2 with an expansion too many") {
            var network = MobileNetV2Configuration()
            network.expandedWidths.append(6)
            _ = try network.graph()
        },
        Invalid("an inverted residual of other widths") {
            var network = MobileNetV2Configuration()
            network.outputWidths[2] = 23
            _ = try network.graph()
        },
        Invalid("a Wavegram that makes no map") {
            var network = WavegramConfiguration(.wavegram)
            network.waveWidths[6] = 100
            _ = try network.graph()
        },
        Invalid("a Wavegram of one mel band") {
            _ = try WavegramConfiguration(.wavegramLogMel, frontEnd: .panns32k(melBands: 1)).graph()
        },
        Invalid("a Wavegram beside slower frames") {
            _ = try WavegramConfiguration(.wavegramLogMel, frontEnd: .panns16k).graph()
        },
        Invalid("a Wavegram without convolutions") {
            var network = WavegramConfiguration(.wavegram)
            network.waveWidths = []
            _ = try network.graph()
        },
        Invalid("a MobileNetV1 infinitely wide") { _ = try MobileNetV1Configuration(scale: .infinity).graph() },
        Invalid("an ERANN of four stages") {
            var network = ERANNConfiguration(fourfoldStages: 1, width: 2)
            network.stages.removeLast()
            _ = try network.graph()
        },
        Invalid("too many fourfold stages") { _ = try ERANNConfiguration(fourfoldStages: 4, width: 2).graph() },
        Invalid("an ERANN wider than any") { _ = try ERANNConfiguration(fourfoldStages: 1, width: .max).graph() },
        Invalid("an ERANN of any number of frames") {
            var network = ERANNConfiguration(fourfoldStages: 1, width: 2)
            network.frontEnd.recipe.frames = .any
            _ = try network.graph()
        },
        Invalid("an AST of any number of frames") {
            var network = ASTConfiguration()
            network.frontEnd.recipe.frames = .any
            _ = try network.graph()
        },
        Invalid("an AST without blocks") { _ = try ASTConfiguration(blockCount: 0).graph() },
        Invalid("an AST of steps beyond a patch") { _ = try ASTConfiguration(stride: 17).graph() },
        Invalid("an AST without steps") {
            var network = ASTConfiguration()
            network.stride = []
            _ = try network.graph()
        },
        Invalid("an AST of fewer mel bands than a patch") {
            var network = ASTConfiguration()
            network.frontEnd.melBands = 15
            _ = try network.graph()
        },
        Invalid("an AST with heads that overflow") { _ = try ASTConfiguration(headWidth: .max).graph() },
        Invalid("an AST of no heads") { _ = try ASTConfiguration(heads: 0).graph() },
        Invalid("an epsilon that is not a number") {
            var network = ASTConfiguration()
            network.headEpsilon = .nan
            _ = try network.graph()
        },
        Invalid("as wide as NaN") { _ = try MobileNetV3Configuration(widthMultiplier: .nan).graph() },
        Invalid("infinitely wide") { _ = try MobileNetV3Configuration(widthMultiplier: .infinity).graph() },
        Invalid("no blocks") {
            var mobile = MobileNetV3Configuration(widthMultiplier: 0.1)
            mobile.blocks = []
            _ = try mobile.graph()
        },
        Invalid("an even kernel") {
            var mobile = MobileNetV3Configuration(widthMultiplier: 0.1)
            mobile.blocks[3].kernel = 4
            _ = try mobile.graph()
        },
    ]

    @Test(arguments: invalid) func invalidNumbersThrowRatherThanTrap(item: Invalid) {
        let error = #expect(throws: EPANNsError.self) { try item.make() }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test func widthsAreListedOnlyForChains() throws {
        for preset in ModelConfiguration.presets {
            switch preset.configuration {
            case .cnn, .decisionLevel:
                #expect(try preset.configuration.withWidths(preset.configuration.widths) == preset.configuration)
            default:
                let error = #expect(throws: EPANNsError.self) {
                    try preset.configuration.withWidths(preset.configuration.widths)
                }
                #expect(error?.code == .invalidConfiguration)
            }
        }
    }
}
