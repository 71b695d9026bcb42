import EPANNsCore
import EPANNsGraph

/// Reads a pickle as data: a closed set of opcodes and names, and no code run.
///
/// The machine of Python's `pickle` module with everything left out that a state dict does not need. It has no
/// recursion; stack, memo and containers are bounded, and each opcode takes constant time per byte it reads or
/// element it moves.
///
/// Source: SPEC §3.4; opcodes as in Python's `pickletools`. Tests: `UnpicklerTests`, `CheckpointFuzzTests`.
struct Unpickler {
    /// Bounds far above any real checkpoint; a list of a million numbers in a sampler's state still fits.
    enum Limits {
        static let stack = 1 << 20
        static let marks = 1 << 14
        static let memo = 1 << 20
        static let containers = 1 << 20
        /// Elements of all containers together.
        static let elements = 1 << 22
        /// Bytes of a module's or function's name.
        static let name = 512
    }

    let source: CheckpointSource
    var cursor: ByteCursor
    var heap: PickleHeap
    private var stack: [PickleValue] = []
    /// Stack heights at the open marks.
    private var marks: [Int] = []
    private var memo: [UInt32: PickleValue] = [:]
    private var elements = 0
    private var hasProtocol = false

    /// Reads one pickle and leaves the cursor behind its end.
    ///
    /// - Throws: `EPANNsError` with code `invalidCheckpoint` when the pickle is damaged, too large or asks for code,
    ///   `unsupportedFormat` when it holds kinds of tensors that are not supported.
    static func load(_ cursor: inout ByteCursor) throws -> Pickle {
        var unpickler = Unpickler(cursor)
        let root = try unpickler.run()
        cursor = unpickler.cursor
        return Pickle(root: root, heap: unpickler.heap)
    }

    private init(_ cursor: ByteCursor) {
        self.cursor = cursor
        source = cursor.source
        heap = PickleHeap(source: cursor.source)
    }

    private mutating func run() throws -> PickleValue {
        while true {
            let position = cursor.position
            let code = try cursor.read(UInt8.self)
            guard let opcode = PickleOpcode(rawValue: code) else {
                throw source.damaged(
                    "Its pickle has the opcode 0x\(String(code, radix: 16)) at byte \(position), which no checkpoint has."
                )
            }
            guard hasProtocol || opcode == .proto else {
                throw source.damaged("Its pickle at byte \(position) does not start with a protocol number.")
            }
            if opcode == .stop {
                let value = try pop()
                guard stack.isEmpty, marks.isEmpty else {
                    throw source.damaged("Its pickle ends with values left over.")
                }
                return value
            }
            try execute(opcode)
        }
    }

