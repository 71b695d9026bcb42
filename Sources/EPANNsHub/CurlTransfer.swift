internal import CCurl
import Foundation

/// One transfer of libcurl's: what it is told to do, and what it tells.
///
/// Lives and works in one thread, until ``perform()`` returns.
final class CurlTransfer {
    private let exchange: WebExchange
    private var head = HeadReader()
    /// What is wrong with the answer, where it is not libcurl that finds it.
    private var fault: TransportError?

    init(_ exchange: WebExchange) { self.exchange = exchange }

    /// Asks, and hands on what comes until the end.
    func perform() -> Result<Void, any Error> {
        guard var handle = CurlHandle() else {
            return failure(.missing, "libcurl is not installed (Debian: libcurl4)")
        }
        handle.setHeader(exchange.question.fields)
        setOptions(of: handle)
        let (code, text) = handle.perform()
        if let fault { return .failure(WebExchange.Failure.transport(fault)) }
        return code == CURLE_OK ? .success(()) : failure(TransportError.kind(of: code), text)
    }

    private func failure(_ kind: TransportError.Kind, _ text: String) -> Result<Void, any Error> {
        .failure(WebExchange.Failure.transport(TransportError(kind: kind, text: text)))
    }

    private func setOptions(of handle: borrowing CurlHandle) {
        handle.set(CURLOPT_URL, exchange.question.url.absoluteString)
        handle.set(CURLOPT_PROTOCOLS, epanns_curl_web_protocols)
        // Followed by the caller, to keep Range and to refuse a step down from https.
        handle.set(CURLOPT_FOLLOWLOCATION, 0)
        // Ranges and checksums count the bytes as they come.
        handle.set(CURLOPT_HTTP_CONTENT_DECODING, 0)
        // A proxy's answer to CONNECT is not the server's.
        handle.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // Signals are the whole process's.
        handle.set(CURLOPT_NOSIGNAL, 1)
        handle.set(CURLOPT_TCP_KEEPALIVE, 1)
        // Longer than the watchdog waits: it has the better words.
        handle.set(CURLOPT_CONNECTTIMEOUT_MS, Int(min(exchange.patience.answer / .milliseconds(1), 1e8)) + 1000)

        let context = Unmanaged.passUnretained(self).toOpaque()
        handle.set(CURLOPT_HEADERDATA, context)
        handle.set(
            CURLOPT_HEADERFUNCTION,
            receiver: { bytes, size, count, context in
                CurlTransfer.at(context)?.receiveLine(bytes, size * count) == true ? size * count : 0
            })
        handle.set(CURLOPT_WRITEDATA, context)
        handle.set(
            CURLOPT_WRITEFUNCTION,
            receiver: { bytes, size, count, context in
                CurlTransfer.at(context)?.receiveBody(bytes, size * count) == true ? size * count : 0
            })
        // Called about once a second, whatever happens.
        handle.set(CURLOPT_NOPROGRESS, 0)
        handle.set(CURLOPT_XFERINFODATA, context)
        handle.set(
            CURLOPT_XFERINFOFUNCTION,
            observer: { context, _, _, _, _ in
                CurlTransfer.at(context)?.exchange.isWanted == true ? 0 : 1
            })
    }

    private static func at(_ context: UnsafeMutableRawPointer?) -> CurlTransfer? {
        context.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private func receiveLine(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Bool {
        let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
        guard head.take(line) else {
            fault = TransportError(
                kind: .notHTTP, text: "its header has more than \(HeadReader.maximumFieldCount) fields")
            return false
        }
        guard var answer = head.answer else { return exchange.isWanted }
        answer.host = exchange.question.url.host()
        return exchange.note(answer)
    }

    private func receiveBody(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Bool {
        guard let bytes, count > 0 else { return exchange.isWanted }
        return exchange.note(Data(bytes: bytes, count: count))
    }
}
