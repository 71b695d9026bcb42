import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsTestSupport
import Testing

@Suite struct ArchitectureRecognizerTests {
    @Test(
        arguments: ModelConfiguration.architectureNames + [
            "epanns-0", "epanns-33", "epanns-99", "mn15", "erann-0-1", "erann-3-4",
        ])
    func publishedNetworksAreRecognised(name: String) throws {
        let configuration = try #require(ModelConfiguration.named(name))
        let recognizer = try ArchitectureRecognizer(TinyModel.hollowWeights(configuration))
        // What shares CNN14's state dict has to be named.
        let isNamed = name.hasSuffix("level-max") || name.hasSuffix("level-avg")
        let (recognised, note) = try recognizer.configuration(as: isNamed ? name : nil, fileName: "x.pth")
        #expect(recognised == configuration && note == nil)
        #expect(try (recognizer.configuration() == configuration) == !isNamed)
    }

    /// CNN14, DecisionLevelMax and DecisionLevelAvg have one state dict.
    @Test func namesTellNetworksOfOneStateDictApart() throws {
        let recognizer = try ArchitectureRecognizer(TinyModel.hollowWeights(.cnn(.init(.cnn14))))
        let published = try recognizer.configuration(as: nil, fileName: "Cnn14_DecisionLevelAvg_mAP=0.420.pth")
        #expect(published.configuration == ModelConfiguration.named("cnn14-decision-level-avg"))
        #expect(published.note?.message.contains("as its name says") == true)
        // What the user says counts more than the file's name.
        let said = try recognizer.configuration(as: "cnn14", fileName: "Cnn14_DecisionLevelAvg_mAP=0.420.pth")
        #expect(said.configuration == .cnn(.init(.cnn14)) && said.note == nil)
        for (name, code) in [("resnet38", EPANNsError.Code.checkpointMismatch), ("nothing", .invalidConfiguration)] {
            let error = failure(of: { _ = try recognizer.configuration(as: name, fileName: "x.pth") })
            #expect(error?.code == code)
        }
    }

    /// Every width another one, where the structure allows it.
    private static func pruned(_ variant: ResNetConfiguration.Variant) -> ResNetConfiguration {
        var network = ResNetConfiguration(variant, scale: 1 / 64, classCount: 4, frontEnd: .panns16k)
        network.lastWidths = [9, 8]
        network.embeddingWidth = 7
        for layer in network.layers.indices {
            network.layers[layer].outputWidth = 3 + layer
            for block in network.layers[layer].innerWidths.indices {
                for index in network.layers[layer].innerWidths[block].indices {
                    network.layers[layer].innerWidths[block][index] = 1 + (layer + 2 * block + index) % 5
                }
            }
        }
        network.stemWidths = [2, 3]
        return network
    }

