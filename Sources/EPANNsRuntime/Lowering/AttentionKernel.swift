import COneDNN
import EPANNsCore
import EPANNsGraph
import Synchronization

/// Attention by oneDNN's matrix products and softmax, one head and one block of queries at a time.
///
/// A thread holds the products of a block with all keys, never those of all queries: 1214 tokens of AST would take 71 MB a
/// layer. Rows of the source are `(clip, position)`, with queries, keys and values of all heads one after another.
struct AttentionKernel: @unchecked Sendable {
    /// Queries whose products with all keys are held at once: with AST's 1214 keys they fit into a core's cache.
    private static let largestBlock = 128

    private let batch: Int
    private let heads: Int
    private let width: Int
    private let positions: Int
    private let scale: Float
    private let block: Int
    /// By the number of rows of a block: of whole ones, and of the last.
    private let whole: Steps
    private let last: Steps

    /// What is computed of a block; immutable, run by several threads on memory of their own.
    private struct Steps {
        let rows: Int
        let softmax: Primitive
        let layout: MemoryDescriptor
        var half: HalfSteps?
    }

    /// bfloat16: two products, and the rounding between them.
    private struct HalfSteps {
        let products: Primitive
        let rounding: Primitive
        let sums: Primitive
        let query: MemoryDescriptor
        let key: MemoryDescriptor
        let power: MemoryDescriptor
        let value: MemoryDescriptor
        let sum: MemoryDescriptor
    }

    init(_ name: String, _ settings: Attention, batch: Int, positions: Int, isHalf: Bool) throws {
        self.batch = batch
        self.positions = positions
        heads = settings.heads
        width = settings.headWidth
        scale = settings.scale
        let count = (positions + Self.largestBlock - 1) / Self.largestBlock
        block = (positions + count - 1) / count
        // Each thread runs the primitives alone.
        let threads = onednn_thread_count()
        OneDNNThreads.take(1)
        defer { OneDNNThreads.take(Int(threads)) }
        let (width, scale) = (width, scale)
        func steps(_ rows: Int) throws -> Steps {
            let layout = try MemoryDescriptor.plain([rows, positions])
            let softmax = try Primitive("softmax of \(name)") { descriptor, engine, attribute in
                onednn_softmax_forward(&descriptor, engine, layout.handle, 1, attribute)
            }
            guard isHalf else { return Steps(rows: rows, softmax: softmax, layout: layout) }
            let query = try MemoryDescriptor.plain([rows, width], dnnl_bf16)
            let key = try MemoryDescriptor.plain([width, positions], dnnl_bf16)
            let power = try MemoryDescriptor.plain([rows, positions], dnnl_bf16)
            let value = try MemoryDescriptor.plain([positions, width], dnnl_bf16)
            let sum = try MemoryDescriptor.plain([rows, width], dnnl_bf16)
            let products = try Primitive("products of \(name)", postOps: [.scale(scale)]) {
                descriptor, engine, attribute in
                onednn_matmul(&descriptor, engine, query.handle, key.handle, layout.handle, attribute)
            }
            let sums = try Primitive("sums of \(name)") { descriptor, engine, attribute in
                onednn_matmul(&descriptor, engine, power.handle, value.handle, sum.handle, attribute)
            }
            let rounding = try Primitive.reorder("a rounding of \(name)", from: layout, to: power)
            return Steps(
                rows: rows, softmax: softmax, layout: layout,
                half: HalfSteps(
                    products: products, rounding: rounding, sums: sums, query: query, key: key, power: power,
                    value: value, sum: sum))
        }
        whole = try steps(block)
        let rest = positions - (count - 1) * block
        last = rest == block ? whole : try steps(rest)
    }

    private var blocks: Int { (positions + block - 1) / block }
    private var sourceStride: Int { 3 * heads * width }
    private var resultStride: Int { heads * width }

    // MARK: Forward

    /// `target` (batch · positions, heads · width) of `source` (batch · positions, 3 · heads · width), in the element type
    /// that the kernel was made for.
    func forward(_ team: Team, _ source: UnsafeMutableRawPointer, _ target: UnsafeMutableRawPointer) throws {
        if whole.half == nil {
            let (source, target) = (
                source.assumingMemoryBound(to: Float.self), target.assumingMemoryBound(to: Float.self)
            )
            try run(team, batch * heads * blocks) { range in
                let thread = try BlockThread([whole, last].map(\.softmax), floats: block * positions)
                for unit in range {
                    let (head, number) = unit.quotientAndRemainder(dividingBy: blocks)
                    let place = place(head)
                    try powers(thread, source + place.source, number)
                    let rows = steps(number).rows
                    try multiply(
                        "N", "N", rows, width, positions, thread.floats, positions,
                        source + place.source + 2 * heads * width, sourceStride,
                        target + place.result + number * block * resultStride, resultStride)
                }
            }
        } else {
            // Keys and values are arranged once for several blocks, but no thread should be without work.
            let parts = min(blocks, max(1, (2 * team.threads + batch * heads - 1) / (batch * heads)))
            try run(team, batch * heads * parts) { range in
                for unit in range {
                    let (head, part) = unit.quotientAndRemainder(dividingBy: parts)
                    try halfForward(
                        source.assumingMemoryBound(to: UInt16.self), target.assumingMemoryBound(to: UInt16.self), head,
                        blocks * part / parts..<blocks * (part + 1) / parts)
                }
            }
        }
    }

