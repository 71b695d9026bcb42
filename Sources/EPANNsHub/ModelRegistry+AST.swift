extension ModelRegistry {
    /// AST's files on Dropbox, as its README lists them; neither sizes nor checksums are published.
    ///
    /// The same weights lie on Hugging Face as `MIT/ast-finetuned-audioset-…`; those files run when given by path. The first
    /// is the mean of five epochs; the ensemble of 0.485 is the six others.
    static let astModels = [
        ast("ast-10", ["ast"], 10, "0.4593", "ca0b1v2nlxzyeb4"),
        ast("ast-10-1", [], 10, "0.4495", "1tv0hovue1bxupk"),
        ast("ast-10-2", [], 10, "0.4483", "6u5sikl4b9wo4u5"),
        ast("ast-10-3", [], 10, "0.4475", "kt6i0v9fvfm1mbq"),
        ast("ast-12", [], 12, "0.4467", "snfhx3tizr4nuc8"),
        ast("ast-14", [], 14, "0.4431", "z18s6pemtnxm4k7"),
        ast("ast-16", [], 16, "0.4422", "mdsa4t1xmcimia6"),
    ]

    /// Named lists of models whose scores have a published mean: AST's.
    ///
    /// SPEC §2.9.
    public static let ensembles: [(name: String, models: [String], meanAveragePrecision: Double)] = [
        ("ast-ensemble", ["ast-10-1", "ast-10-2", "ast-10-3", "ast-12", "ast-14", "ast-16"], 0.485),
        ("ast-ensemble-s", ["ast-10-1", "ast-10-2", "ast-10-3"], 0.475),
    ]

    private static func ast(
        _ name: String, _ aliases: [String], _ stride: Int, _ precision: String, _ folder: String
    ) -> RegisteredModel {
        let file = "audioset_\(stride)_\(stride)_\(precision).pth"
        let parameters = [10: 86_594_063, 12: 86_316_047, 14: 86_167_823, 16: 86_056_463]
        return RegisteredModel(
            name: name, aliases: aliases, collection: .ast, architecture: "ASTModel(\(stride), \(stride))",
            meanAveragePrecision: Double(precision) ?? 0, parameterCount: parameters[stride] ?? 0,
            samplesPerSecond: 16000, license: "BSD-3-Clause", pageURL: "https://github.com/YuanGongND/ast",
            downloadURL: "https://www.dropbox.com/s/\(folder)/\(file)?dl=1", fileName: file,
            citation: "Gong, Chung, Glass: AST: Audio Spectrogram Transformer. Interspeech 2021.")
    }
}
