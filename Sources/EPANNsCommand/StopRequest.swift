import Foundation
import Synchronization

/// Control-C and a polite kill: long work ends at its next safe place; a second one ends the program at once.
enum StopRequest {
    private static let count = Atomic(0)

    static var isPending: Bool { count.load(ordering: .relaxed) > 0 }

    static func install() {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number) { number in
                if StopRequest.count.wrappingAdd(1, ordering: .relaxed).oldValue > 0 {
                    signal(number, SIG_DFL)
                    raise(number)
                }
            }
        }
    }
}
