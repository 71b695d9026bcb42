import COneDNN
import EPANNsCore
import EPANNsGraph

/// The memory of one run of a plan: intermediate results, scratchpad, oneDNN's handles.
///
/// Used by one thread at a time;
/// a plan keeps a pool of them.
final class Workspace: @unchecked Sendable {
    let arena: UnsafeMutableRawBufferPointer
    let offsets: [Int]
    private let scratchpad: UnsafeMutableRawBufferPointer
    private let stream: dnnl_stream_t
    private var memories: [dnnl_memory_t] = []
    private var arguments: [[dnnl_exec_arg_t]] = []

    init(steps: [PlanStep], offsets: [Int], arenaByteCount: Int, scratchpadByteCount: Int) throws {
        let engine = try Engine.cpu()
        var stream: dnnl_stream_t?
        let flags = UInt32(dnnl_stream_default_flags.rawValue)
        try check(dnnl_stream_create(&stream, engine.handle, flags), "dnnl_stream_create")
        guard let stream else { throw EPANNsError(.backendFailure, "oneDNN gave no stream.") }
        self.stream = stream
        self.offsets = offsets
        arena = .allocate(byteCount: max(arenaByteCount, 64), alignment: 64)
        scratchpad = .allocate(byteCount: max(scratchpadByteCount, 64), alignment: 64)
        // Layouts with padded channels rely on the padding being finite; oneDNN writes it, but never reads it first.
        arguments.reserveCapacity(steps.count)
        for step in steps {
            var list: [dnnl_exec_arg_t] = []
            for argument in step.arguments {
                let address: UnsafeMutableRawPointer? =
                    switch argument.source {
                    case .buffer(let index): arena.baseAddress?.advanced(by: offsets[index])
                    case .constant(let tensor): tensor.bytes.baseAddress
                    }
                list.append(try bind(argument.index, argument.layout, address, engine))
            }
            if let layout = step.primitive.scratchpad {
                list.append(try bind(DNNL_ARG_SCRATCHPAD, layout, scratchpad.baseAddress, engine))
            }
            arguments.append(list)
        }
    }

    deinit {
        for memory in memories { dnnl_memory_destroy(memory) }
        dnnl_stream_destroy(stream)
        arena.deallocate()
        scratchpad.deallocate()
    }

    private func bind(
        _ index: Int32, _ layout: MemoryDescriptor, _ address: UnsafeMutableRawPointer?, _ engine: Engine
    ) throws -> dnnl_exec_arg_t {
        var memory: dnnl_memory_t?
        try check(onednn_memory_create(&memory, layout.handle, engine.handle, address), "dnnl_memory_create")
        guard let memory else { throw EPANNsError(.backendFailure, "oneDNN gave no memory object.") }
        memories.append(memory)
        return dnnl_exec_arg_t(arg: index, memory: memory)
    }

    func floats(_ buffer: Int, count: Int) -> UnsafeMutableBufferPointer<Float> {
        let bytes = UnsafeMutableRawBufferPointer(rebasing: arena[offsets[buffer]..<offsets[buffer] + count * 4])
        return bytes.bindMemory(to: Float.self)
    }

    func execute(_ steps: [PlanStep]) throws {
        for (step, list) in zip(steps, arguments) {
            try list.withUnsafeBufferPointer { try step.primitive.execute(stream, $0) }
        }
        try check(dnnl_stream_wait(stream), "dnnl_stream_wait")
    }

    /// Runs steps one at a time and tells how long each took.
    func profile(_ steps: [PlanStep], _ report: (PlanStep, Duration) -> Void) throws {
        let clock = ContinuousClock()
        for (step, list) in zip(steps, arguments) {
            let time = try clock.measure {
                try list.withUnsafeBufferPointer { try step.primitive.execute(stream, $0) }
                try check(dnnl_stream_wait(stream), "dnnl_stream_wait")
            }
            report(step, time)
        }
    }
}
