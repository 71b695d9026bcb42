internal import CFFmpeg
import EPANNsCore

/// Demuxes and decodes the best audio stream of whatever FFmpeg recognises.
///
/// FFmpeg reads through our own bytes only: no protocol, no playlist, no second file is ever opened, and of several
/// streams only the chosen one is decoded. The samples that an encoder put in front or behind (the delay of MP3, AAC,
/// Opus) are skipped where the container says so, as libavcodec does by itself.
final class ContainerDecoder: ChannelSource {
    private(set) var info: AudioSourceInfo
    private let name: String
    private let input: DemuxerInput
    private var format: UnsafeMutablePointer<AVFormatContext>?
    private var codec: UnsafeMutablePointer<AVCodecContext>?
    private var packet: UnsafeMutablePointer<AVPacket>?
    private var frame: UnsafeMutablePointer<AVFrame>?
    private let streamIndex: Int32
    /// The header's duration, unless FFmpeg only guessed it.
    private var promisedSeconds: Double?

    private enum Phase { case reading, draining, ended }
    private var phase = Phase.reading
    private var decodedSeconds = 0.0
    private var damagedPackets = 0
    private var firstFailure: FFmpegFailure?
    private var readFailure: FFmpegFailure?
    private var lastPacketEnd: Int64 = 0
    /// The longest frame so far, in seconds.
    private var longestFrame = 0.0

    /// Opens a container.
    ///
    /// - Parameter name: What the user calls it, for messages.
    init(_ stream: any ByteStream, name: String) throws {
        _ = FFmpegLibrary.prepare
        self.name = name
        input = try DemuxerInput(stream)
        info = AudioSourceInfo(container: "", codec: "", sampleRate: 0, channels: 0)
        let opened = try Self.open(input, name: name)
        do {
            streamIndex = try Self.findStream(opened, input: input, name: name)
        } catch {
            var closing: UnsafeMutablePointer<AVFormatContext>? = opened
            avformat_close_input(&closing)
            throw error
        }
        format = opened
        // From here on everything is freed by deinit, whatever throws.
        try openDecoder()
    }

    deinit {
        av_frame_free(&frame)
        av_packet_free(&packet)
        avcodec_free_context(&codec)
        avformat_close_input(&format)
    }

    func next() throws -> ChannelBlock? {
        while let codec, let frame {
            let status = avcodec_receive_frame(codec, frame)
            if status >= 0 {
                defer { av_frame_unref(frame) }
                if let block = try block(frame) { return block }
            } else if status == epanns_error_again(), phase == .reading {
                try feed()
            } else if status == epanns_error_end_of_file() || phase != .reading {
                try conclude()
                return nil
            } else {
                try noteDamage(status, "avcodec_receive_frame")
            }
        }
        return nil
    }

    /// One decoded frame; nil when it holds no samples.
    private func block(_ frame: UnsafeMutablePointer<AVFrame>) throws -> ChannelBlock? {
        if frame.pointee.flags & AV_FRAME_FLAG_CORRUPT != 0 || frame.pointee.decode_error_flags != 0 {
            damagedPackets += 1
        }
        if frame.pointee.nb_samples == 0 { return nil }
        let rate = Int(frame.pointee.sample_rate)
        try Self.checkHeader(rate: rate, channels: Int(epanns_frame_channels(frame)), name: name)
        let block = try FrameSamples.block(of: frame, sampleRate: rate)
        let seconds = Double(block.frameCount) / Double(rate)
        decodedSeconds += seconds
        longestFrame = max(longestFrame, seconds)
        return block
    }

    /// Hands the decoder the next packet of our stream, or tells it that there is none.
    private func feed() throws {
        guard let format, let codec, let packet else { return }
        var attempts = 0
        while true {
            input.allow(AudioLimits.packetBytes)
            let status = av_read_frame(format, packet)
            if status == epanns_error_again(), attempts < 1000 {
                attempts += 1
                continue
            }
            if let error = input.readError { throw error }
            // What FFmpeg makes of a limit is a packet of all that it has kept, which is none.
            if status < 0 || input.hasExceededLimit {
                av_packet_unref(packet)
                if input.hasExceededLimit {
                    readFailure = FFmpegFailure(
                        function: "av_read_frame",
                        text: "no sound in \(AudioLimits.packetBytes >> 20) MB, from byte \(lastPacketEnd) on")
                } else if status != epanns_error_end_of_file() {
                    readFailure = FFmpegFailure(function: "av_read_frame", status: status)
                }
                phase = .draining
                _ = avcodec_send_packet(codec, nil)
                return
            }
            lastPacketEnd = input.stream.position
            defer { av_packet_unref(packet) }
            guard packet.pointee.stream_index == streamIndex else { continue }
            // Of bare samples the last packet is often short, which is not damage.
            if packet.pointee.flags & AV_PKT_FLAG_CORRUPT != 0, !info.codec.hasPrefix("pcm_") { damagedPackets += 1 }
            let sent = avcodec_send_packet(codec, packet)
            if sent < 0 { try noteDamage(sent, "avcodec_send_packet") }
            return
        }
    }

