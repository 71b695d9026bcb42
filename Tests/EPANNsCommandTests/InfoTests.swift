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
            #expect(run.lines.allSatisfy { $0.count <= 100 })
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
}
