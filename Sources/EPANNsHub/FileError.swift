import EPANNsCore
import Foundation

/// Makes the error of a failed call on a file, from `errno`.
///
/// A full disk gets its own text, since the user can do something about it and nothing is lost.
package func fileError(_ doing: String, _ path: String, number: Int32 = errno) -> EPANNsError {
    let message =
        switch number {
        case ENOSPC, EDQUOT:
            "The disk is full: cannot \(doing) \(path). Free some space, or choose another folder with EPANNS_CACHE, "
                + "and try again; what has arrived is kept."
        case EACCES, EPERM, EROFS:
            "No permission to \(doing) \(path). Correct its owner or mode, or choose another folder with EPANNS_CACHE."
        default:
            "Cannot \(doing) \(path)."
        }
    return EPANNsError(.fileFailure, message, cause: SystemError(number: number))
}

/// Calls a function of the C library again while a signal interrupts it.
///
/// - Returns: The call's result, which is not -1.
/// - Throws: ``fileError(_:_:number:)``.
@discardableResult
func check<Result: FixedWidthInteger>(_ doing: String, _ path: String, _ call: () -> Result) throws -> Result {
    while true {
        let result = call()
        if result != -1 { return result }
        if errno != EINTR { throw fileError(doing, path) }
    }
}
