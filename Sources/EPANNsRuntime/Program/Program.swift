import COneDNN
import EPANNsCore

/// Steps bound to memory: primitives and kernels of ours, their arena, scratchpad and stream.
///
/// Used by one thread at a time; inference keeps a pool of programs of one ``ProgramSpec``.
package final class Program: @unchecked Sendable {
    private enum BoundStep {
        case primitive(Primitive, [dnnl_exec_arg_t])
        case kernel((KernelContext) throws -> Void)
    }

    private let spec: ProgramSpec
    private let threads: Int?
    private let arena: UnsafeMutableRawBufferPointer
    private let scratchpad: UnsafeMutableRawBufferPointer
    private let stream: dnnl_stream_t
    private let context: KernelContext
    private var memories: [dnnl_memory_t] = []
    private var steps: [BoundStep] = []

    /// Allocates and binds.
    ///
    /// - Parameters:
    ///   - spec: The steps.
    ///   - threads: Threads of a run; nil for those that the calling thread has.
    ///   - store: Master weights and gradients, where the steps have some; their memory must be there.
    /// - Throws: `EPANNsError` with code `backendFailure`.
    package init(_ spec: ProgramSpec, threads: Int? = nil, store: ParameterStore? = nil) throws {
        let engine = try Engine.cpu()
        stream = try made("dnnl_stream_create") {
            dnnl_stream_create(&$0, engine.handle, UInt32(dnnl_stream_default_flags.rawValue))
        }
        self.spec = spec
        self.threads = threads
        // Layouts with padded channels rely on the padding being finite; oneDNN writes it, but never reads it first.
        arena = .allocate(byteCount: max(spec.arenaByteCount, 64), alignment: 64)
        scratchpad = .allocate(byteCount: max(spec.scratchpadByteCount, 64), alignment: 64)
        guard let base = arena.baseAddress else { preconditionFailure("the arena is never empty") }
        context = KernelContext(arena: base, offsets: spec.offsets, team: Team(threads: threads ?? 1))
        steps.reserveCapacity(spec.steps.count)
        for step in spec.steps {
            switch step.work {
            case .kernel(let body): steps.append(.kernel(body))
            case .primitive(let primitive, let arguments):
                var bound = try arguments.map { argument in
                    try bind(argument.index, argument.layout, address(argument.place, store), engine)
                }
                if let layout = primitive.scratchpad {
                    bound.append(try bind(DNNL_ARG_SCRATCHPAD, layout, scratchpad.baseAddress, engine))
                }
                steps.append(.primitive(primitive, bound))
            }
        }
    }

    deinit {
        for memory in memories { dnnl_memory_destroy(memory) }
        dnnl_stream_destroy(stream)
        arena.deallocate()
        scratchpad.deallocate()
    }

    private func address(_ place: Place, _ store: ParameterStore?) -> UnsafeMutableRawPointer? {
        switch place {
        case .buffer(let index): context.bytes(index)
        case .constant(let tensor): tensor.bytes.baseAddress
        case .weight(let slot): store?.address(of: slot, in: \.weights)
        case .gradient(let slot): store?.address(of: slot, in: \.gradients)
        case .fixed(let address): address
        }
    }

    private func bind(
        _ index: Int32, _ layout: MemoryDescriptor, _ address: UnsafeMutableRawPointer?, _ engine: Engine
    ) throws -> dnnl_exec_arg_t {
        let memory = try made("dnnl_memory_create") {
            onednn_memory_create(&$0, layout.handle, engine.handle, address)
        }
        memories.append(memory)
        return dnnl_exec_arg_t(arg: index, memory: memory)
    }

    /// The elements of a buffer.
    package func floats(_ buffer: Int, count: Int) -> UnsafeMutableBufferPointer<Float> {
        UnsafeMutableBufferPointer(start: context.floats(buffer), count: count)
    }

    /// Runs all steps.
    package func run() throws {
        takeThreads()
        for step in steps { try execute(step) }
        try wait()
    }

    /// Runs the steps one at a time and tells how long each took.
    package func profile() throws -> [(name: String, implementation: String, time: Duration)] {
        takeThreads()
        let clock = ContinuousClock()
        return try zip(spec.steps, steps).map { step, bound in
            let time = try clock.measure {
                try execute(bound)
                try wait()
            }
            return (step.name, step.implementation, time)
        }
    }

    private func takeThreads() {
        // Swift's tasks change threads between calls.
        if let threads { OneDNNThreads.take(threads) }
    }

    private func execute(_ step: BoundStep) throws {
        switch step {
        case .primitive(let primitive, let arguments):
            try arguments.withUnsafeBufferPointer { try primitive.execute(stream, $0) }
        case .kernel(let body): try body(context)
        }
    }

    private func wait() throws { try check(dnnl_stream_wait(stream), "dnnl_stream_wait") }

    /// Copies elements from one layout to another, once.
    static func reorder(
        _ name: String, from source: MemoryDescriptor, _ sourceAddress: UnsafeMutableRawPointer?,
        to target: MemoryDescriptor, _ targetAddress: UnsafeMutableRawPointer?
    ) throws {
        let primitive = try Primitive.reorder(name, from: source, to: target)
        let step = ProgramStep(
            name: name,
            work: .primitive(
                primitive,
                [
                    Argument(index: DNNL_ARG_FROM, place: .fixed(sourceAddress), layout: source),
                    Argument(index: DNNL_ARG_TO, place: .fixed(targetAddress), layout: target),
                ]))
        try Program(ProgramSpec(steps: [step], buffers: [])).run()
    }
}
