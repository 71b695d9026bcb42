import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

/// `configuration.json`, and what a YAML file is turned into.
@Suite struct TrainingConfigurationTests {
    private func read(_ json: String) throws -> TrainingConfiguration {
        try TrainingConfiguration(json: Data(json.utf8))
    }

    private func message(_ json: String) -> String {
        failure { _ = try read(json) }?.message ?? "no error"
    }

    /// Every setting with another value than the default.
    private var everything: TrainingConfiguration {
        var c = TrainingConfiguration()
        c.data = [.init(table: "a.csv", audio: "a", trainFolds: [1, 2], testFolds: [3]), .init(table: "b.csv")]
        c.testData = [.init(table: "t.csv", testFolds: [4])]
        c.labels = "labels.csv"
        c.skipsMissing = true
        c.network = .mobileNetV3(MobileNetV3Configuration(widthMultiplier: 0.4))
        c.freeze = FreezeSelection(patterns: ["*", "!x"], includesStatistics: false)
        c.cachesEmbeddings = true
        (c.iterations, c.batchSize, c.accumulation) = (7, 6, 5)
        c.schedule = LearningRateSchedule(
            .cosine, learningRate: 0.25, warmupIterations: 3, finalFraction: 0.5, stepIterations: 9, stepFactor: 0.75)
        c.optimizer = OptimizerConfiguration(
            .adamW, usesAMSGrad: false, beta1: 0.5, beta2: 0.75, epsilon: 0.125, momentum: 0.25, usesNesterov: true,
            weightDecay: 0.5, clippingNorm: 2)
        c.loss = .binaryCrossEntropy
        (c.teacher, c.teacherWeight, c.temperature) = ("teacher.pt", 0.5, 3)
        c.usesDropout = false
        c.clipSeconds = 2.5
        c.sampler = .alternate
        c.mixupAlpha = 0.5
        c.specAugment = SpecAugment(timeWidth: 5, timeStripeCount: 1, melWidth: 3, melStripeCount: 4)
        c.waveformAugmentation = WaveformAugmentation(
            cropsRandomly: false, gainDecibels: -3...2, shift: .init(maximumSeconds: 0.5, isCircular: false),
            noiseSNRDecibels: 10...20)
        (c.precision, c.threads, c.seed, c.samplerSeed) = (.bf16, 3, .max, 5)
        (c.evaluateEvery, c.checkpointEvery, c.metric, c.cache) = (11, 12, .loss, "cache")
        return c
    }

    @Test func `what is written is read`() throws {
        for configuration in [TrainingConfiguration(), everything] {
            #expect(try TrainingConfiguration(json: configuration.json()) == configuration)
        }
        for name in ModelConfiguration.architectureNames {
            var configuration = TrainingConfiguration()
            configuration.network = ModelConfiguration.named(name)
            #expect(try TrainingConfiguration(json: configuration.json()) == configuration, "\(name)")
        }
        let text = String(decoding: try everything.json(), as: UTF8.self)
        for key in ["\"amsgrad\"", "\"noise_snr_decibels\"", "\"sampler_seed\"", "\"caches_embeddings\""] {
            #expect(text.contains(key), "\(key)")
        }
    }

