extension EvaluationReport {
    /// What was evaluated, for the reader.
    public struct Subject: Codable, Hashable, Sendable {
        /// The model's name.
        public var model: String?
        /// SHA-256 of its file, hexadecimal.
        public var modelSHA256: String?
        /// The arithmetic that ran.
        public var precision: String?
        /// The data set.
        public var data: String?
        /// SHA-256 of its table's file, hexadecimal; nil for packs, which hold the recordings, too.
        public var dataSHA256: String?
        /// `DataSet.digest`: which clips with which classes were evaluated, wherever they lay.
        public var dataDigest: String?
        /// Clips that could not be read and are in none of the numbers.
        public var failedClipCount: Int?
        /// The program and its version, such as `epanns 0.1.0`.
        public var program: String?
        /// When, ISO 8601 in UTC.
        public var date: String?

        /// Makes a description; what is not known stays nil.
        public init(
            model: String? = nil, modelSHA256: String? = nil, precision: String? = nil, data: String? = nil,
            dataSHA256: String? = nil, dataDigest: String? = nil, failedClipCount: Int? = nil, program: String? = nil,
            date: String? = nil
        ) {
            self.model = model
            self.modelSHA256 = modelSHA256
            self.precision = precision
            self.data = data
            self.dataSHA256 = dataSHA256
            self.dataDigest = dataDigest
            self.failedClipCount = failedClipCount
            self.program = program
            self.date = date
        }

        enum CodingKeys: String, CodingKey {
            case model
            case modelSHA256 = "model_sha256"
            case precision, data
            case dataSHA256 = "data_sha256"
            case dataDigest = "data_digest"
            case failedClipCount = "failed_clips"
            case program, date
        }
    }
}
