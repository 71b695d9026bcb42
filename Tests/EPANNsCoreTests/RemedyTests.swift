import EPANNsCore
import Foundation
import Testing

@Suite struct RemedyTests {
    @Test func eachFaceHasItsOwnWords() {
        let error = EPANNsError(
            .invalidAudio, "Too long.", cause: EPANNsError(.fileFailure, "Why"), remedy: .useWindows(seconds: 10))
        #expect("\(error)" == "Too long. Take it in windows of 10 s. [Why]")
        #expect(error.text { _ in "--window 10" } == "Too long. --window 10 [Why]")
        // A face that has no such option leaves it out.
        #expect(error.text { _ in nil } == "Too long. [Why]")
        #expect(EPANNsError(.invalidAudio, "Short.").text { _ in "x" } == "Short.")
    }

    @Test func foundationShowsTheMessage() {
        let error: any Error = EPANNsError(.invalidAudio, "Short.", remedy: .nameModel)
        #expect(error.localizedDescription == "Short. Name a model file.")
    }
}
