import EPANNs
import EPANNsCore

extension EPANNsError {
    /// The command's exit status; 64 for wrong arguments, as argument parsers give it, the others after sysexits(3).
    var exitStatus: Int32 {
        switch code {
        case .invalidConfiguration: 64
        case .invalidAudio, .unsupportedFormat, .invalidCheckpoint, .checkpointMismatch, .checksumMismatch: 65
        case .modelUnavailable, .fileFailure: 66
        case .networkFailure: 69
        case .backendFailure, .trainingFailure: 70
        }
    }
}
