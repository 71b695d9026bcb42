/// Mono samples at their own rate, in the order of time.
struct MonoBlock {
    var samples: [Float]
    var sampleRate: Int
}

/// Something that yields mono blocks: a container's decoder, or bare samples.
protocol MonoSource: AnyObject {
    /// What is known of the source; the warnings grow while it is read.
    var info: AudioSourceInfo { get }

    /// The next block, nil at the end.
    func next() throws -> MonoBlock?
}
