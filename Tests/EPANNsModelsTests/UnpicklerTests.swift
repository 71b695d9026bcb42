import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation
import Testing

/// Hand-made pickles, hostile and odd, inside the legacy stream.
@Suite struct UnpicklerTests {
    /// A legacy stream around an object's pickle, with one storage "0" of eight floats 0…7 unless told otherwise.
    private func stream(_ object: [UInt8], keys: [UInt8] = Asm.list([Asm.text("0")]), count: Int64 = 8) -> [UInt8] {
        var bytes: [UInt8] = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]
        bytes += [0x80, 2, 0x4D, 0xE9, 3, 0x2E]
        bytes += Asm.pickle(Asm.dictionary([(Asm.text("little_endian"), [0x88])]))
        bytes += Asm.pickle(object) + Asm.pickle(keys)
        bytes += withUnsafeBytes(of: count.littleEndian, Array.init)
        for value in 0..<8 { bytes += withUnsafeBytes(of: Float(value).bitPattern.littleEndian, Array.init) }
        return bytes
    }

    private func read(_ object: [UInt8]) throws -> Checkpoint {
        try Checkpoint.read(bytes: stream(object), name: "stream")
    }

    private func tensor(
        offset: Int32 = 0, shape: [Int32] = [8], strides: [Int32] = [1], type: String = "FloatStorage", count: Int32 = 8
    ) -> [UInt8] {
        let id = Asm.tuple([
            Asm.text("storage"), Asm.global("torch", type), Asm.text("0"), Asm.text("cpu"), Asm.int(count),
        ])
        return Asm.global("torch._utils", "_rebuild_tensor")
            + Asm.tuple([
                id + [0x51], Asm.int(offset), Asm.tuple(shape.map(Asm.int)), Asm.tuple(strides.map(Asm.int)),
            ]) + [0x52]
    }

    private func single(_ value: [UInt8]) -> [UInt8] { Asm.dictionary([(Asm.text("a"), value)]) }

    @Test func theHandMadeStreamIsReadable() throws {
        let checkpoint = try read(single(tensor(offset: 1, shape: [3, 2], strides: [2, 1])))
        #expect(checkpoint.tensors["a"]?.floats == [1, 2, 3, 4, 5, 6])
        #expect(checkpoint.format == .pyTorchLegacy)
    }

    @Test func theOrderedDictionaryOfPython2IsReadable() throws {
        let pairs = Asm.list([
            Asm.list([Asm.text("b"), tensor()]), Asm.tuple([Asm.text("a"), tensor(offset: 4, shape: [2])]),
        ])
        let object = Asm.global("collections", "OrderedDict") + Asm.tuple([pairs]) + [0x52]
        let checkpoint = try read(object)
        #expect(checkpoint.order == ["b", "a"])
        #expect(checkpoint.tensors["a"]?.floats == [4, 5])
    }

    @Test func theLastOfTwoEqualKeysCounts() throws {
        let object = Asm.dictionary([(Asm.text("a"), tensor()), (Asm.text("a"), tensor(offset: 7, shape: [1]))])
        let checkpoint = try read(object)
        #expect(checkpoint.order == ["a"])
        #expect(checkpoint.tensors["a"]?.floats == [7])
    }

    @Test func everyWidthOfIntegerIsRead() throws {
        let values: [(String, [UInt8], String)] = [
            ("int1", [0x4B, 200], "200"), ("int2", [0x4D, 0xFF, 0xFF], "65535"),
            ("int4", [0x4A, 0xFE, 0xFF, 0xFF, 0xFF], "-2"), ("long0", [0x8A, 0], "0"),
            ("long1", [0x8A, 1, 0xFF], "-1"),
            ("long2", [0x8A, 2, 0xFF, 0x00], "255"),
            ("long8", [0x8A, 8, 0, 0, 0, 0, 0, 0, 0, 0x80], "-9223372036854775808"),
            ("float", [0x47, 0xBF, 0xF8, 0, 0, 0, 0, 0, 0], "-1.5"),
        ]
        let entries = values.map { (Asm.text($0.0), $0.1) }
        let checkpoint = try read(Asm.dictionary(entries + [(Asm.text("a"), tensor())]))
        for (name, _, text) in values { #expect(checkpoint.metadata[name] == text) }
    }

    @Test(arguments: [
        ("os", "system"), ("builtins", "eval"), ("__builtin__", "exec"), ("torch", "load"), ("collections", "deque"),
        ("numpy", "load"), ("torch._utils ", "_rebuild_tensor"), ("", ""), ("torch.nn", "Module"),
    ])
    func codeIsRefusedWithItsName(_ module: String, _ name: String) throws {
        let calls = [
            Asm.global(module, name) + Asm.tuple([Asm.text("x")]) + [0x52],
            Asm.text(module) + Asm.text(name) + [0x93] + Asm.tuple([Asm.text("x")]) + [0x81],
        ]
        for call in calls {
            let error = refusal { _ = try read(Asm.dictionary([(Asm.text("a"), tensor()), (Asm.text("b"), call)])) }
            #expect(error?.code == .invalidCheckpoint)
            #expect(error?.message.contains("\(module).\(name)") == true)
            #expect(error?.message.contains("refused") == true)
        }
    }

    @Test func tensorsOutsideTheirStorageAreErrors() throws {
        let bad = [
            tensor(offset: 1), tensor(offset: -1), tensor(shape: [9]), tensor(shape: [-8]), tensor(strides: [2]),
            tensor(strides: [-1]), tensor(shape: [4, 2], strides: [2]), tensor(count: 9), tensor(count: 7),
            tensor(count: -8), tensor(type: "DoubleStorage"), tensor(shape: [.max, .max], strides: [.max, .max]),
            tensor(offset: .max),
            tensor(shape: [Int32](repeating: 1, count: 65), strides: [Int32](repeating: 1, count: 65)),
        ]
        for (index, tensor) in bad.enumerated() {
            #expect(refusal { _ = try read(single(tensor)) }?.code == .invalidCheckpoint, "case \(index)")
        }
    }

    /// A stride of 0 makes one element stand for any number of them.
    @Test func fewBytesCannotStandForTerabytes() throws {
        let huge = tensor(shape: [1 << 20, 1 << 20], strides: [0, 0])
        #expect(refusal { _ = try read(single(huge)) }?.message.contains("memory") == true)
        let many = (0..<2000).map { (Asm.text("a\($0)"), tensor(shape: [1 << 16], strides: [0])) }
        #expect(refusal { _ = try read(Asm.dictionary(many)) }?.message.contains("memory") == true)
        #expect(
            try read(single(tensor(shape: [100], strides: [0]))).tensors["a"]?.floats
                == [Float](repeating: 0, count: 100))
    }

    /// Values nest as deeply as a file likes; neither reading nor freeing them may recurse.
    @Test func deepNestingDoesNotExhaustTheStack() throws {
        let depth = 400_000
        // A list in a tuple in a tuple …, one opcode a level.
        let nested = [UInt8](repeating: 0x85, count: depth)
        let object = Asm.dictionary([(Asm.text("deep"), [0x5D] + nested), (Asm.text("a"), tensor())])
        let checkpoint = try read(object)
        #expect(checkpoint.ignoredEntries == ["deep"])
        #expect(checkpoint.tensors["a"]?.count == 8)
        let marks = [UInt8](repeating: 0x28, count: depth)
        #expect(refusal { _ = try read(marks) }?.message.contains("nested") == true)
    }

    @Test func aListThatHoldsItselfIsHarmless() throws {
        // EMPTY_LIST, BINPUT 0, BINGET 0, APPEND.
        let cycle: [UInt8] = [0x5D, 0x71, 0, 0x68, 0, 0x61]
        let checkpoint = try read(Asm.dictionary([(Asm.text("a"), tensor()), (Asm.text("cycle"), cycle)]))
        #expect(checkpoint.ignoredEntries == ["cycle"])
    }

    /// Doubling by reference ("billion laughs") costs a few values only, and real growth hits a limit.
    @Test func growthIsBounded() throws {
        var doubling: [UInt8] = [0x29]
        for _ in 0..<5000 { doubling += [0x32, 0x86] }
        #expect(try read(Asm.dictionary([(Asm.text("a"), tensor()), (Asm.text("b"), doubling)])).tensors.count == 1)
        let id = Asm.tuple([
            Asm.text("storage"), Asm.global("torch", "FloatStorage"), Asm.text("0"), Asm.text("cpu"), Asm.int(8),
        ])
        let eight = [id + [0x51], Asm.int(0), Asm.tuple([Asm.int(8)]), Asm.tuple([Asm.int(1)])]
        let thousandPairs = Asm.list([[UInt8]](repeating: [0x4E, 0x4E, 0x86], count: 1000))
        let cases: [(object: [UInt8], word: String)] = [
            ([UInt8](repeating: 0x4E, count: 1_100_000), "too many values"),
            ([UInt8](repeating: 0x5D, count: 1_100_000), "too many"),
            (repeated(Asm.global("collections", "OrderedDict"), [thousandPairs], 10_000), "too many elements"),
            (repeated(Asm.global("torch._utils", "_rebuild_tensor"), eight, 150_000), "more than 100000 tensors"),
        ]
        for (object, word) in cases {
            let error = refusal { _ = try read(object) }
            #expect(error?.code == .invalidCheckpoint)
            #expect(error?.message.contains(word) == true, "\(String(describing: error))")
        }
    }

    /// A function called again and again with the same arguments, six bytes a call.
    private func repeated(_ function: [UInt8], _ arguments: [[UInt8]], _ count: Int) -> [UInt8] {
        function + [0x71, 0, 0x30] + Asm.tuple(arguments) + [0x71, 1, 0x30]
            + [[UInt8]](repeating: [0x68, 0, 0x68, 1, 0x52, 0x30], count: count).flatMap { $0 }
    }

    @Test func malformedPicklesAreErrors() throws {
        let max8 = [UInt8](repeating: 0xFF, count: 8)
        let cases: [[UInt8]] = [
            [], [0x30], [0x61], [0x73], [0x75], [0x74], [0x65], [0x85], [0x52], [0x62], [0x51], [0x32], [0x93], [0x94],
            [0x68, 0], [0x6A, 0, 0, 0, 0], [0x71, 0], [0x31],
            // Sizes beyond the end, negative and overflowing.
            [0x8D] + max8, [0x8E] + max8, [0x96] + max8, [0x95] + max8, [0x58, 0xFF, 0xFF, 0xFF, 0xFF],
            [0x54, 0xFF, 0xFF, 0xFF, 0xFF], [0x8B, 0, 0, 0, 0x80], [0x8A, 255], [0x42, 0xFF, 0xFF, 0xFF, 0x7F],
            [0x8D, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
            // Keys without values, items of what is not a container, values left over, opcodes of other protocols.
            [0x7D, 0x28, 0x4E, 0x75], [0x4E, 0x4E, 0x4E, 0x73], [0x4E, 0x4E, 0x61], [0x4E, 0x4E], [0x49, 0x31, 0x0A],
            [0x7D, 0x4E, 0x52], [0x4E, 0x4E, 0x81], [0x4E, 0x4E, 0x62], [0x4E, 0x51], [0x29, 0x51], [0x28, 0x4E],
            // Text in no encoding.
            Asm.dictionary([([0x8C, 1, 0xFF], tensor())]), [0x63] + Array(repeating: 0x41, count: 2000),
            [0x63, 0xFF, 0x0A, 0x41, 0x0A],
            Asm.dictionary([(Asm.text(""), tensor())]),
            Asm.dictionary([(Asm.text(String(repeating: "n", count: 200)) + [], tensor(type: "X"))]),
        ]
        for (index, object) in cases.enumerated() {
            let error = refusal { _ = try read(object) }
            #expect(error?.code == .invalidCheckpoint, "case \(index): \(String(describing: error))")
        }
        for version: UInt8 in [1, 6] {
            let error = refusal {
                _ = try Checkpoint.read(bytes: [0x80, version] + [UInt8](repeating: 0x4E, count: 9), name: "f")
            }
            #expect(error?.code == .unsupportedFormat)
        }
    }

    @Test func theStorageListIsChecked() throws {
        let object = single(tensor())
        let cases: [(keys: [UInt8], count: Int64)] = [
            (Asm.list([]), 8), (Asm.list([Asm.text("1")]), 8), (Asm.list([Asm.text("0"), Asm.text("0")]), 8),
            (Asm.list([Asm.text("0")]), 7), (Asm.list([Asm.text("0")]), 9), (Asm.list([Asm.text("0")]), -1),
            (Asm.list([Asm.text("0")]), .max), ([0x4E], 8),
        ]
        for (keys, count) in cases {
            let error = refusal { _ = try Checkpoint.read(bytes: stream(object, keys: keys, count: count), name: "f") }
            #expect(error?.code == .invalidCheckpoint, "\(keys), \(count)")
        }
    }
}

/// Assembles pickles of protocol 2.
private enum Asm {
    static func pickle(_ body: [UInt8]) -> [UInt8] { [0x80, 2] + body + [0x2E] }

    static func text(_ text: String) -> [UInt8] {
        [0x58] + withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian, Array.init) + Array(text.utf8)
    }

    static func int(_ value: Int32) -> [UInt8] { [0x4A] + withUnsafeBytes(of: value.littleEndian, Array.init) }

    static func global(_ module: String, _ name: String) -> [UInt8] { [0x63] + Array("\(module)\n\(name)\n".utf8) }

    static func tuple(_ values: [[UInt8]]) -> [UInt8] { [0x28] + values.flatMap { $0 } + [0x74] }

    static func list(_ values: [[UInt8]]) -> [UInt8] { [0x5D, 0x28] + values.flatMap { $0 } + [0x65] }

    static func dictionary(_ pairs: [([UInt8], [UInt8])]) -> [UInt8] {
        [0x7D, 0x28] + pairs.flatMap { $0.0 + $0.1 } + [0x75]
    }
}
