import Foundation

/// The few calls of the system's sockets that a test's server needs.
enum Socket {
    /// What the system answers in place of a socket.
    struct Failure: Error {
        var call: String
        var number = errno
    }

    /// Listens at a free port of 127.0.0.1.
    static func listen() throws -> (descriptor: Int32, port: Int) {
        #if os(Linux)
        let kind = Int32(SOCK_STREAM.rawValue)
        #else
        let kind = SOCK_STREAM
        #endif
        let descriptor = socket(AF_INET, kind, 0)
        guard descriptor >= 0 else { throw Failure(call: "socket") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, size) == 0 && Foundation.listen(descriptor, 64) == 0
                    && getsockname(descriptor, pointer, &size) == 0
            }
        }
        guard isBound else {
            let failure = Failure(call: "bind")
            _ = close(descriptor)
            throw failure
        }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }

    /// Waits for a client; `nil` when the condition no longer holds.
    static func accept(_ listener: Int32, while condition: () -> Bool) -> Int32? {
        var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        while condition() {
            guard poll(&waiting, 1, 20) > 0 else { continue }
            let descriptor = Foundation.accept(listener, nil, nil)
            if descriptor >= 0 { return descriptor }
        }
        return nil
    }

    /// Receives up to the empty line that ends a request's header; `nil` when the client hangs up before.
    static func receiveHead(_ descriptor: Int32) -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        // Clients send nothing after the header, so that a byte at a time is fast enough.
        while recv(descriptor, &byte, 1, 0) == 1 {
            bytes.append(byte)
            if bytes.suffix(4) == [13, 10, 13, 10] { return String(decoding: bytes, as: UTF8.self) }
        }
        return nil
    }

    /// Sends everything.
    ///
    /// - Returns: Whether the client took it.
    @discardableResult
    static func send(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }
}