    @Test func `what is missing has its default`() throws {
        #expect(try read("{}") == TrainingConfiguration())
        let configuration = try read(
            #"{"architecture": "cnn10", "optimizer": {"kind": "sgd"}, "schedule": {"learning_rate": 0.5}, "freeze": "#
                + #"{"patterns": ["a"]}, "mixup_alpha": null}"#)
        var expected = TrainingConfiguration()
        expected.architecture = "cnn10"
        expected.optimizer.kind = .sgd
        expected.schedule.learningRate = 0.5
        expected.freeze.patterns = ["a"]
        #expect(configuration == expected)
        // PANNs' recipe, SPEC §5.3.
        #expect(expected.batchSize == 32 && expected.sampler == .balanced && expected.samplerSeed == 1234)
        #expect(TrainingConfiguration().optimizer == OptimizerConfiguration(.adam, usesAMSGrad: true))
    }

    @Test func `unknown keys are refused, with a suggestion`() {
        #expect(message(#"{"batchsize": 3}"#).contains("no key “batchsize”. Did you mean “batch_size”?"))
        #expect(
            message(#"{"optimizer": {"weight_decy": 3}}"#).contains(
                "“optimizer.weight_decy”. Did you mean “weight_decay”?"))
        #expect(message(#"{"something_else_entirely": 3}"#).hasSuffix("no key “something_else_entirely”."))
        // A fold that is not held out because of a typing error would make every result wrong.
        #expect(
            message(#"{"data": [{"table": "a.csv", "test_fold": [5]}]}"#)
                .contains("“data[0].test_fold”. Did you mean “test_folds”?"))
        #expect(
            message(#"{"waveform_augmentation": {"shift": {"maximum": 1}}}"#).contains("waveform_augmentation.shift"))
    }

    @Test func `values of the wrong kind are named`() {
        #expect(message(#"{"batch_size": "many"}"#).contains("“batch_size” has a value of the wrong kind"))
        #expect(message(#"{"batch_size": 1.5, "threads": 2}"#).contains("“batch_size” has a number that does not fit"))
        #expect(message(#"{"schedule": {"kind": "sine"}}"#).contains("schedule.kind"))
        #expect(message(#"{"schedule": 3}"#).contains("schedule"))
        #expect(message(#"{"data": "a.csv"}"#).contains("data"))
        #expect(message(#"{"data": [{"audio": "x"}]}"#).contains("table"))
        #expect(message(#"{"network": {"architecture": "cnn99"}}"#).contains("network"))
        #expect(
            message(#"{"waveform_augmentation": {"gain_decibels": [3, 1]}}"#).contains(
                "waveform_augmentation.gain_decibels"))
        #expect(message(#"{"seed": -1}"#).contains("“seed” has a number that does not fit"))
        #expect(message("[1]").contains("not an object"))
        #expect(message("{").contains("cannot be read"))
        #expect(message("").contains("cannot be read"))
    }

    @Test func `invalid numbers are refused`() throws {
        var good = TrainingConfiguration()
        good.data = [.init(table: "a.csv")]
        good.architecture = "cnn10"
        try good.validate()
        let wrong: [(String, (inout TrainingConfiguration) -> Void)] = [
            ("No data", { $0.data = [] }),
            ("a model to start from or the architecture", { $0.architecture = nil }),
            ("only one", { $0.initial = "x.pt" }),
            ("at least 1", { $0.iterations = 0 }),
            ("at least 1", { $0.batchSize = 0 }),
            ("at least 1", { $0.accumulation = -1 }),
            ("at least 1", { $0.batchSize = .max }),
            ("weight", { $0.teacherWeight = 1.5 }),
            ("temperature", { $0.temperature = 0 }),
            ("temperature", { $0.temperature = .nan }),
            ("a weight needs a teacher", { $0.teacherWeight = 0.5 }),
            ("needs a weight above 0", { $0.teacher = "x.pt" }),
            ("above 0", { $0.clipSeconds = 0 }),
            ("above 0", { $0.clipSeconds = .nan }),
            ("above 0", { $0.threads = 0 }),
            ("above 0", { $0.evaluateEvery = 0 }),
            ("above 0", { $0.checkpointEvery = -5 }),
            ("above 0", { $0.mixupAlpha = 0 }),
            ("embeddings", { ($0.cachesEmbeddings, $0.mixupAlpha) = (true, 1) }),
            ("learning rate", { $0.schedule.learningRate = -1 }),
            ("optimiser", { $0.optimizer.beta1 = 2 }),
            ("SpecAugment", { $0.specAugment = SpecAugment(timeWidth: 0) }),
            ("dB", { $0.waveformAugmentation.gainDecibels = 0...1000 }),
        ]
        for (words, change) in wrong {
            var configuration = good
            change(&configuration)
            let error = failure { try configuration.validate() }
            #expect(error?.code == .invalidConfiguration, "\(words)")
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "no error")")
        }
    }
}
