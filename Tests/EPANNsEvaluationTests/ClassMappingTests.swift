import EPANNsEvaluation
import EPANNsTestSupport
import Foundation
import Testing

@Suite struct ClassMappingTests {
    private let model = LabelSet([
        .init(mid: "/m/bark", name: "Bark"), .init(mid: "/m/yip", name: "Yip"), .init(mid: "/m/rain", name: "Rain"),
    ])

    private func labels(_ names: String...) -> LabelSet { LabelSet(names.map { .init(name: $0) }) }

    private func message(_ body: () throws -> Void) -> String {
        #expect(throws: EPANNsError.self, performing: body)?.message ?? ""
    }

    @Test func classesAreFoundByMIDAndName() throws {
        let data = LabelSet([.init(name: "rain"), .init(mid: "/m/bark", name: "Gebell")])
        let mapping = try ClassMapping(data: data, model: model)
        #expect(mapping.outputs == [[2], [0]])
        #expect(mapping.scores(from: [0.1, 0.2, 0.3]) == [0.3, 0.1])
        #expect(mapping.notes.isEmpty)
    }

    @Test func missingClassesSayWhatToDo() {
        let text = message { _ = try ClassMapping(data: labels("rain", "dog", "cat"), model: model) }
        #expect(text.hasPrefix("2 of the data's 3 classes are not among the model's 3: “dog”, “cat”."))
        let error = failure { _ = try ClassMapping(data: labels("dog"), model: model) }
        #expect(error?.remedy == .nameClassMap)
    }

    @Test func numberedClassesGoByOrder() throws {
        let mapping = try ClassMapping(data: labels("a", "b"), model: .numbered(2))
        #expect(mapping.outputs == [[0], [1]])
        #expect(mapping.notes.count == 1)
        // As many names, but others.
        #expect(throws: EPANNsError.self) { try ClassMapping(data: labels("a", "b", "c"), model: model) }
    }

    @Test func aMapTakesTheBestLabel() throws {
        let data = labels("dog_bark", "rain")
        let mapping = try ClassMapping(
            map: ["dog_bark": ["Bark", "yip"], "rain": ["/m/rain"], "unused": ["Rain"]], data: data, model: model)
        #expect(mapping.outputs == [[0, 1], [2]])
        #expect(mapping.scores(from: [0.1, 0.6, 0.3]) == [0.6, 0.3])
        #expect(
            message { _ = try ClassMapping(map: ["rain": ["Rain"]], data: data, model: model) }
                .contains("no labels for the class “dog_bark”"))
        #expect(
            message { _ = try ClassMapping(map: ["dog_bark": [], "rain": ["Rain"]], data: data, model: model) }
                .contains("no labels for the class “dog_bark”"))
        let wrong = message {
            _ = try ClassMapping(map: ["dog_bark": ["Barks"], "rain": ["Rain"]], data: data, model: model)
        }
        #expect(wrong.contains("“dog_bark”") && wrong.contains("Did you mean “Bark”"), "\(wrong)")
    }

    @Test func mapsAreChosenByTheirClasses() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("epanns-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        func write(_ text: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }
        let data = labels("dog", "rain")
        try write(#"{"dog": ["Bark"], "rain": ["Rain"]}"#)
        #expect(try ClassMapping.readMap(path: path, for: data) == ["dog": ["Bark"], "rain": ["Rain"]])
        try write(#"{"first": {"cat": ["Meow"]}, "second": {"dog": ["Bark"], "rain": ["Rain"]}}"#)
        #expect(try ClassMapping.readMap(path: path, for: data)["dog"] == ["Bark"])
        #expect(message { _ = try ClassMapping.readMap(path: path, for: labels("cow")) }.contains("None of the maps"))
        try write(#"{"first": {"dog": ["Yip"], "rain": ["Rain"]}, "second": {"dog": ["Bark"], "rain": ["Rain"]}}"#)
        #expect(message { _ = try ClassMapping.readMap(path: path, for: data) }.contains("Several of the maps"))
        for damaged in ["", "[]", "{", #"{"dog": "Bark"}"#] {
            try write(damaged)
            #expect(message { _ = try ClassMapping.readMap(path: path, for: data) }.contains("is not a map of classes"))
        }
    }
}
