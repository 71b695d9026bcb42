import EPANNsReports
import EPANNsEvaluation
import Foundation
import Testing

/// Logs of training runs, whole and killed.
@Suite struct TrainingLogTests {
    private func log(_ text: String) -> TrainingLog { TrainingLog(Data(text.utf8)) }

    private func step(_ iteration: Int, _ loss: String = "0.5") -> String {
        #"{"kind":"step","iteration":\#(iteration),"loss":\#(loss),"learning_rate":0.001,"clips_per_second":90.5,"#
            + #""wait_seconds":0.01,"seconds":0.2}"# + "\n"
    }

    @Test func everyKindIsRead() throws {
        let log = log(
            #"{"kind":"start","time":"2026-01-02","model":"mn04","parameters":983599,"clips":320}"# + "\n" + step(1)
                + step(2, "0.25")
                + #"{"kind":"evaluation","iteration":2,"set":"test","map":0.5,"mauc":0.9,"d_prime":1.8,"accuracy":0.6,"loss":0.7,"seconds":1}"#
                + "\n" + #"{"kind":"checkpoint","iteration":2}"# + "\n"
                + #"{"kind":"best","iteration":2,"value":0.123456789}"# + "\n"
                + #"{"kind":"novelty","nested":{"a":[1,2.5]}}"# + "\n\n" + #"{"kind":"end","reason":"done"}"# + "\n")
        #expect(log.steps.map(\.iteration) == [1, 2] && log.steps.map(\.loss) == [0.5, 0.25])
        #expect(log.steps[0].learningRate == 0.001 && log.steps[0].clipsPerSecond == 90.5)
        #expect(log.evaluations.count == 1)
        let evaluation = try #require(log.best)
        #expect(evaluation.set == "test" && evaluation.map == 0.5 && evaluation.mauc == 0.9)
        #expect(evaluation.dPrime == 1.8 && evaluation.accuracy == 0.6 && evaluation.loss == 0.7)
        #expect(log.events.map(\.kind) == ["start", "checkpoint", "best", "novelty", "end"])
        #expect(log.events[0].details["parameters"] == "983599")
        #expect(log.events[2].details["value"] == "0.123457" && log.events[2].iteration == 2)
        #expect(log.damagedLines.isEmpty && !log.isCut)
    }

    /// A kill leaves any prefix of the file.
    @Test func aCutLogIsReadAsFarAsItGoes() {
        let whole = step(1) + step(2) + step(3)
        for count in 0...whole.utf8.count {
            let log = log(String(decoding: whole.utf8.prefix(count), as: UTF8.self))
            let lines = whole.utf8.prefix(count).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let complete = lines.count - 1
            // The last line is whole even before its end is written.
            let isWholeWithoutEnd = lines.last.map { $0.last == UInt8(ascii: "}") } ?? false
            #expect(log.steps.count == complete + (isWholeWithoutEnd ? 1 : 0))
            #expect(log.damagedLines.isEmpty)
            #expect(log.isCut == !(isWholeWithoutEnd || (lines.last?.isEmpty ?? true)))
        }
    }

    @Test func damageInTheMiddleIsSaid() {
        let log = log(step(1) + "{\"kind\":\"step\",\"iter\n" + step(3) + "[1]\n")
        #expect(log.steps.map(\.iteration) == [1, 3])
        #expect(log.damagedLines == [2, 4] && !log.isCut)
    }

    /// A killed run's line has no end; what the resumed run writes then stands in a line of its own or behind it.
    @Test func aResumeSupersedesWhatWasBeyondIt() throws {
        func evaluation(_ iteration: Int, _ map: Double) -> String {
            #"{"kind":"evaluation","iteration":\#(iteration),"set":"test","map":\#(map)}"# + "\n"
        }
        let log = log(
            step(1) + step(2) + evaluation(2, 0.2) + step(3, "9") + step(4, "9") + evaluation(4, 0.9)
                + #"{"kind":"best","iteration":4}"# + "\n" + #"{"kind":"resume","iteration":3}"# + "\n" + step(3, "1")
                + step(4, "1") + evaluation(4, 0.4))
        #expect(log.steps.map(\.iteration) == [1, 2, 3, 4])
        #expect(log.steps.map(\.loss) == [0.5, 0.5, 1, 1])
        #expect(log.evaluations.map(\.map) == [0.2, 0.4])
        #expect(log.best?.iteration == 4)
        #expect(log.events.map(\.kind) == ["resume"])
        // The evaluation of the very weights that go on stays, unless it is made again.
        let resumed = self.log(evaluation(2, 0.2) + #"{"kind":"resume","iteration":2}"# + "\n" + step(2))
        #expect(resumed.evaluations.count == 1)
        let again = self.log(evaluation(2, 0.2) + #"{"kind":"resume","iteration":2}"# + "\n" + evaluation(2, 0.3))
        #expect(again.evaluations.map(\.map) == [0.3])
    }

    @Test func theBestIsWhatTheRunCallsSo() {
        let evaluations =
            #"{"kind":"evaluation","iteration":5,"map":0.7,"accuracy":0.8}"# + "\n"
            + #"{"kind":"evaluation","iteration":9,"map":0.6,"accuracy":0.9}"# + "\n"
        #expect(log(evaluations).best?.iteration == 5)
        let named = #"{"kind":"best","iteration":9,"metric":"accuracy","value":0.9}"# + "\n"
        #expect(log(evaluations + named).best?.iteration == 9)
    }

    @Test func lossesThatAreNoNumbersAreKept() throws {
        let log = log(step(1, "null") + step(2, "\"NaN\"") + step(3, "\"inf\""))
        #expect(log.steps.count == 3 && log.steps[0].loss.isNaN && log.steps[1].loss.isNaN)
        #expect(log.steps[2].loss == .infinity)
    }

    @Test func absurdNumbersAreLeftOut() {
        let log = log(step(-1) + step(1) + step(2).replacingOccurrences(of: ":2,", with: ":1e300,"))
        #expect(log.steps.map(\.iteration) == [1])
    }
}
