extension ModelRegistry {
    /// E-PANNs: one file, without a published checksum or size.
    static let epannsModels = [
        RegisteredModel(
            name: "epanns", aliases: ["e-panns", "epanns-50", "epanns50"], collection: .epanns,
            architecture: "Cnn14_pruned", meanAveragePrecision: 0.440, parameterCount: 23_205_839,
            license: nil, pageURL: "https://zenodo.org/records/7939403",
            downloadURL: "https://zenodo.org/records/7939403/files/checkpoint_closeto_.44.pt?download=1",
            fileName: "checkpoint_closeto_.44.pt",
            gitBlobID: "38b5a6edb6aa24b75f39bb806c27e4ace88d5b9e",
            citation: "Singh, Liu, Plumbley: E-PANNs: Sound Recognition Using Efficient Pre-trained Audio Neural "
                + "Networks. Inter-Noise 2023.")
    ]

    /// PANNs: Zenodo record 3987831.
    ///
    /// Sizes, MD5 and SHA-256 where they were published. Two file names, those of `cnn14-8k` and `mobilenet-v2`, are
    /// known only from other projects' download addresses; `cnn14-16k` and `cnn14-8k` carry the mAP of their
    /// file names, which for these two is higher than the paper's.
    static let pannsModels = [
        panns(
            "cnn14", [], "Cnn14", 0.431, 80_753_615, "Cnn14_mAP=0.431.pth", bytes: 327_428_481,
            md5: "541141fa2ee191a88f24a3219fff024e",
            sha256: "0dc499e40e9761ef5ea061ffc77697697f277f6a960894903df3ada000e34b31"),
        panns(
            "cnn14-16k", [], "Cnn14_16k", 0.438, 80_753_615, "Cnn14_16k_mAP=0.438.pth", bytes: 358_668_570,
            md5: "362fc5ff18f1d6ad2f6d464b45893f2c",
            sha256: "e2ee543a27919542c2ea03eabaa70b24dcd4e6c8e05621de6b67a94e4c5058e6", rate: 16000),
        panns(
            "cnn14-8k", [], "Cnn14_8k", 0.416, 80_753_615, "Cnn14_8k_mAP=0.416.pth", rate: 8000),
        panns(
            "cnn14-decision-level-max", ["cnn14-dlmax"], "Cnn14_DecisionLevelMax", 0.385, 80_753_615,
            "Cnn14_DecisionLevelMax_mAP=0.385.pth", bytes: 327_428_481, md5: "70539c43c18b6a289b3199c503a82c5a",
            sha256: "dd3b4043a87d4ec13df8082c0fcfee3fb5084151808e47e060987a95eabdd142"),
        panns(
            "cnn14-decision-level-att", ["cnn14-dlatt"], "Cnn14_DecisionLevelAtt", 0.425, 81_834_492,
            "Cnn14_DecisionLevelAtt_mAP=0.425.pth", md5: "c8281ca2b9967244b91d557aa941e8ca"),
        panns(
            "cnn10", [], "Cnn10", 0.380, 5_219_279, "Cnn10_mAP=0.380.pth", bytes: 25_237_595,
            md5: "bfb1f1f9968938fa8ef4012b8471f5f6"),
        panns(
            "cnn6", [], "Cnn6", 0.343, 4_837_455, "Cnn6_mAP=0.343.pth", md5: "e25e26b84585b14c7754c91e48efc9be"),
        panns(
            "mobilenet-v1", ["mobilenetv1"], "MobileNetV1", 0.389, 4_796_303, "MobileNetV1_mAP=0.389.pth",
            bytes: 23_639_473, md5: "a419303e1c88aa1b9d2ac3811563d371"),
        panns("mobilenet-v2", ["mobilenetv2"], "MobileNetV2", 0.383, 4_075_343, "MobileNetV2_mAP=0.383.pth"),
        panns(
            "resnet22", [], "ResNet22", 0.430, 63_675_087, "ResNet22_mAP=0.430.pth",
            md5: "cf36d413096793c4e15dc752a3abd599"),
        panns(
            "resnet38", [], "ResNet38", 0.434, 73_783_247, "ResNet38_mAP=0.434.pth",
            md5: "bf12f36aaabac4e0855e22d3c3239c1b"),
        panns(
            "resnet54", [], "ResNet54", 0.429, 104_318_159, "ResNet54_mAP=0.429.pth",
            md5: "4f1f1406d37a29e2379916885e18c5f3"),
        panns(
            "wavegram-cnn14", [], "Wavegram_Cnn14", 0.389, 80_991_759, "Wavegram_Cnn14_mAP=0.389.pth",
            md5: "1e3506ab640371e0b5a417b15fd66d21"),
        panns(
            "wavegram-logmel-cnn14", [], "Wavegram_Logmel_Cnn14", 0.439, 81_065_487,
            "Wavegram_Logmel_Cnn14_mAP=0.439.pth", md5: "17fa9ab65af3c0eb5ffbc5f65552c4e1"),
    ]

    private static func panns(
        _ name: String, _ aliases: [String], _ architecture: String, _ precision: Double, _ parameters: Int,
        _ file: String, bytes: Int? = nil, md5: String? = nil, sha256: String? = nil, rate: Int = 32000
    ) -> RegisteredModel {
        // The only character of these names that has to be escaped in the address.
        let escaped = file.split(separator: "=", omittingEmptySubsequences: false).joined(separator: "%3D")
        return RegisteredModel(
            name: name, aliases: aliases, collection: .panns, architecture: architecture,
            meanAveragePrecision: precision, parameterCount: parameters, samplesPerSecond: rate,
            license: "CC-BY-4.0", pageURL: "https://zenodo.org/records/3987831",
            downloadURL: "https://zenodo.org/records/3987831/files/\(escaped)?download=1", fileName: file,
            byteCount: bytes, md5: md5, sha256: sha256,
            citation: "Kong, Cao, Iqbal, Wang, Wang, Plumbley: PANNs: Large-Scale Pretrained Audio Neural Networks "
                + "for Audio Pattern Recognition. IEEE/ACM TASLP 28, 2020.")
    }
}
