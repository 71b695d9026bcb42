import Synchronization

/// The numbers of one batch; goes back to its pool when the batch is let go.
///
/// `@unchecked Sendable`: while a batch is made, each worker writes its own clips' parts; afterwards the batch has one
/// owner at a time.
final class BatchStorage: @unchecked Sendable {
    private(set) var inputs: UnsafeMutableBufferPointer<Float>
    private(set) var targets: UnsafeMutableBufferPointer<Float>
    private(set) var teacherTargets: UnsafeMutableBufferPointer<Float>

    init() {
        inputs = .init(start: nil, count: 0)
        targets = .init(start: nil, count: 0)
        teacherTargets = .init(start: nil, count: 0)
    }

    deinit { for memory in [inputs, targets, teacherTargets] { memory.deallocate() } }

    fileprivate func reserve(inputs first: Int, targets second: Int, teacherTargets third: Int) {
        func reserve(_ memory: inout UnsafeMutableBufferPointer<Float>, _ count: Int) {
            guard memory.count < count else { return }
            memory.deallocate()
            memory = .allocate(capacity: count)
            memory.initialize(repeating: 0)
        }
        reserve(&inputs, first)
        reserve(&targets, second)
        reserve(&teacherTargets, third)
    }
}

/// Storages that wait to be used again.
final class BatchStoragePool: Sendable {
    private let free = Mutex<[BatchStorage]>([])
    private let limit: Int

    /// Keeps at most `limit` storages.
    init(limit: Int) { self.limit = limit }

    func take(inputs: Int, targets: Int, teacherTargets: Int) -> BatchStorage {
        let storage = free.withLock { $0.popLast() } ?? BatchStorage()
        storage.reserve(inputs: inputs, targets: targets, teacherTargets: teacherTargets)
        return storage
    }

    func give(_ storage: BatchStorage) {
        free.withLock { if $0.count < limit { $0.append(storage) } }
    }
}

/// A storage on loan: given back when the last owner goes.
final class BatchLoan: Sendable {
    let storage: BatchStorage
    private let pool: BatchStoragePool

    init(_ storage: BatchStorage, from pool: BatchStoragePool) {
        self.storage = storage
        self.pool = pool
    }

    deinit { pool.give(storage) }
}