    private mutating func execute(_ opcode: PickleOpcode) throws {
        switch opcode {
        case .proto:
            let version = try cursor.read(UInt8.self)
            guard (2...5).contains(version) else {
                throw source.unsupported("It uses pickle protocol \(version); 2 to 5 are supported. Save it again.")
            }
            hasProtocol = true
        case .frame:
            // Frames only group bytes for buffered reading.
            let size = try cursor.readSize()
            guard size <= cursor.remaining else {
                throw source.damaged("A pickle frame of \(size.counted("byte")) is cut off.")
            }
        case .stop: preconditionFailure("handled by the caller")

        case .none: try push(.none)
        case .newTrue: try push(.bool(true))
        case .newFalse: try push(.bool(false))
        case .binInt: try push(.integer(Int(try cursor.read(Int32.self))))
        case .binInt1: try push(.integer(Int(try cursor.read(UInt8.self))))
        case .binInt2: try push(.integer(Int(try cursor.read(UInt16.self))))
        case .long1: try pushLong(size: Int(try cursor.read(UInt8.self)))
        case .long4: try pushLong(size: Int(try cursor.read(Int32.self)))
        case .binFloat: try push(.float(Double(bitPattern: try cursor.read(UInt64.self).byteSwapped)))

        case .shortBinUnicode: try push(.text(try cursor.take(Int(try cursor.read(UInt8.self)))))
        case .binUnicode: try push(.text(try cursor.take(Int(try cursor.read(UInt32.self)))))
        case .binUnicode8: try push(.text(try cursor.take(try cursor.readSize())))
        // Python 2 strings: names are ASCII, so text; nobody looks at others.
        case .shortBinString: try push(.text(try cursor.take(Int(try cursor.read(UInt8.self)))))
        case .binString: try push(.text(try cursor.take(Int(try cursor.read(Int32.self)))))
        case .shortBinBytes: try push(.bytes(try cursor.take(Int(try cursor.read(UInt8.self)))))
        case .binBytes: try push(.bytes(try cursor.take(Int(try cursor.read(UInt32.self)))))
        case .binBytes8, .byteArray8: try push(.bytes(try cursor.take(try cursor.readSize())))

        case .emptyDictionary: try push(.dictionary(try newDictionary([])))
        case .emptyList: try push(.list(try newList([])))
        case .emptyTuple: try push(.tuple(try newList([])))
        case .emptySet: try push(.opaque)
        case .tuple: try push(.tuple(try newList(try popToMark())))
        case .tuple1: try pushTuple(1)
        case .tuple2: try pushTuple(2)
        case .tuple3: try pushTuple(3)
        case .frozenSet:
            _ = try popToMark()
            try push(.opaque)
        case .append: try append([try pop()])
        case .appends: try append(try popToMark())
        case .setItem:
            let value = try pop()
            try setItems([try pop(), value])
        case .setItems: try setItems(try popToMark())
        case .addItems:
            _ = try popToMark()
            guard case .opaque = try top() else { throw source.damaged("Its pickle adds to what is not a set.") }

        case .mark:
            guard marks.count < Limits.marks else { throw source.damaged("Its pickle is nested too deeply.") }
            marks.append(stack.count)
        case .pop:
            // Pops the mark when nothing lies above it.
            if let mark = marks.last, mark == stack.count { marks.removeLast() } else { _ = try pop() }
        case .popMark: _ = try popToMark()
        case .duplicate: try push(try top())

        case .binGet: try get(UInt32(try cursor.read(UInt8.self)))
        case .longBinGet: try get(try cursor.read(UInt32.self))
        case .binPut: try put(UInt32(try cursor.read(UInt8.self)))
        case .longBinPut: try put(try cursor.read(UInt32.self))
        case .memoize: try put(UInt32(memo.count))

        case .global:
            let module = try line()
            try push(.global(try global(module: module, name: try line())))
        case .stackGlobal:
            guard let name = try heap.text(try pop()), let module = try heap.text(try pop()) else {
                throw source.damaged("Its pickle names a function by what is not text.")
            }
            try push(.global(try global(module: module, name: name)))
        case .reduce, .newObject:
            let arguments = try pop()
            try push(try call(try pop(), arguments))
        case .build:
            let state = try pop()
            try build(try top(), state)
        case .binPersistentID: try push(try persistentObject(try pop()))
        }
    }

    // MARK: Stack

    private mutating func push(_ value: PickleValue) throws {
        guard stack.count < Limits.stack else { throw source.damaged("Its pickle holds too many values at once.") }
        stack.append(value)
    }

    private mutating func pop() throws -> PickleValue {
        guard stack.count > (marks.last ?? 0), let value = stack.popLast() else {
            throw source.damaged("Its pickle takes a value that is not there, before byte \(cursor.position).")
        }
        return value
    }

    private func top() throws -> PickleValue {
        guard stack.count > (marks.last ?? 0), let value = stack.last else {
            throw source.damaged("Its pickle takes a value that is not there, before byte \(cursor.position).")
        }
        return value
    }

    private mutating func popToMark() throws -> [PickleValue] {
        guard let mark = marks.popLast() else { throw source.damaged("Its pickle lacks a mark.") }
        let values = Array(stack[mark...])
        stack.removeSubrange(mark...)
        return values
    }