    private func halfForward(
        _ source: UnsafeMutablePointer<UInt16>, _ target: UnsafeMutablePointer<UInt16>, _ head: Int, _ range: Range<Int>
    ) throws {
        guard let half = whole.half, let lastHalf = last.half else { return }
        let thread = try BlockThread(
            [whole.softmax, last.softmax, half.products, half.sums, half.rounding, lastHalf.products, lastHalf.sums],
            floats: block * positions,
            halves: 2 * positions * width + block * positions + 2 * block * width)
        let place = place(head)
        let keys = thread.halves
        let values = keys + positions * width
        let power = values + positions * width
        let query = power + block * positions
        let sum = query + block * width
        let (first, step) = (source + place.source, sourceStride)
        for position in 0..<positions {
            let key = first + position * step + heads * width
            for channel in 0..<width { keys[channel * positions + position] = key[channel] }
            (values + position * width).update(from: key + heads * width, count: width)
        }
        for number in range {
            let steps = steps(number)
            guard let half = steps.half else { return }
            for row in 0..<steps.rows {
                (query + row * width).update(from: first + (number * block + row) * step, count: width)
            }
            try thread.run(
                half.products,
                [
                    BlockArgument(DNNL_ARG_SRC, half.query, query), BlockArgument(DNNL_ARG_WEIGHTS, half.key, keys),
                    BlockArgument(DNNL_ARG_DST, steps.layout, thread.floats),
                ])
            try thread.run(
                steps.softmax,
                [
                    BlockArgument(DNNL_ARG_SRC, steps.layout, thread.floats),
                    BlockArgument(DNNL_ARG_DST, steps.layout, thread.floats),
                ])
            try thread.run(
                half.rounding,
                [
                    BlockArgument(DNNL_ARG_FROM, steps.layout, thread.floats),
                    BlockArgument(DNNL_ARG_TO, half.power, power),
                ])
            try thread.run(
                half.sums,
                [
                    BlockArgument(DNNL_ARG_SRC, half.power, power), BlockArgument(DNNL_ARG_WEIGHTS, half.value, values),
                    BlockArgument(DNNL_ARG_DST, half.sum, sum),
                ])
            for row in 0..<steps.rows {
                (target + place.result + (number * block + row) * resultStride).update(
                    from: sum + row * width, count: width)
            }
        }
    }

    /// The softmax of a block's products with all keys, in the thread's memory.
    private func powers(_ thread: BlockThread, _ first: UnsafeMutablePointer<Float>, _ number: Int) throws {
        let steps = steps(number)
        try multiply(
            "N", "T", steps.rows, positions, width, first + number * block * sourceStride, sourceStride,
            first + heads * width, sourceStride, thread.floats, positions, factor: scale)
        try thread.run(
            steps.softmax,
            [
                BlockArgument(DNNL_ARG_SRC, steps.layout, thread.floats),
                BlockArgument(DNNL_ARG_DST, steps.layout, thread.floats),
            ])
    }

    // MARK: Backward

    /// The source's gradient, all of it, from the result's; in Float32.
    func backward(
        _ team: Team, _ source: UnsafeMutablePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
        _ difference: UnsafeMutablePointer<Float>
    ) throws {
        try run(team, batch * heads) { range in
            let size = block * positions
            let thread = try BlockThread([whole.softmax, last.softmax], floats: 2 * size)
            let (power, slope) = (thread.floats, thread.floats + size)
            for head in range {
                let place = place(head)
                let (query, outer) = (source + place.source, gradient + place.result)
                let (key, value) = (query + heads * width, query + 2 * heads * width)
                let queryDifference = difference + place.source
                for number in 0..<blocks {
                    let rows = steps(number).rows
                    let start = number * block
                    try powers(thread, query, number)
                    let own = outer + start * resultStride
                    let kept: Float = number == 0 ? 0 : 1
                    // dV += Pᵀ·dO, then dP = dO·Vᵀ.
                    try multiply(
                        "T", "N", positions, width, rows, power, positions, own, resultStride,
                        queryDifference + 2 * heads * width, sourceStride, kept: kept)
                    try multiply(
                        "N", "T", rows, positions, width, own, resultStride, value, sourceStride, slope, positions)
                    for row in 0..<rows {
                        let (p, s) = (power + row * positions, slope + row * positions)
                        var dot = 0.0
                        for entry in 0..<positions { dot += Double(p[entry]) * Double(s[entry]) }
                        for entry in 0..<positions { s[entry] = scale * p[entry] * (s[entry] - Float(dot)) }
                    }
                    // dQ = dS·K, dK += dSᵀ·Q.
                    try multiply(
                        "N", "N", rows, width, positions, slope, positions, key, sourceStride,
                        queryDifference + start * sourceStride, sourceStride)
                    try multiply(
                        "T", "N", positions, width, rows, slope, positions, query + start * sourceStride, sourceStride,
                        queryDifference + heads * width, sourceStride, kept: kept)
                }
            }
        }
    }

