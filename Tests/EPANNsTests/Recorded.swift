import Foundation
import Synchronization

/// Keeps what a run writes.
final class Recorded: Sendable {
    private let kept = Mutex(Data())
    var data: Data { kept.withLock { $0 } }
    var text: String { String(decoding: data, as: UTF8.self) }
    var add: @Sendable (Data) -> Void { { data in self.kept.withLock { $0 += data } } }
}
