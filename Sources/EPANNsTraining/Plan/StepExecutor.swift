import COneDNN
import EPANNsCore
import EPANNsGraph
import EPANNsRuntime

/// Binds primitives to memory and runs them on one stream.
final class StepExecutor {
    private let engine: Engine
    private let stream: dnnl_stream_t
    private let scratchpad: UnsafeMutableRawBufferPointer
    private var memories: [dnnl_memory_t] = []
    private var bound: [(primitive: Primitive, arguments: [dnnl_exec_arg_t])] = []

    init(scratchpadByteCount: Int) throws {
        engine = try Engine.cpu()
        var stream: dnnl_stream_t?
        try check(
            dnnl_stream_create(&stream, engine.handle, UInt32(dnnl_stream_default_flags.rawValue)),
            "dnnl_stream_create")
        guard let stream else { throw EPANNsError(.backendFailure, "oneDNN gave no stream.") }
        self.stream = stream
        scratchpad = .allocate(byteCount: max(scratchpadByteCount, 64), alignment: 64)
    }

    deinit {
        for memory in memories { dnnl_memory_destroy(memory) }
        dnnl_stream_destroy(stream)
        scratchpad.deallocate()
    }

    /// Prepares a primitive.
    ///
    /// - Returns: Its number, for ``execute(_:)``.
    @discardableResult
    func bind(
        _ primitive: Primitive,
        _ arguments: [(index: Int32, layout: MemoryDescriptor, address: UnsafeMutableRawPointer?)]
    ) throws -> Int {
        var list = try arguments.map { try memory($0.index, $0.layout, $0.address) }
        if let layout = primitive.scratchpad {
            list.append(try memory(DNNL_ARG_SCRATCHPAD, layout, scratchpad.baseAddress))
        }
        bound.append((primitive, list))
        return bound.count - 1
    }

    private func memory(
        _ index: Int32, _ layout: MemoryDescriptor, _ address: UnsafeMutableRawPointer?
    ) throws -> dnnl_exec_arg_t {
        var memory: dnnl_memory_t?
        try check(onednn_memory_create(&memory, layout.handle, engine.handle, address), "dnnl_memory_create")
        guard let memory else { throw EPANNsError(.backendFailure, "oneDNN gave no memory object.") }
        memories.append(memory)
        return dnnl_exec_arg_t(arg: index, memory: memory)
    }

    func execute(_ number: Int) throws {
        let (primitive, arguments) = bound[number]
        try arguments.withUnsafeBufferPointer { try primitive.execute(stream, $0) }
    }

    func wait() throws { try check(dnnl_stream_wait(stream), "dnnl_stream_wait") }
}
