import EPANNsTestSupport
import EPANNsTraining
import Foundation
import Testing

/// Against draws of NumPy's `RandomState(1234)`, written by `Tools/reference/samplers.py`.
@Suite struct NumPyRandomTests {
    @Test func wordsAreNumPys() throws {
        let draws = try SamplerFixture.load().draws
        var random = NumPyRandom()
        // Beyond two turns of the generator's state.
        let words = (0..<draws.wordCount).map { _ in random.nextWord() }
        #expect(words.prefix(4) + words.suffix(4) == draws.words[...])
    }

    @Test func shufflesAreNumPys() throws {
        let cases = try SamplerFixture.load().draws.shuffle
        #expect(cases.count == 6)
        for (count, expected) in cases {
            var random = NumPyRandom()
            var values = Array(0..<(Int(count) ?? 0))
            random.shuffle(&values)
            #expect(values == expected[0])
            #expect(random.permutation(values.count) == expected[1])
        }
    }

    @Test func distributionsAreNumPys() throws {
        let draws = try SamplerFixture.load().draws
        func check(_ expected: [Double], _ name: String, _ draw: (inout NumPyRandom) -> Double) {
            var random = NumPyRandom()
            for (index, value) in expected.enumerated() {
                let ours = draw(&random)
                // Two C libraries' logarithms and powers differ in the last bit or two; a wrong step by 0.1.
                #expect(abs(ours - value) <= 4e-15 * max(1, abs(value)), "\(name), draw \(index)")
            }
        }
        check(draws.uniform, "uniform") { $0.uniform() }
        check(draws.normal, "normal") { $0.normal() }
        check(draws.exponential, "exponential") { $0.exponential() }
        for (shape, expected) in draws.gamma {
            check(expected, "gamma \(shape)") { $0.gamma(shape: Double(shape) ?? 0) }
        }
        #expect(draws.beta.count == 3)
        for (alpha, expected) in draws.beta {
            check(expected, "beta \(alpha)") { $0.beta(Double(alpha) ?? 0, Double(alpha) ?? 0) }
        }
    }

    @Test func savedGeneratorsGoOn() throws {
        var random = NumPyRandom(seed: 7)
        for _ in 0..<701 { _ = random.normal() }
        var restored = try JSONDecoder().decode(NumPyRandom.self, from: JSONEncoder().encode(random))
        #expect((0..<999).map { _ in restored.normal() } == (0..<999).map { _ in random.normal() })
    }

    @Test(arguments: [
        #"{"state":[1,2,3],"position":0}"#, #"{"state":[],"position":0}"#, "{}",
        "{\"state\":[\(Array(repeating: "0", count: 624).joined(separator: ","))],\"position\":0}",
        "{\"state\":[\(Array(repeating: "1", count: 624).joined(separator: ","))],\"position\":625}",
    ])
    func damagedStatesAreRefused(json: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(NumPyRandom.self, from: Data(json.utf8)) }
    }
}