    /// A packet that cannot be decoded is left out; the rest of the file may be sound.
    private func noteDamage(_ status: Int32, _ function: String) throws {
        if status == epanns_error_no_memory() { try check(status, function) }
        damagedPackets += 1
        if firstFailure == nil { firstFailure = FFmpegFailure(function: function, status: status) }
    }

    /// At the end: turns what was noticed into warnings, or an error when there was no audio at all.
    private func conclude() throws {
        if phase == .ended { return }
        phase = .ended
        if decodedSeconds == 0 {
            guard damagedPackets > 0 || readFailure != nil else { return }
            let reason =
                info.container.hasPrefix("mov") && !input.stream.isSeekable
                ? "an MP4 or MOV file whose index is at its end cannot be read from a pipe; give it as a file."
                : "the file is damaged, or newer than the decoder of this FFmpeg."
            throw EPANNsError(
                .invalidAudio, "Nothing in \(name) could be decoded; \(reason)", cause: firstFailure ?? readFailure)
        }
        if damagedPackets > 0 {
            info.warnings.append("The file is damaged: \(damagedPackets.counted("packet")) could not be decoded whole.")
        }
        if let readFailure {
            info.warnings.append("The file is damaged: reading stopped early (\(readFailure.text)).")
        }
        // Some headers count whole frames where the last one is short (ALAC in CAF), or what the encoder put in front.
        let tolerance = max(0.1, (promisedSeconds ?? 0) * 0.005) + longestFrame
        if let promisedSeconds, promisedSeconds - decodedSeconds > tolerance {
            info.warnings.append(
                "The file is truncated: its header promises \(Self.seconds(promisedSeconds)) s, "
                    + "but it holds \(Self.seconds(decodedSeconds)) s.")
        } else if TruncationCheck.isCutRIFF(input)
            || (info.container == "ogg" && TruncationCheck.isCutOgg(input.stream))
        {
            info.warnings.append(
                "The file is truncated: it ends after \(Self.seconds(decodedSeconds)) s, before its proper end.")
        }
    }

    private static func seconds(_ value: Double) -> String {
        String((value * 100).rounded() / 100)
    }

    // MARK: Opening

    private static func open(_ input: DemuxerInput, name: String) throws -> UnsafeMutablePointer<AVFormatContext> {
        guard let context = avformat_alloc_context() else {
            throw EPANNsError(.backendFailure, "There is no memory left to read audio.")
        }
        do {
            try check(av_opt_set(context, "format_whitelist", FFmpegLibrary.containers, 0), "av_opt_set")
            try check(av_opt_set(context, "codec_whitelist", FFmpegLibrary.audioDecoders, 0), "av_opt_set")
            try check(av_opt_set(context, "protocol_whitelist", "none", 0), "av_opt_set")
        } catch {
            avformat_free_context(context)
            throw error
        }
        context.pointee.pb = input.context
        context.pointee.flags |= AVFMT_FLAG_CUSTOM_IO
        input.allow(AudioLimits.headerBytes)
        // The last component only: its extension helps to recognise a file whose beginning does not tell.
        let hint = name.split(separator: "/").last.map(String.init) ?? ""
        var opened: UnsafeMutablePointer<AVFormatContext>? = context
        let status = avformat_open_input(&opened, hint, nil, nil)
        if let error = input.readError {
            avformat_close_input(&opened)
            throw error
        }
        if status < 0, input.hasExceededLimit {
            avformat_close_input(&opened)
            throw EPANNsError(
                .invalidAudio,
                "The header of \(name) does not end within \(AudioLimits.headerBytes >> 20) MB; it is damaged, or it is not "
                    + "audio.")
        }
        if status < 0, input.furthest == 0 {
            avformat_close_input(&opened)
            throw EPANNsError(.invalidAudio, "\(name) is empty; there is no audio in it.")
        }
        try check(
            status, "avformat_open_input", .unsupportedFormat,
            "\(name) is not audio in a container that is supported, or its header is damaged. WAV, FLAC, MP3, "
                + "Ogg, M4A and common video files are; bare samples need their format, for example s16le:16000:1.")
        guard let result = opened else {
            throw EPANNsError(.backendFailure, "FFmpeg opened \(name) but gave nothing back.")
        }
        return result
    }

