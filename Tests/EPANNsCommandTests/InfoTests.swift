import EPANNs
import EPANNsCore
import EPANNsTestSupport
import Foundation
import Testing

@Suite struct InfoTests {
    private func json(_ arguments: [String]) throws -> [String: Any] {
        let run = try CommandRun.run(["info", "--format", "json"] + arguments)
        #expect(run.status == 0, "\(run.error)")
        return try #require(JSONSerialization.jsonObject(with: run.output) as? [String: Any])
    }

    @Test func cnn14HasThePapersNumbers() throws {
        let object = try json(["cnn14"])
        let cost = try #require(object["cost"] as? [String: Any])
        // SPEC §2's table.
        #expect(cost["parameters"] as? Int == 80_753_615)
        #expect(
            cost["macs"] as? Int ?? 0 == 21_094_313_600 || abs((cost["macs"] as? Double ?? 0) / 1e9 - 21.094) < 5e-4)
        #expect(cost["state_dict_byte_count"] as? Int == 327_413_412)
        #expect(cost["tensor_count"] as? Int == 84)
        #expect(cost["frame_count"] as? Int == 1001)
        #expect(object["class_count"] as? Int == 527)
        #expect(object["minimum_sample_count"] as? Int == 9920)
        #expect(object["file"] == nil)
        let layers = try #require(cost["layers"] as? [[String: Any]])
        let last = try #require(layers.first { $0["name"] as? String == "conv_block6.conv2" })
        #expect(Set(last.keys) == ["name", "operation", "output_shape", "parameters", "macs", "flops"])
        #expect(last["parameters"] as? Int == 37_748_736)
        #expect(last["output_shape"] as? [Int] == [2048, 62, 4] || last["output_shape"] as? [Int] == [2048, 31, 2])
        #expect(layers.reduce(0) { $0 + ($1["parameters"] as? Int ?? 0) } == 80_753_615)
    }

    @Test func widthsAreTaken() throws {
        let pruned = try json(["cnn14", "--widths", "64,64,128,128,256,256,256,256,512,512,1024,1024"])
        let cost = try #require(pruned["cost"] as? [String: Any])
        #expect(cost["parameters"] as? Int == 23_205_839)
    }

    @Test func aModelFileTellsItsOwn() throws {
        let object = try json([TinyModel.path, "--seconds", "1"])
        let file = try #require(object["file"] as? [String: Any])
        #expect(file["sha256"] as? String == (try FileDigest.sha256(path: TinyModel.path)))
        #expect(file["container"] as? String == "pytorch-zip")
        #expect(object["name"] as? String == "tiny_cnn14")
        #expect(object["has_audio_set_labels"] as? Bool == true)
        #expect(object["duration_seconds"] as? Double == 1)
    }

    @Test func theTextFitsATerminal() throws {
        for name in ["cnn14", "epanns-50", "mn40"] {
            let run = try CommandRun.run(["info", name])
            #expect(run.status == 0)
            #expect(run.lines.allSatisfy { $0.count <= 80 }, "\(run.text)")
            #expect(!run.text.contains("dropout"))
        }
        let all = try CommandRun.run(["info", "cnn14", "--all"]).text
        #expect(all.contains("conv_block6.dropout"))
        for words in ["80,753,615", "21.094 G", "42.220 G", "327,413,412 bytes in 84 tensors", "9,920 samples"] {
            #expect(all.contains(words), "\(words)")
        }
    }

    @Test func withoutANameAllArchitecturesAreListed() throws {
        let run = try CommandRun.run(["info"])
        #expect(run.status == 0 && run.error.isEmpty)
        let rows = run.lines.dropFirst().filter { !$0.isEmpty }
        #expect(
            rows.compactMap { $0.split(separator: " ").first.map(String.init) } == ModelConfiguration.architectureNames)
        let epanns = try #require(rows.first { $0.hasPrefix("epanns-50") })
        #expect(epanns.contains("23,205,839") && epanns.contains("13.466 G") && epanns.contains("97,193,636"))
    }

    /// A network of blocks shows what is left within them, and what pruned it.
    @Test func aPrunedModelTellsItsWidthsAndHowItWasMade() throws {
        try withTemporaryFolder { folder in
            let configuration = try #require(ModelConfiguration.named("mn01"))
            let (whole, small) = (folder + "/whole.safetensors", folder + "/small.safetensors")
            try Model(name: "mn01", configuration: configuration, weights: TinyModel.weights(configuration))
                .write(to: whole)
            let pruned = try CommandRun.run(["prune", "-m", whole, "-o", small, "--skip-latency", "--name", "small"])
            #expect(pruned.status == 0, "\(pruned.error)")
            let (before, after) = try (json([whole]), json([small]))
            let counts = try [before, after].map { try #require($0["filter_counts"] as? [Int]) }
            #expect(counts[0].count == counts[1].count && counts[0].reduce(0, +) > counts[1].reduce(0, +))
            // What is counted is what the layers make.
            let layers = try #require((after["cost"] as? [String: Any])?["layers"] as? [[String: Any]])
            let made = layers.filter { ($0["operation"] as? String)?.hasPrefix("conv ") == true }
                .compactMap { ($0["output_shape"] as? [Int])?.first }
            #expect(counts[1] == made)
            let record = try #require((after["pruning"] as? [[String: Any]])?.first)
            #expect(before["pruning"] == nil && record["criterion"] as? String == "operator-norm")
            #expect(record["source_sha256"] as? String == (try FileDigest.sha256(path: whole)))
            let text = try CommandRun.run(["info", small]).text
            for word in ["Filters      ", "Made         pruned by epanns", "criterion operator-norm", "ratio 0.5"] {
                #expect(text.contains(word), "no \(word) in \(text)")
            }
            let steps = try #require(after["history"] as? [[String: Any]])
            #expect(steps.map { $0["action"] as? String } == ["pruned"])
            #expect((steps[0]["parent"] as? [String: Any])?["name"] as? String == "mn01")
            // Done again it is the same file, to the bit.
            let again = folder + "/again.safetensors"
            #expect(
                try CommandRun.run(["prune", "-m", whole, "-o", again, "--skip-latency", "--name", "small"]).status == 0
            )
            #expect(try FileDigest.sha256(path: again) == FileDigest.sha256(path: small))
            // Converted and calibrated models say that, too.
            let other = folder + "/other.safetensors"
            #expect(try CommandRun.run(["convert", small, other, "--dtype", "bf16"]).status == 0)
            let converted = try json([other])
            let actions = try #require(converted["history"] as? [[String: Any]]).map { $0["action"] as? String }
            #expect(actions == ["pruned", "converted"])
        }
    }

    @Test func whatATerminalCouldTakeForACommandIsEscaped() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/odd.safetensors"
            let configuration = ModelConfiguration.cnn(
                .init(.cnn6, widths: [4, 4, 4, 4], embeddingWidth: 4, classCount: 2))
            try Model(
                name: "odd\u{1B}]0;title\u{7}", configuration: configuration, weights: TinyModel.weights(configuration),
                labels: LabelSet([.init(name: "red\u{1B}[31m"), .init(mid: "m\u{0}", name: "plain")])
            ).write(to: path)
            for arguments in [["info", path], ["labels", "--model", path]] {
                let run = try CommandRun.run(arguments)
                #expect(run.status == 0 && run.text.contains("\\u{1b}"), "\(run.text)")
                let unsafe = run.output.filter { $0 < 0x20 && $0 != 0x0A }
                #expect(unsafe.isEmpty, "\(arguments)")
            }
            // A table is data: its fields come back as they are.
            let csv = try CommandRun.run(["labels", "--model", path, "-fcsv"])
            #expect(csv.text.contains("red\u{1B}[31m"), "\(csv.error)")
        }
    }
}
