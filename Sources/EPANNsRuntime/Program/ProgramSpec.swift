import COneDNN

/// Where an argument's memory is.
enum Place {
    /// A region of the arena, by index into the program's buffers.
    case buffer(Int)
    /// A packed constant.
    case constant(PackedTensor)
    /// A master weight, by slot.
    case weight(Int)
    /// A weight's gradient, by slot.
    case gradient(Int)
    /// Memory that outlives the program: running statistics, tensors that are only read once.
    case fixed(UnsafeMutableRawPointer?)
}

/// One argument of a primitive.
struct Argument {
    /// One of oneDNN's argument numbers, such as `DNNL_ARG_SRC`.
    var index: Int32
    var place: Place
    var layout: MemoryDescriptor
}

/// One step of a program, forward or backward.
struct ProgramStep {
    enum Work {
        case primitive(Primitive, [Argument])
        case kernel((KernelContext) throws -> Void)
    }

    /// The graph node that the step ends with, for reports.
    var name: String
    var work: Work

    /// oneDNN's implementation, or that it is a kernel of ours.
    var implementation: String {
        switch work {
        case .primitive(let primitive, _): primitive.implementation
        case .kernel: "kernel"
        }
    }

    var scratchpadByteCount: Int {
        switch work {
        case .primitive(let primitive, _): primitive.scratchpad?.byteCount ?? 0
        case .kernel: 0
        }
    }
}

/// What a kernel of ours gets to see of a run.
package struct KernelContext {
    let arena: UnsafeMutableRawPointer
    let offsets: [Int]
    /// The threads to work on.
    package let team: Team

    func bytes(_ buffer: Int) -> UnsafeMutableRawPointer { arena + offsets[buffer] }

    /// A buffer's Float32 elements.
    package func floats(_ buffer: Int) -> UnsafeMutablePointer<Float> {
        bytes(buffer).assumingMemoryBound(to: Float.self)
    }

    /// The bits of a buffer's bfloat16 elements.
    package func bfloats(_ buffer: Int) -> UnsafeMutablePointer<UInt16> {
        bytes(buffer).assumingMemoryBound(to: UInt16.self)
    }
}

/// The steps of a program and the memory that they need, before any is there.
///
/// Shared by all programs that run the same steps side by side: primitives and layouts are immutable, and a kernel that
/// holds on to more (a training step's data) belongs to a single program.
package struct ProgramSpec: @unchecked Sendable {
    let steps: [ProgramStep]
    let offsets: [Int]
    /// Bytes of intermediate results.
    package let arenaByteCount: Int
    /// Bytes that the primitives work in.
    package let scratchpadByteCount: Int

    init(steps: [ProgramStep], buffers: [PlanBuffer]) {
        self.steps = steps
        let placement = BufferPlanner.place(buffers)
        offsets = placement.offsets
        arenaByteCount = placement.byteCount
        scratchpadByteCount = steps.map(\.scratchpadByteCount).max() ?? 0
    }

    /// Name of each step and what runs it.
    package var implementations: [(name: String, implementation: String)] {
        steps.map { ($0.name, $0.implementation) }
    }
}
