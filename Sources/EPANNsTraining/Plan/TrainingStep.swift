import COneDNN
import EPANNsRuntime

/// Where an argument of a training step lies.
enum TrainingMemory: Hashable {
    /// A region of the arena, by index into the plan's buffers.
    case buffer(Int)
    /// A master weight, by slot.
    case weight(Int)
    /// A weight's gradient, by slot.
    case gradient(Int)
    /// Memory that outlives a step: running statistics.
    case fixed(UnsafeMutableRawPointer)
}

/// One argument of a primitive.
struct TrainingArgument {
    var index: Int32
    var memory: TrainingMemory
    var layout: MemoryDescriptor
}

/// One step of a training plan, forward or backward.
struct TrainingStep {
    enum Work {
        case primitive(Primitive, [TrainingArgument])
        /// A kernel of ours; it names the buffers that it touches, so that they are kept until then.
        case kernel(buffers: [Int], (KernelContext) throws -> Void)
    }

    /// The graph node, for reports.
    var name: String
    var work: Work
}

/// What a kernel of ours gets to see.
struct KernelContext {
    let arena: UnsafeMutableRawPointer
    let offsets: [Int]
    let store: ParameterStore
    let team: Team
    /// The step's data: targets, seed, iteration.
    let batch: TrainingStepInput

    func floats(_ buffer: Int) -> UnsafeMutablePointer<Float> {
        (arena + offsets[buffer]).assumingMemoryBound(to: Float.self)
    }

    func bfloats(_ buffer: Int) -> UnsafeMutablePointer<UInt16> {
        (arena + offsets[buffer]).assumingMemoryBound(to: UInt16.self)
    }
}
