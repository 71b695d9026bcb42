import EPANNsCore
import Foundation

/// The processes that share a run; one alone where nothing else is said.
///
/// Calls are collective: every process makes them in the same order.
public protocol Communicator: Sendable {
    /// This process's number, counted from 0.
    var rank: Int { get }
    /// How many processes there are.
    var count: Int { get }
    /// Cores that this process may use without taking them from others of the run.
    var coreCount: Int { get }
    /// Adds up the same stretch of memory of all processes, in place.
    ///
    /// All processes get the same bits.
    ///
    /// - Throws: `EPANNsError` with code `networkFailure`.
    func sum(_ values: UnsafeMutableBufferPointer<Float>) throws
    /// Puts the bytes of all processes together, in the order of their ranks.
    ///
    /// - Throws: `EPANNsError` with code `networkFailure`.
    func gather(_ bytes: [UInt8]) throws -> [[UInt8]]
}

extension Communicator {
    /// The machine's cores, as far as this process may use them.
    public var coreCount: Int { ProcessInfo.processInfo.activeProcessorCount }

    /// This process's part of a shared job.
    public var shard: Shard { (try? Shard(rank: rank, count: count)) ?? .whole }

    /// Whether any process says yes.
    package func any(_ value: Bool) throws -> Bool {
        count > 1 ? try gather([value ? 1 : 0]).contains([1]) : value
    }

    /// Goes on when all processes have come here.
    package func meet() throws { _ = try gather([]) }

    /// What the first process makes, for all.
    ///
    /// For what must be decided once: files that one process is about to write look different to a late one.
    package func fromFirst(_ make: () throws -> [UInt8]) throws -> [UInt8] {
        guard count > 1 else { return try make() }
        return try gather(rank == 0 ? make() : [])[0]
    }
}

/// A run of one process.
public struct SoloCommunicator: Communicator {
    /// 0.
    public var rank: Int { 0 }
    /// 1.
    public var count: Int { 1 }
    /// Makes one.
    public init() {}
    /// Changes nothing.
    public func sum(_ values: UnsafeMutableBufferPointer<Float>) {}
    /// The bytes alone.
    public func gather(_ bytes: [UInt8]) -> [[UInt8]] { [bytes] }
}
