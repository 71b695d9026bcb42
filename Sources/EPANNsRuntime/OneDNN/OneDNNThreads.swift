import COneDNN

/// The number of threads that oneDNN works on, which OpenMP keeps for each calling thread.
package enum OneDNNThreads {
    /// Sets it for the calling thread.
    package static func take(_ count: Int) { _ = onednn_set_thread_count(Int32(count)) }
}
