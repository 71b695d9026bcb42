import EPANNsAudio
import EPANNsCore
import EPANNsGraph
import Testing

@Suite struct RawPCMFormatTests {
    @Test func parsesWhatItPrints() throws {
        for type in RawPCMFormat.SampleType.allCases {
            let format = try RawPCMFormat(sampleType: type, sampleRate: 44100, channels: 6)
            #expect(try RawPCMFormat(parsing: format.description) == format)
        }
        let format = try RawPCMFormat(parsing: "s16le:16000:1")
        #expect(format.sampleType == .s16le && format.sampleRate == 16000 && format.channels == 1)
    }

    @Test(arguments: [
        ("", "type:rate:channels"), ("s16le", "type:rate:channels"), ("s16le:16000", "type:rate:channels"),
        ("s16le:16000:1:2", "type:rate:channels"), ("s16:16000:1", "s16le"), (":16000:1", "sample type"),
        ("s16le:fast:1", "sample rate"), ("s16le:0:1", "sample rate"), ("s16le:1000000000:1", "sample rate"),
        ("s16le:-1:1", "sample rate"), ("s16le:16000:x", "channels"), ("s16le:16000:0", "channels"),
        ("s16le:16000:65535", "channels"), ("s16le:99999999999999999999:1", "sample rate"),
    ])
    func saysWhichPartIsWrong(text: String, mentioned: String) {
        let error = #expect(throws: EPANNsError.self) { try RawPCMFormat(parsing: text) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains(mentioned) == true)
    }

    @Test func argumentsNameSources() throws {
        let format = try RawPCMFormat(parsing: "f32le:48000:2")
        #expect(try AudioSource(argument: "a.wav") == .file(path: "a.wav"))
        #expect(try AudioSource(argument: "-") == .standardInput)
        #expect(try AudioSource(argument: "-", rawFormat: format) == .rawStandardInput(format))
        #expect(throws: EPANNsError.self) { try AudioSource(argument: "") }
        #expect(throws: EPANNsError.self) { try AudioSource(argument: "a.raw", rawFormat: format) }
    }
}
