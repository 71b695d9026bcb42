internal import CFFmpeg
import EPANNsCore

/// What an FFmpeg function said about its failure.
public struct FFmpegFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The function's name.
    public let function: String
    /// Its negative status.
    public let status: Int32
    /// The library's own text for the status.
    public let text: String

    /// A failure that we found ourselves; it has no status of the library's.
    init(function: String, text: String) {
        self.function = function
        self.text = text
        status = epanns_error_input()
    }

    init(function: String, status: Int32) {
        self.function = function
        self.status = status
        var characters = [CChar](repeating: 0, count: 256)
        _ = av_strerror(status, &characters, characters.count - 1)
        text = String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// The function's name and the library's text.
    public var description: String { "\(function): \(text)" }
}

/// Throws when an FFmpeg function reports failure; gives its status back otherwise.
///
/// - Parameters:
///   - status: What the function returned; negative for failure.
///   - function: The function's name.
///   - code: The code of the error.
///   - message: What went wrong and what the user can do, where that is known better here.
/// - Throws: `EPANNsError` whose cause is the library's own text.
@discardableResult
func check(
    _ status: Int32, _ function: String, _ code: EPANNsError.Code = .backendFailure,
    _ message: @autoclosure () -> String? = nil, file: String = #fileID, line: Int = #line
) throws -> Int32 {
    if status >= 0 { return status }
    throw EPANNsError(
        code, message() ?? "FFmpeg refused a call; its version may be too old, or memory is short.",
        cause: FFmpegFailure(function: function, status: status), file: file, line: line)
}

/// Settings that FFmpeg keeps for the whole process, applied once before its first use.
enum FFmpegLibrary {
    /// Silences FFmpeg's own messages: what matters comes as errors and warnings of ours.
    static let prepare: Void = av_log_set_level(-8)  // AV_LOG_QUIET

    /// The audio decoders' names, separated by commas.
    ///
    /// While FFmpeg looks into a file it may open decoders for every stream; with this list it never runs a video
    /// or subtitle decoder on data that nobody asked for.
    static let audioDecoders: String = {
        var names: [String] = []
        var position: UnsafeMutableRawPointer?
        while let codec = av_codec_iterate(&position) {
            if codec.pointee.type == AVMEDIA_TYPE_AUDIO, av_codec_is_decoder(codec) != 0,
                let name = codec.pointee.name
            {
                names.append(String(cString: name))
            }
        }
        return names.joined(separator: ",")
    }()

    /// Containers that may be opened.
    ///
    /// Playlists and scripts, which make FFmpeg open further files or addresses, and
    /// formats that take any text for a picture are left out.
    static let containers = """
        wav,w64,aiff,au,caf,flac,mp3,ogg,mov,mp4,m4a,3gp,matroska,webm,aac,latm,ac3,eac3,dts,truehd,mpeg,mpegts,avi,flv,\
        asf,amr,amrnb,amrwb,wv,ape,tta,tak,aptx,gsm,voc,mpc,mpc8,rm,nut,mxf,dsf,sox,ircam,avr,nistsphere
        """
}