    private mutating func put(_ key: UInt32) throws {
        guard memo.count < Limits.memo else { throw source.damaged("Its pickle remembers too many values.") }
        memo[key] = try top()
    }

    private mutating func get(_ key: UInt32) throws {
        guard let value = memo[key] else {
            throw source.damaged("Its pickle recalls value \(key), which is not there.")
        }
        try push(value)
    }

    // MARK: Containers

    mutating func newList(_ values: [PickleValue]) throws -> Int {
        try countElements(values.count)
        try checkContainers()
        heap.lists.append(values)
        return heap.lists.count - 1
    }

    mutating func newDictionary(_ pairs: [(key: PickleValue, value: PickleValue)]) throws -> Int {
        try countElements(pairs.count)
        try checkContainers()
        heap.dictionaries.append(pairs)
        return heap.dictionaries.count - 1
    }

    private func checkContainers() throws {
        guard heap.lists.count + heap.dictionaries.count < Limits.containers else {
            throw source.damaged("Its pickle holds too many lists and dictionaries.")
        }
    }

    private mutating func countElements(_ count: Int) throws {
        elements += count
        guard elements <= Limits.elements else { throw source.damaged("Its pickle holds too many elements.") }
    }

    private mutating func pushTuple(_ count: Int) throws {
        var values: [PickleValue] = []
        for _ in 0..<count { values.append(try pop()) }
        try push(.tuple(try newList(values.reversed())))
    }

    private mutating func append(_ values: [PickleValue]) throws {
        switch try top() {
        case .list(let list):
            try countElements(values.count)
            heap.lists[list].append(contentsOf: values)
        case .opaque: break
        default: throw source.damaged("Its pickle appends to what is not a list.")
        }
    }

    private mutating func setItems(_ values: [PickleValue]) throws {
        guard case .dictionary(let dictionary) = try top(), values.count % 2 == 0 else {
            throw source.damaged("Its pickle sets items of what is not a dictionary, or keys without values.")
        }
        try countElements(values.count)
        for index in stride(from: 0, to: values.count, by: 2) {
            heap.dictionaries[dictionary].append((values[index], values[index + 1]))
        }
    }

    // MARK: Literals

    private mutating func pushLong(size: Int) throws {
        let range = try cursor.take(size)
        guard size <= 8 else { return try push(.bigInteger(range)) }
        var value: UInt64 = 0
        for (index, position) in range.enumerated() { value |= UInt64(cursor.bytes[position]) << (8 * UInt64(index)) }
        // Two's complement: extend the sign from the last byte there is.
        let unused = 64 - 8 * UInt64(size)
        try push(.integer(size == 0 ? 0 : Int(Int64(bitPattern: value << unused) >> Int64(unused))))
    }

    private mutating func line() throws -> String {
        let start = cursor.position
        while try cursor.read(UInt8.self) != 0x0A {
            guard cursor.position - start <= Limits.name else { throw source.damaged("A function's name never ends.") }
        }
        guard let text = String(validating: cursor.bytes[start..<cursor.position - 1], as: UTF8.self) else {
            throw source.damaged("A function's name at byte \(start) is not UTF-8.")
        }
        return text
    }

    private func global(module: String, name: String) throws -> PickleGlobal {
        if let global = PickleGlobal.find(module: module, name: name) { return global }
        let full = "\(module).\(name)"
        if PickleGlobal.isUnsupportedTensor(module: module, name: name) {
            throw source.unsupported(
                "It holds a kind of tensor that is not supported: \(full.quoted). "
                    + "Convert the weights to ordinary tensors in PyTorch and save them again.")
        }
        throw EPANNsError(
            .invalidCheckpoint,
            "\(source.name.quoted): The file asks for the Python code \(full.quoted) to be run, which is refused. "
                + "If you trust the file, load it in Python and save only the weights, with "
                + "`torch.save(model.state_dict(), …)` or as safetensors.")
    }
}
