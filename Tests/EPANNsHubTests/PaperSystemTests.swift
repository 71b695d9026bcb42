import EPANNsHub
import EPANNsModels
import Testing

@Suite struct PaperSystemTests {
    @Test(arguments: PaperSystem.table.map(\.name))
    func `a difference is explained where there is one and nowhere else`(name: String) throws {
        let row = try #require(PaperSystem.table.first { $0.name == name })
        let cost = try row.cost()
        #expect(row.isAsPrinted(cost.parameters) == (row.difference == nil), "\(cost.parameters)")
    }

    @Test func `the table's rows are those of the paper, with E-PANNs after them`() {
        // Table 1 has nine systems.
        #expect(PaperSystem.table.count == 10)
        #expect(
            PaperSystem.table.map(\.meanAveragePrecision)
                == [0.343, 0.380, 0.446, 0.450, 0.434, 0.431, 0.439, 0.459, 0.485, 0.440])
    }

    @Test func `counts are those of the specification`() throws {
        func cost(_ name: String) throws -> PaperSystem.Cost {
            try #require(PaperSystem.table.first { $0.name == name }).cost()
        }
        #expect(try cost("E-PANNs").parameters == 23_205_839)
        #expect(try cost("AST").parameters == 86_594_063)
        #expect(try cost("AST ensemble").parameters == 518_322_522)
        #expect(abs(Double(try cost("AST ensemble").macs) / 1e9 - 590.19) < 0.01)
    }

    @Test func `published weights are found where there are any`() {
        let published = PaperSystem.table.filter { $0.publishedMeanAveragePrecision != nil }.map(\.name)
        #expect(
            published == [
                "CNN6", "CNN10", "ResNet38", "CNN14", "Wavegram-Logmel", "AST", "AST ensemble", "E-PANNs",
            ])
        for row in PaperSystem.table {
            guard let published = row.publishedMeanAveragePrecision else { continue }
            #expect(abs(published - row.meanAveragePrecision) < 0.0005, "\(row.name)")
        }
    }
}
