import Foundation

extension EPANNsError {
    /// An error from elsewhere in plain words: Foundation's own text is for its debugger.
    ///
    /// Test: `ErrorCauseTests`.
    package static func words(of cause: any Error) -> String {
        switch cause {
        case let error as EPANNsError: return error.description
        case let error as DecodingError: return words(of: error)
        case let error as POSIXError: return String(cString: strerror(error.code.rawValue))
        default: break
        }
        let text = "\(cause)"
        guard cause is CocoaError || text.contains("Error Domain=") || text.contains("UserInfo=") else { return text }
        let error = cause as NSError
        if let underlying = error.userInfo[NSUnderlyingErrorKey] as? NSError, underlying.domain == NSPOSIXErrorDomain {
            return String(cString: strerror(Int32(underlying.code)))
        }
        if error.domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(error.code))) }
        return cocoaWords[error.code] ?? "error \(error.code) of \(error.domain)"
    }

    /// Foundation's numbers for files, which has no words for most of them on Linux.
    private static let cocoaWords = [
        4: "there is no such file", 257: "it may not be read", 260: "there is no such file",
        512: "it cannot be written",
        513: "it may not be written", 516: "something else has that name", 640: "the disk is full",
        642: "the disk may only be read",
    ]

    private static func words(of error: DecodingError) -> String {
        func path(_ context: DecodingError.Context) -> String {
            let keys = context.codingPath.map(\.stringValue).joined(separator: ".")
            return keys.isEmpty ? "" : " at \(keys.quoted)"
        }
        switch error {
        case .keyNotFound(let key, let context): return "the key \(key.stringValue.quoted) is missing\(path(context))"
        case .typeMismatch(_, let context): return "a value has another type than expected\(path(context))"
        case .valueNotFound(_, let context): return "a value is null\(path(context))"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty ? "it is not JSON" : "a value is invalid\(path(context))"
        @unknown default: return "it does not have the form that was expected"
        }
    }
}
