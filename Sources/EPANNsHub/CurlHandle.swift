internal import CCurl

/// libcurl's handle of one transfer, with its options; libcurl is loaded for the first one.
struct CurlHandle: ~Copyable {
    // Never unloaded; the functions in it may be called from every thread.
    nonisolated(unsafe) private static let library: UnsafePointer<epanns_curl>? = {
        let library = UnsafeMutablePointer<epanns_curl>.allocate(capacity: 1)
        library.initialize(to: epanns_curl())
        return epanns_curl_load(library) ? UnsafePointer(library) : nil
    }()

    private let library: UnsafePointer<epanns_curl>
    private let handle: UnsafeMutableRawPointer
    private var fields: UnsafeMutablePointer<curl_slist>?

    /// Makes a handle; `nil` where libcurl is not installed.
    init?() {
        guard let library = Self.library, let handle = library.pointee.make() else { return nil }
        self.library = library
        self.handle = handle
    }

    deinit {
        library.pointee.destroy(handle)
        library.pointee.destroy_list(fields)
    }

    func set(_ option: CURLoption, _ value: Int) { epanns_curl_set_number(library, handle, option, value) }
    func set(_ option: CURLoption, _ value: String) { epanns_curl_set_text(library, handle, option, value) }
    func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) {
        epanns_curl_set_pointer(library, handle, option, value)
    }
    func set(_ option: CURLoption, receiver: @escaping epanns_curl_receiver) {
        epanns_curl_set_receiver(library, handle, option, receiver)
    }
    func set(_ option: CURLoption, observer: @escaping epanns_curl_observer) {
        epanns_curl_set_observer(library, handle, option, observer)
    }

    /// Sets the fields of the request's header; once.
    mutating func setHeader(_ lines: [String]) {
        for line in lines { fields = library.pointee.append(fields, line) }
        set(CURLOPT_HTTPHEADER, UnsafeMutableRawPointer(fields))
    }

    /// Does what the options say.
    ///
    /// - Returns: How it went, and libcurl's words for it.
    func perform() -> (code: CURLcode, text: String) {
        var words = [CChar](repeating: 0, count: Int(epanns_curl_error_size))
        let code = words.withUnsafeMutableBufferPointer { buffer in
            set(CURLOPT_ERRORBUFFER, UnsafeMutableRawPointer(buffer.baseAddress))
            defer { set(CURLOPT_ERRORBUFFER, nil) }
            return library.pointee.perform(handle)
        }
        let text = String(decoding: words.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return (code, text.isEmpty ? library.pointee.text(code).map { String(cString: $0) } ?? "" : text)
    }
}
