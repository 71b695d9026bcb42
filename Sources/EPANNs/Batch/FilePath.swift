import EPANNsCore
import Foundation

/// Paths as the system has them: bytes, which need not be text.
enum FilePath {
    static func withCString<Result>(_ path: [UInt8], _ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result
    {
        try (path.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("a C string has at least its end") }
            return try body(base)
        }
    }

    /// The last name of a path.
    static func last(_ path: [UInt8]) -> [UInt8] {
        path.split(separator: UInt8(ascii: "/")).last.map(Array.init) ?? path
    }

    /// The extension in lower case, without its dot.
    static func pathExtension(_ path: [UInt8]) -> String {
        let name = last(path)
        guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return "" }
        return String(decoding: name[(dot + 1)...], as: UTF8.self).lowercased()
    }

    /// The path as text: itself where it is UTF-8, else with `\xFF` for each byte that is not.
    static func text(_ path: [UInt8]) -> String {
        if let text = String(validating: path, as: UTF8.self) { return text }
        var text = ""
        var rest = path[...]
        while let first = rest.first {
            let length = (1...4).first { count in
                count <= rest.count && String(validating: rest.prefix(count), as: UTF8.self) != nil
            }
            text +=
                length.map { String(decoding: rest.prefix($0), as: UTF8.self) }
                ?? "\\x" + CollectionOfOne(first).hexadecimal.uppercased()
            rest = rest.dropFirst(length ?? 1)
        }
        return text
    }

    /// What a path leads to, links followed.
    enum Kind {
        case folder, regular, special
        /// Nothing, for the reason that the system's error number gives.
        case missing(Int32)
    }

    static func kind(_ path: [UInt8]) -> Kind {
        var status = stat()
        let number = withCString(path) { stat($0, &status) == 0 ? 0 : errno }
        guard number == 0 else { return .missing(number) }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .folder
        case S_IFREG: return .regular
        default: return .special
        }
    }

    static func isLink(_ path: [UInt8]) -> Bool {
        var status = stat()
        return withCString(path) { lstat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// A folder, however it is called.
    struct Identity: Hashable {
        let device: UInt64
        let number: UInt64

        init?(_ path: [UInt8]) {
            var status = stat()
            guard FilePath.withCString(path, { stat($0, &status) }) == 0 else { return nil }
            device = UInt64(truncatingIfNeeded: status.st_dev)
            number = UInt64(truncatingIfNeeded: status.st_ino)
        }
    }
}
