/// What is taken for audio at all; anything else is a damaged or hostile header.
enum AudioLimits {
    /// Sample rates, in Hz, of what comes in. (DSD at megahertz is decimated by
    /// FFmpeg before we see it.)
    static let sampleRates = 1000...1_536_000
    /// Channels; FFmpeg itself takes more for insane.
    static let channels = 1...256
    /// Magnitude beyond which a sample is damage, not sound; full scale is 1, and some files hold 16-bit numbers
    /// as floats.
    static let magnitude: Float = 1e6
    /// Bytes that may be read until it is known what a file holds.
    ///
    /// A gigabyte of zeros called .mp3 is read to its end
    /// otherwise, and kept twice. Pictures and fonts in front of the sound have room here.
    static let headerBytes: Int64 = 64 << 20
    /// Bytes between two packets; a picture of uncompressed 4K video has 25 MB.
    static let packetBytes: Int64 = 64 << 20
}
