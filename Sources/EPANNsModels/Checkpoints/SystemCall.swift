import EPANNsGraph

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Turns failed system calls into `EPANNsError`s; the one place of this module that reads `errno`.
enum SystemCall {
    /// An error with code `fileFailure` for the call that has just failed.
    static func failure(_ action: String, _ path: String, _ number: Int32 = errno) -> EPANNsError {
        let reason = String(cString: strerror(number))
        return EPANNsError(.fileFailure, "Cannot \(action) \(path.quoted): \(reason). \(advice(number))")
    }

    /// Checks a path before it becomes a C string, which would end at the first NUL.
    static func checkPath(_ path: String) throws {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw EPANNsError(.fileFailure, "The path \(path.quoted) is empty or holds a NUL; give a file's path.")
        }
    }

    /// Repeats `call` while a signal interrupts it.
    static func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }

    private static func advice(_ number: Int32) -> String {
        switch number {
        case ENOENT: "Check the path; the folder must exist."
        case EACCES, EPERM, EROFS: "Check the permissions, or choose another folder."
        case ENOSPC, EDQUOT: "The disk is full; free some space and try again."
        case EISDIR: "Give a file, not a folder."
        case EMFILE, ENFILE: "Too many files are open; close some or raise the limit."
        default: "Check the path and the disk."
        }
    }
}

extension String {
    /// The text in quotation marks, shortened and with control characters escaped.
    ///
    /// Names from files go into messages, and messages to terminals and logs.
    var quoted: String {
        var result = "“"
        var count = 0
        for scalar in unicodeScalars {
            count += 1
            if count > 200 { return result + "…”" }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "”"
    }
}