    /// Chooses the stream and tells the demuxer to drop the others.
    private static func findStream(
        _ context: UnsafeMutablePointer<AVFormatContext>, input: DemuxerInput, name: String
    ) throws -> Int32 {
        // What opening did not need is left for this, which needs both: together they are what a header may have.
        let status = avformat_find_stream_info(context, nil)
        if let error = input.readError { throw error }
        try check(
            status, "avformat_find_stream_info", .invalidAudio,
            "The header of \(name) is damaged; no audio stream can be made out.")
        let index = av_find_best_stream(context, AVMEDIA_TYPE_AUDIO, -1, -1, nil, 0)
        // A recording whose end is zeros has told enough before; zeros alone have not.
        let parameters = index < 0 ? nil : context.pointee.streams[Int(index)]?.pointee.codecpar
        if input.hasExceededLimit, (parameters?.pointee.sample_rate ?? 0) == 0 {
            throw EPANNsError(
                .invalidAudio,
                "No sound was found in the first \(AudioLimits.headerBytes >> 20) MB of \(name); it is damaged, or filled with "
                    + "something else.")
        }
        let count = context.pointee.nb_streams
        try check(
            index, "av_find_best_stream", .unsupportedFormat,
            "\(name) holds no sound: \(count == 1 ? "its only stream is not" : "none of its \(count) streams is") audio."
        )
        for other in 0..<Int(context.pointee.nb_streams) where other != Int(index) {
            context.pointee.streams[other]?.pointee.discard = AVDISCARD_ALL
        }
        return index
    }

    private func openDecoder() throws {
        guard let format, let stream = format.pointee.streams[Int(streamIndex)],
            let parameters = stream.pointee.codecpar
        else {
            throw EPANNsError(.backendFailure, "FFmpeg lost the audio stream of \(name).")
        }
        let codecName = String(cString: avcodec_get_name(parameters.pointee.codec_id))
        guard let decoder = avcodec_find_decoder(parameters.pointee.codec_id) else {
            throw EPANNsError(
                .unsupportedFormat,
                "There is no decoder for the codec \(codecName) of \(name); convert it to WAV or FLAC first.")
        }
        let rate = Int(parameters.pointee.sample_rate)
        let channels = Int(epanns_parameters_channels(parameters))
        try Self.checkHeader(rate: rate, channels: channels, name: name)
        codec = avcodec_alloc_context3(decoder)
        packet = av_packet_alloc()
        frame = av_frame_alloc()
        guard let codec, packet != nil, frame != nil else {
            throw EPANNsError(.backendFailure, "There is no memory left to decode audio.")
        }
        try check(avcodec_parameters_to_context(codec, parameters), "avcodec_parameters_to_context")
        // Needed to place the samples that are to be skipped.
        codec.pointee.pkt_timebase = stream.pointee.time_base
        codec.pointee.thread_count = 1
        codec.pointee.max_samples = 1 << 24
        codec.pointee.err_recognition |= AV_EF_CRCCHECK
        try check(
            avcodec_open2(codec, decoder, nil), "avcodec_open2", .invalidAudio,
            "The \(codecName) decoder refuses the header of \(name); the file is damaged.")
        info.container = format.pointee.iformat.map { String(cString: $0.pointee.name) } ?? ""
        info.codec = codecName
        info.sampleRate = rate
        info.channels = channels
        let ticks = stream.pointee.duration
        let base = stream.pointee.time_base
        if ticks != epanns_no_timestamp(), ticks > 0, base.num > 0, base.den > 0, input.stream.isSeekable {
            let seconds = Double(ticks) * Double(base.num) / Double(base.den)
            info.durationSeconds = seconds
            if epanns_duration_is_guess(format) == 0 { promisedSeconds = seconds }
        } else if format.pointee.nb_streams == 1, format.pointee.duration > 0, input.stream.isSeekable {
            // Matroska knows the duration of the whole only, which is ours when there is nothing else in it.
            let seconds = Double(format.pointee.duration) / Double(AV_TIME_BASE)
            info.durationSeconds = seconds
            if epanns_duration_is_guess(format) == 0 { promisedSeconds = seconds }
        }
    }

    private static func checkHeader(rate: Int, channels: Int, name: String) throws {
        guard AudioLimits.sampleRates.contains(rate) else {
            throw EPANNsError(
                .invalidAudio,
                "The header of \(name) gives a sample rate of \(rate) Hz, which no recording has; the file is damaged.")
        }
        guard AudioLimits.channels.contains(channels) else {
            throw EPANNsError(
                .invalidAudio,
                "The header of \(name) gives \(channels) channels, which no recording has; the file is damaged.")
        }
    }
}
