import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation
import Testing

@Suite struct SafetensorsTests {
    /// A file with this header and `dataCount` bytes 0, 1, 2, ….
    private func file(_ header: String, dataCount: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian, Array.init) + Array(header.utf8)
            + (0..<dataCount).map { UInt8(truncatingIfNeeded: $0) }
    }

    private func read(_ header: String, dataCount: Int) throws -> Checkpoint {
        try Checkpoint.read(bytes: file(header, dataCount: dataCount), name: "file")
    }

    @Test func headerFieldsComeInAnyOrderWithSpacesAndEscapes() throws {
        let checkpoint = try read(
            """
            {"b" : {"data_offsets":[4, 8 ],"shape":[ ],"dtype":"F32"},\t"a\\u00e9\\ud83c\\udfb5\\n\\"":
            {"dtype":"U8","shape":[2,2],"data_offsets":[0,4]},"__metadata__":{"k":"\\/v"}}   
            """, dataCount: 8)
        #expect(checkpoint.order == ["aé🎵\n\"", "b"])
        #expect(checkpoint.tensors["aé🎵\n\""]?.floats == [0, 1, 2, 3])
        #expect(checkpoint.tensors["b"]?.shape == [])
        #expect(checkpoint.tensors["b"]?.floats == [Float(bitPattern: 0x0706_0504)])
        #expect(checkpoint.metadata == ["k": "/v"])
    }

    /// 0x280 bytes of header look like the start of a pickle, and must not be taken for one.
    @Test func aHeaderLengthThatLooksLikeAPickleIsStillSafetensors() throws {
        var header = #"{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"#
        header += String(repeating: " ", count: 0x280 - header.utf8.count)
        #expect(try read(header, dataCount: 3).tensors["a"]?.floats == [0, 1, 2])
    }

    @Test(arguments: [
        // Offsets: reversed, past the end, overlapping, with a gap, with a rest, of the wrong length.
        (#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[8,4]}}"#, 8),
        (#"{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}"#, 8),
        (
            #"{"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
            8
        ),
        (#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#, 8),
        (#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#, 8),
        (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,8]}}"#, 8),
        // Products that overflow, to zero and otherwise.
        (#"{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#, 0),
        (#"{"a":{"dtype":"U8","shape":[9223372036854775807,3],"data_offsets":[0,8]}}"#, 8),
        // Numbers that are none, or too large.
        (#"{"a":{"dtype":"U8","shape":[-8],"data_offsets":[0,8]}}"#, 8),
        (#"{"a":{"dtype":"U8","shape":[8.0],"data_offsets":[0,8]}}"#, 8),
        (#"{"a":{"dtype":"U8","shape":[8e0],"data_offsets":[0,8]}}"#, 8),
        (#"{"a":{"dtype":"U8","shape":[08],"data_offsets":[0,8]}}"#, 8),
        (#"{"a":{"dtype":"U8","shape":[99999999999999999999999],"data_offsets":[0,8]}}"#, 8),
        (#"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8,8]}}"#, 8),
        (#"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0]}}"#, 8),
        // Keys: twice, twice after unescaping, missing, unknown, empty.
        (
            #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
            8
        ),
        (
            #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"\u0061":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}"#,
            8
        ),
        (#"{"a":{"dtype":"U8","dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#, 8),
        (#"{"a":{"dtype":"U8","data_offsets":[0,8]}}"#, 8),
        (#"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8],"x":{}}}"#, 8),
        (#"{"":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#, 8),
        (#"{"__metadata__":{"a":"b","a":"c"},"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#, 8),
        (#"{"__metadata__":{"a":1},"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#, 8),
        // Syntax.
        (#"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}} x"#, 8),
        (#"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},}"#, 8),
        (#"{"\ud83c":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#, 8),
        (#"{"\ud83c\u0061":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#, 8),
        (#"{"\x":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#, 8),
        ("{\"a\n\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}}", 8),
    ])
    func badHeadersAreErrors(_ header: String, _ dataCount: Int) throws {
        let error = refusal { _ = try read(header, dataCount: dataCount) }
        #expect(error?.code == .invalidCheckpoint, "\(String(describing: error))")
    }

    @Test func invalidUTF8AndDeepNestingAreErrors() throws {
        var bytes = file(#"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#, dataCount: 8)
        bytes[10] = 0xFF
        #expect(refusal { _ = try Checkpoint.read(bytes: bytes, name: "f") }?.message.contains("UTF-8") == true)
        let deep = String(repeating: #"{"a":"#, count: 1_000_000)
        #expect(refusal { _ = try read(deep, dataCount: 0) }?.code == .invalidCheckpoint)
        let brackets = #"{"a":{"shape":"# + String(repeating: "[", count: 1_000_000)
        #expect(refusal { _ = try read(brackets, dataCount: 0) }?.code == .invalidCheckpoint)
    }

    @Test func aHeaderLargerThanTheFileOrTheLimitIsAnError() throws {
        for length: UInt64 in [100, 100_000_001, .max, 1 << 63] {
            let bytes = withUnsafeBytes(of: length.littleEndian, Array.init) + Array("{}".utf8)
            #expect(refusal { _ = try Checkpoint.read(bytes: bytes, name: "f") }?.code == .invalidCheckpoint)
        }
    }

    @Test func namesInMessagesCannotReachTheTerminal() throws {
        let header = #"{"\u001b[31m":{"dtype":"U8","shape":[9],"data_offsets":[0,8]}}"#
        let message = try #require(refusal { _ = try read(header, dataCount: 8) }?.message)
        #expect(!message.contains("\u{1B}"))
        #expect(message.contains(#"\u{1b}[31m"#))
    }
}
