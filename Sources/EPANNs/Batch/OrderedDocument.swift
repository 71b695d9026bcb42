import EPANNsCore
import Foundation
import Synchronization

/// Puts results into a document in the order of the inputs, however they come.
final class OrderedDocument: Sendable {
    private struct State {
        var next = 0
        /// Finished ahead of an earlier input.
        var waiting: [Int: Data] = [:]
        var hasBegun = false
        var needsSeparator = false
    }

    private let writer: any ResultWriter
    private let sink: (@Sendable (Data) throws -> Void)?
    private let state = Mutex(State())

    init(writer: any ResultWriter, destination: BatchRun.Destination) {
        self.writer = writer
        if case .document(let sink) = destination { self.sink = sink } else { sink = nil }
    }

    /// Takes the result of input number `index`; nil where there is nothing to write.
    func put(_ data: Data?, index: Int) throws {
        guard sink != nil else { return }
        try state.withLock { state in
            state.waiting[index] = data ?? Data()
            while let ready = state.waiting.removeValue(forKey: state.next) {
                state.next += 1
                guard !ready.isEmpty else { continue }
                try write((state.needsSeparator ? Data(writer.separator.utf8) : Data()) + ready, &state)
                state.needsSeparator = true
            }
        }
    }

    /// Writes a piece of the only input's result.
    func write(_ data: Data) throws {
        guard !data.isEmpty else { return }
        try state.withLock { try write(data, &$0) }
    }

    /// Ends the document.
    func end() throws { try state.withLock { try write(Data(writer.footer.utf8), &$0) } }

    private func write(_ data: Data, _ state: inout State) throws {
        // The header comes with the first result: what fails before leaves no half of a document.
        try sink?((state.hasBegun ? Data() : Data(writer.header.utf8)) + data)
        state.hasBegun = true
    }
}
