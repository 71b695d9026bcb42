import Foundation
import Synchronization

/// Control-C and a polite kill: long work ends at its next safe place; a second one ends the program at once.
enum StopRequest {
    private static let count = Atomic(0)
    private static let last = Atomic(Int32(0))

    static var isPending: Bool { count.load(ordering: .relaxed) > 0 }

    /// What shells say of a program that a signal ended: 130 for Control-C, 143 for a polite kill.
    ///
    /// 143, too, where another process of the run was asked to stop.
    static var exitStatus: Int32 {
        let number = last.load(ordering: .relaxed)
        return 128 + (number == 0 ? SIGTERM : number)
    }

    static func install() {
        // Made before a signal may come.
        last.store(0, ordering: .relaxed)
        count.store(0, ordering: .relaxed)
        // A parent may have had them blocked, as Dispatch's threads have: what they start inherits that.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGUSR1] { sigaddset(&signals, number) }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        // USR1 is what batch systems send ahead of the end of a job's time, and what mpirun hands on.
        for number in [SIGINT, SIGTERM, SIGHUP, SIGUSR1] {
            signal(number) { number in
                StopRequest.last.store(number, ordering: .relaxed)
                if StopRequest.count.wrappingAdd(1, ordering: .relaxed).oldValue > 0 {
                    signal(number, SIG_DFL)
                    raise(number)
                }
            }
        }
    }
}
