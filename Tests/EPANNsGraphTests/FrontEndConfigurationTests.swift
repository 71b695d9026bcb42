import EPANNsCore
import EPANNsGraph
import Foundation
import Testing

@Suite struct FrontEndConfigurationTests {
    private static let published: [FrontEndConfiguration] = [
        .panns32k(), .panns32k(melBands: 32), .panns16k, .panns8k, .efficientAT, .ast, .eranns,
    ]

    private static func encoded(_ configuration: FrontEndConfiguration) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return String(decoding: try encoder.encode(configuration), as: UTF8.self)
    }

    /// As version 0.1.0 wrote them: older programs read what is written now, and the other way round.
    @Test(arguments: [
        (
            FrontEndConfiguration.panns16k,
            #"{"fftSize":512,"hopSize":160,"kind":"panns","maximumFrequencyHz":8000,"melBands":64,"#
                + #""minimumFrequencyHz":50,"sampleRate":16000,"windowSize":512}"#
        ),
        (
            .efficientAT,
            #"{"fftSize":1024,"hopSize":320,"kind":"efficient-at","maximumFrequencyHz":15000,"melBands":128,"#
                + #""minimumFrequencyHz":0,"sampleRate":32000,"windowSize":800}"#
        ),
    ])
    func familiesAreWrittenByTheirName(configuration: FrontEndConfiguration, json: String) throws {
        #expect(try Self.encoded(configuration) == json)
        #expect(try JSONDecoder().decode(FrontEndConfiguration.self, from: Data(json.utf8)) == configuration)
    }

    @Test func otherRecipesAreWrittenInFull() throws {
        var own = FrontEndConfiguration.efficientAT
        own.recipe.window = .periodic
        own.recipe.frames = .fixed(count: 500, padding: -1)
        let json = try Self.encoded(own)
        #expect(!json.contains(#""kind""#) && json.contains(#""recipe""#))
        #expect(try JSONDecoder().decode(FrontEndConfiguration.self, from: Data(json.utf8)) == own)
    }

    @Test(arguments: published) func publishedOnesAreSoundAndSurviveJSON(configuration: FrontEndConfiguration) throws {
        try configuration.validate()
        let json = Data(try Self.encoded(configuration).utf8)
        #expect(try JSONDecoder().decode(FrontEndConfiguration.self, from: json) == configuration)
        #expect(configuration.recipe.title != nil)
    }

    @Test func anUnknownFamilyAndAMissingRecipeAreErrors() {
        for kind in [#""kind":"cochlea","#, ""] {
            let json =
                "{\(kind)"
                + #""fftSize":512,"hopSize":160,"maximumFrequencyHz":8000,"melBands":64,"minimumFrequencyHz":50,"#
                + #""sampleRate":16000,"windowSize":512}"#
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode(FrontEndConfiguration.self, from: Data(json.utf8))
            }
        }
    }

    @Test(arguments: published) func theShortestClipHasAFrame(configuration: FrontEndConfiguration) {
        for frames in [1, 2, 31, 100] {
            let samples = configuration.minimumSampleCount(frameCount: frames)
            #expect(configuration.frameCount(sampleCount: samples) >= frames)
            if samples > configuration.minimumSampleCount {
                #expect(configuration.frameCount(sampleCount: samples - 1) < frames)
            }
        }
    }

    struct Change: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var change: @Sendable (inout FrontEndConfiguration) -> Void
        init(_ name: String, _ change: @escaping @Sendable (inout FrontEndConfiguration) -> Void) {
            testDescription = name
            self.change = change
        }
    }

    static let invalid: [Change] = [
        Change("no hop") { $0.hopSize = 0 },
        Change("a negative hop") { $0.hopSize = -1 },
        Change("an odd transform") {
            $0.fftSize = 1001
            $0.windowSize = 1001
        },
        Change("a window beyond the transform") { $0.windowSize = 2048 },
        Change("no bands") { $0.melBands = 0 },
        Change("no rate") { $0.sampleRate = 0 },
        Change("an edge that is not a number") { $0.maximumFrequencyHz = .nan },
        Change("an edge above half the rate") { $0.maximumFrequencyHz = 16001 },
        // A second of audio would take half a minute.
        Change("a long transform at every sample") {
            $0.fftSize = 65536
            $0.hopSize = 1
        },
        Change("too many frames a second") { $0.hopSize = 7 },
        Change("more overlap than any use") {
            $0.fftSize = 65536
            $0.hopSize = 1000
        },
        Change("a pre-emphasis that is not a number") { $0.recipe.preEmphasis = .frame(coefficient: .nan) },
        Change("a pre-emphasis above one") { $0.recipe.preEmphasis = .waveform(coefficient: 1.5) },
        Change("a logarithm of zero") { $0.recipe.logarithm = .naturalAbove(floor: 0) },
        Change("an infinite floor") { $0.recipe.logarithm = .decibels(floor: .infinity) },
        Change("no deviation") { $0.recipe.normalisation.deviation = 0 },
        Change("a mean that is not a number") { $0.recipe.normalisation.mean = .nan },
        Change("no frames") { $0.recipe.frames = .fixed(count: 0, padding: 0) },
        Change("no frames a second") { $0.recipe.frames = .perSecond(count: 0) },
        Change("more frames a second than any use") { $0.recipe.frames = .perSecond(count: .max) },
        Change("padding that is not a number") { $0.recipe.frames = .fixed(count: 9, padding: .nan) },
    ]

    @Test(arguments: invalid) func invalidNumbersThrow(item: Change) {
        var configuration = FrontEndConfiguration.panns32k()
        item.change(&configuration)
        let error = #expect(throws: EPANNsError.self) { try configuration.validate() }
        #expect(error?.code == .invalidConfiguration)
    }
}
