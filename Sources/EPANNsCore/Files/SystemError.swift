#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The operating system's own error number, with its text.
package struct SystemError: Error, Hashable, CustomStringConvertible {
    /// The value of `errno`.
    package let number: Int32

    /// Wraps an error number.
    package init(number: Int32) {
        self.number = number
    }

    /// The system's text and the number.
    package var description: String { "\(String(cString: strerror(number))), error \(number)" }
}