    // MARK: Pieces

    private func steps(_ number: Int) -> Steps { number == blocks - 1 ? last : whole }

    /// Where a head of a clip begins.
    private func place(_ head: Int) -> (source: Int, result: Int) {
        let (clip, head) = head.quotientAndRemainder(dividingBy: heads)
        let row = clip * positions
        return (row * sourceStride + head * width, row * resultStride + head * width)
    }

    private func multiply(
        _ first: Unicode.Scalar, _ second: Unicode.Scalar, _ rows: Int, _ columns: Int, _ depth: Int,
        _ a: UnsafePointer<Float>, _ aStride: Int, _ b: UnsafePointer<Float>, _ bStride: Int,
        _ c: UnsafeMutablePointer<Float>, _ cStride: Int, factor: Float = 1, kept: Float = 0
    ) throws {
        try check(
            dnnl_sgemm(
                CChar(truncatingIfNeeded: first.value), CChar(truncatingIfNeeded: second.value), Int64(rows),
                Int64(columns), Int64(depth), factor, a, Int64(aStride), b, Int64(bStride), kept, c, Int64(cStride)),
            "dnnl_sgemm")
    }

    /// Shares units among the threads; throws what one of them threw.
    private func run(_ team: Team, _ count: Int, _ body: (Range<Int>) throws -> Void) throws {
        let failure = Mutex<(any Error)?>(nil)
        team.run(count) { range in
            do { try body(range) } catch { failure.withLock { $0 = $0 ?? error } }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }
}

/// One argument of a primitive in a thread's memory.
private struct BlockArgument {
    let index: Int32
    let layout: MemoryDescriptor
    let address: UnsafeMutableRawPointer

    init(_ index: Int32, _ layout: MemoryDescriptor, _ address: UnsafeMutableRawPointer) {
        self.index = index
        self.layout = layout
        self.address = address
    }
}

/// What one thread works with: memory for a block, a scratchpad, and a stream.
private final class BlockThread {
    let floats: UnsafeMutablePointer<Float>
    let halves: UnsafeMutablePointer<UInt16>
    private let scratchpad: UnsafeMutableRawPointer
    private let stream: dnnl_stream_t

    init(_ primitives: [Primitive], floats: Int, halves: Int = 0) throws {
        let engine = try Engine.cpu()
        stream = try made("dnnl_stream_create") {
            dnnl_stream_create(&$0, engine.handle, UInt32(dnnl_stream_default_flags.rawValue))
        }
        func memory(_ byteCount: Int) -> UnsafeMutableRawPointer {
            .allocate(byteCount: max(64, byteCount), alignment: 64)
        }
        self.floats = memory(floats * 4).bindMemory(to: Float.self, capacity: max(16, floats))
        self.halves = memory(halves * 2).bindMemory(to: UInt16.self, capacity: max(32, halves))
        scratchpad = memory(primitives.map { $0.scratchpad?.byteCount ?? 0 }.max() ?? 0)
    }

    deinit {
        floats.deallocate()
        halves.deallocate()
        scratchpad.deallocate()
        dnnl_stream_destroy(stream)
    }

    func run(_ primitive: Primitive, _ arguments: [BlockArgument]) throws {
        let engine = try Engine.cpu()
        var memories: [dnnl_memory_t] = []
        defer { for memory in memories { dnnl_memory_destroy(memory) } }
        var arguments = arguments
        if let layout = primitive.scratchpad {
            arguments.append(BlockArgument(DNNL_ARG_SCRATCHPAD, layout, scratchpad))
        }
        let bound = try arguments.map { argument in
            let memory = try made("dnnl_memory_create") {
                onednn_memory_create(&$0, argument.layout.handle, engine.handle, argument.address)
            }
            memories.append(memory)
            return dnnl_exec_arg_t(arg: argument.index, memory: memory)
        }
        try bound.withUnsafeBufferPointer { try primitive.execute(stream, $0) }
    }
}
