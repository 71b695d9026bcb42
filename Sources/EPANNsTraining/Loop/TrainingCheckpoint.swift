import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsProcesses
import Foundation

/// All that a stopped run needs to go on as if it had not been stopped: weights, statistics, moments, the state of every
/// random generator, the best result.
struct TrainingCheckpoint {
    /// What is not a tensor.
    struct State: Codable {
        var version = 1
        /// Iterations done.
        var iteration: Int
        /// Steps of the optimiser.
        var optimizerSteps: Int
        /// Where the batches stand.
        var source: BatchSource.State
        /// The best value of the metric so far.
        var best: Double?
        /// SHA-256 of what fixes the trajectory: configuration without lengths and folders, data, network.
        var identity: String
        /// Threads of a step, on which the last digits depend; nil in files of before 0.2.
        var threads: Int?
        /// Processes of the run and the first one's cores, which the threads were chosen for; nil in older files.
        var processes: Int?
        var cores: Int?
        /// SHA-256 of the files of the initial model and the teacher; nil in older files.
        var models: [String: String]?
        /// Whether the last iteration is done and its test is not; absent otherwise.
        var isTestDue: Bool?
    }

    var state: State
    var tensors: [String: Tensor]

    /// Takes a snapshot.
    init(_ state: State, _ stepper: TrainingStepper) throws {
        self.state = state
        tensors = [:]
        for (name, tensor) in try stepper.plan.weights() { tensors["weights/" + name] = tensor }
        let store = stepper.plan.store
        for moment in stepper.optimizer.moments {
            for (index, slot) in store.slots.enumerated() where slot.isTrainable {
                tensors["\(moment.name)/\(slot.name)"] = Tensor(
                    shape: slot.shape, values: try store.values(index, in: moment.values))
            }
        }
    }

    func write(to path: String) throws {
        var all = tensors
        let bytes = [UInt8](try JSONEncoder().encode(state))
        // A tensor, because a sampler of two million clips is larger than a header may be.
        all["state"] = Tensor(
            shape: [bytes.count], dataType: .uint8,
            contiguous: TensorStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) })
        try SafetensorsWriter.write(all, metadata: ["epanns.checkpoint": "1"], to: path)
    }

    init(path: String) throws {
        let file = try Checkpoint.read(path: path)
        guard file.metadata["epanns.checkpoint"] == "1", let bytes = file.tensors["state"], bytes.dataType == .uint8
        else {
            throw EPANNsError(.invalidCheckpoint, "\(path) is not a checkpoint of a training run of this version.")
        }
        let data = withExtendedLifetime(bytes.storage) {
            Data(bytes.storage.bytes[bytes.byteOffset..<bytes.byteOffset + bytes.count])
        }
        do {
            state = try JSONDecoder().decode(State.self, from: data)
        } catch {
            throw EPANNsError(.invalidCheckpoint, "The state in \(path) is damaged.", cause: error)
        }
        guard state.version == 1, (0...1 << 40).contains(state.iteration), state.optimizerSteps >= 0 else {
            throw EPANNsError(.invalidCheckpoint, "The state in \(path) is damaged, or of another version.")
        }
        tensors = file.tensors
    }

    /// The network's tensors.
    var weights: [String: Tensor] {
        tensors.reduce(into: [:]) { result, entry in
            if entry.key.hasPrefix("weights/") { result[String(entry.key.dropFirst(8))] = entry.value }
        }
    }

    /// Puts the optimiser's moments back.
    ///
    /// - Throws: `EPANNsError` with code `invalidCheckpoint` when one is missing.
    func restore(_ stepper: TrainingStepper) throws {
        stepper.optimizer.stepCount = state.optimizerSteps
        let store = stepper.plan.store
        for moment in stepper.optimizer.moments {
            for (index, slot) in store.slots.enumerated() where slot.isTrainable {
                guard let tensor = tensors["\(moment.name)/\(slot.name)"], tensor.shape == slot.shape else {
                    throw EPANNsError(
                        .invalidCheckpoint, "The checkpoint lacks \(moment.name) of \(slot.name); start a new run.")
                }
                try store.fill(index, from: tensor.floats, in: moment.values)
            }
        }
    }
}

extension TrainingCheckpoint.State {
    /// The number of threads that the run had, which it keeps, since its last digits depend on it.
    ///
    /// - Parameter communicator: The processes that go on with it.
    /// - Returns: Nil where other processes share the work, or other cores: the number was chosen for those before.
    func threads(of communicator: any Communicator) -> Int? {
        let isSame =
            (processes ?? communicator.count) == communicator.count
            && (cores ?? communicator.coreCount) == communicator.coreCount
        return isSame ? threads : nil
    }

    /// Refuses to go on with the run where a model that it depends on is another than at its start.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration`.
    func requireSameModels(as found: [String: String], _ configuration: TrainingConfiguration) throws {
        for (role, path) in [("initial", configuration.initial), ("teacher", configuration.teacher)] {
            guard let path, let before = models?[role], let now = found[role], before != now else { continue }
            throw EPANNsError(
                .invalidConfiguration,
                "\(path.quoted), the run's \(role == "teacher" ? "teacher" : "initial model"), is another file than when "
                    + "the run began. Put the former one back, or start a new run in another folder.")
        }
    }
}
