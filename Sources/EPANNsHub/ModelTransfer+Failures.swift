import EPANNsCore
import Foundation

/// What the user is told when a transfer fails.
extension ModelTransfer {
    /// How to go on after a failure of the network.
    private var wayOut: String {
        let kept =
            part.byteCount > 0
            ? "the \(part.byteCount) bytes that have arrived are kept and it goes on there"
            : "it can be repeated at any time"
        return "Check the network connection and try again: \(kept). Or fetch the file on another machine from "
            + "\(model.downloadURL), and put it at \(cache.path(for: model))."
    }

    private var host: String { source.host() ?? source.absoluteString }

    /// No server answered at all.
    func unreachable(_ interruption: Interruption) -> EPANNsError {
        EPANNsError(
            .networkFailure,
            "Cannot reach \(host), so “\(model.name)” was not downloaded (\(interruption.reason)). \(wayOut)",
            cause: interruption.cause)
    }

    /// The transfer broke too often.
    func gaveUp(_ interruption: Interruption, after retries: Int) -> EPANNsError {
        EPANNsError(
            .networkFailure,
            "The download of “\(model.name)” from \(host) failed, also after \(retries.counted("retry", plural: "retries")) (the last time: "
                + "\(interruption.reason)). \(wayOut)",
            cause: interruption.cause)
    }

    /// The server answered, but not with the file, and will not tomorrow.
    func refused(_ what: String) -> EPANNsError {
        EPANNsError(
            .networkFailure,
            "“\(model.name)” was not downloaded: \(what). Look at \(model.pageURL) whether the file has moved, or "
                + "fetch it by other means and put it at \(cache.path(for: model)).")
    }

    /// The file has a size it cannot have.
    func wrongSize(_ what: String) -> EPANNsError {
        EPANNsError(
            .checksumMismatch,
            "\(source.absoluteString) is not the right file for “\(model.name)”: \(what). See \(model.pageURL) whether "
                + "a new version has been published.")
    }
}