    static let tiny: [ModelConfiguration] = {
        var mobile = MobileNetV3Configuration(widthMultiplier: 0.05, classCount: 2)
        for index in mobile.blocks.indices {
            mobile.blocks[index].expandedWidth = 2 + index
            mobile.blocks[index].squeezeWidth = mobile.blocks[index].squeezeWidth.map { _ in 1 + index }
            mobile.blocks[index].outputWidth = 3 + index % 2
        }
        mobile.hiddenWidth = 5
        var first = MobileNetV1Configuration(classCount: 4, frontEnd: .panns16k)
        first.stemWidth = 3
        for index in first.blockWidths.indices { first.blockWidths[index] = 1 + index * 5 % 7 }
        first.embeddingWidth = 6
        var second = MobileNetV2Configuration(classCount: 4)
        second.stemWidth = 2
        // Blocks 3, 5 and 6, 8 to 10, 12 and 13, 15 and 16 add their input.
        second.outputWidths = [3, 4, 4, 2, 2, 2, 5, 5, 5, 5, 4, 4, 4, 4, 4, 4, 6]
        for index in second.expandedWidths.indices { second.expandedWidths[index] = 2 + index % 5 }
        second.lastWidth = 9
        second.embeddingWidth = 7
        var erann = ERANNConfiguration(fourfoldStages: 2, width: 1, classCount: 5)
        for stage in erann.stages.indices {
            erann.stages[stage].outputWidth = 3 + stage
            for block in erann.stages[stage].innerWidths.indices {
                erann.stages[stage].innerWidths[block] = 1 + (3 * stage + block) % 7
            }
        }
        erann.inputNorm = .channel
        erann.normalisesShortcuts = true
        erann.embeddingWidth = 6
        var wavegrams = [WavegramConfiguration.Variant.wavegram, .wavegramLogMel].map { variant in
            var network = WavegramConfiguration(variant, scale: 1 / 32, classCount: 5)
            network.waveWidths = [3, 2, 4, 5, 3, 6, 96]
            network.mapWidths = [2, 3]
            network.stemWidths = [4, 2]
            network.blockWidths = [5, 4, 6, 7, 3, 8, 9, 4, 7, 11]
            network.embeddingWidth = 6
            return network
        }
        wavegrams[1].frontEnd = .panns32k(melBands: 32)
        var ast = ASTConfiguration(stride: 14, width: 10, heads: 2, hiddenWidth: 7, blockCount: 3, classCount: 4)
        ast.blocks[1] = .init(heads: 1, hiddenWidth: 5)
        return [
            .wavegram(wavegrams[0]), .wavegram(wavegrams[1]), .mobileNetV1(first), .mobileNetV2(second),
            .cnn(.init(.cnn6, widths: [1, 2, 3, 1], embeddingWidth: 1, classCount: 1)),
            .cnn(.init(.cnn10, widths: [1, 2, 3, 4, 5, 6, 7, 8], embeddingWidth: 2, classCount: 3)),
            .cnn(.init(.cnn14, widths: Array(1...12), embeddingWidth: 5, classCount: 50, frontEnd: .panns8k)),
            .resNet(pruned(.resnet22)), .resNet(pruned(.resnet38)), .resNet(pruned(.resnet54)),
            .erann(erann), .ast(ast), .mobileNetV3(mobile),
        ]
    }()

    @Test(arguments: tiny) func prunedNetworksAreRecognised(configuration: ModelConfiguration) throws {
        #expect(try ArchitectureRecognizer(TinyModel.hollowWeights(configuration)).configuration() == configuration)
    }

    @Test(arguments: ["logmel_extractor.melW", "spectrogram_extractor.stft.conv_real.weight"])
    func anyTraceOfTheFrontEndIsEnough(kept: String) throws {
        var weights = try TinyModel.hollowWeights(.cnn(.init(.cnn14, frontEnd: .panns16k)))
        for name in weights.keys where name.contains("_extractor.") && name != kept { weights[name] = nil }
        #expect(!ArchitectureRecognizer(weights).assumesFrontEnd)
        #expect(try ArchitectureRecognizer(weights).configuration().frontEnd == .panns16k)
        weights[kept] = nil
        #expect(ArchitectureRecognizer(weights).assumesFrontEnd)
        #expect(
            !ArchitectureRecognizer(try TinyModel.hollowWeights(.mobileNetV3(.init(widthMultiplier: 1))))
                .assumesFrontEnd)
    }

    @Test func strangersAreRefused() throws {
        let strangers = ["layer.weight": Tensor(shape: [1], values: [0])]
        let error = failure(of: { _ = try ArchitectureRecognizer(strangers).configuration() })
        #expect(error?.code == .checkpointMismatch)
        #expect(error?.message.contains("layer.weight") == true)
        // A shape with too few axes, as a hostile file may have it.
        var weights = try TinyModel.hollowWeights(.cnn(.init(.cnn6)))
        weights["conv_block2.conv1.weight"] = Tensor(shape: [], values: [0])
        #expect(failure(of: { _ = try ArchitectureRecognizer(weights).configuration() })?.code == .checkpointMismatch)
    }
}
