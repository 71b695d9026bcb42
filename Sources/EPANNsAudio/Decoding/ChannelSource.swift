/// Something that yields decoded blocks: a container's decoder, or bare samples.
protocol ChannelSource: AnyObject {
    /// What is known of the source; the warnings grow while it is read.
    var info: AudioSourceInfo { get }

    /// The next block, nil at the end.
    func next() throws -> ChannelBlock?
}
