import EPANNs
import EPANNsCore
import EPANNsHub
import Foundation

/// Tells who uses the built-in model for the first time that there are better ones.
enum BuiltInHint {
    static let text = """
        \(Model.builtInName) is used, the small model that is built in. “epanns models download epanns” fetches the \
        authors' AudioSet weights (97 MB), which know far more; from then on: --model epanns.
        """

    /// Says it, unless a file beside the downloaded models tells that it was said.
    static func show() {
        guard !StandardError.isSilent else { return }
        // No folder, no memory: then it is said every time.
        guard let folder = try? ModelCache.standard().directory else { return StandardError.write(text) }
        let marker = folder + "/.\(Model.builtInName)-hint"
        guard !FileManager.default.fileExists(atPath: marker) else { return }
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let isNoted = (try? Data().write(to: URL(fileURLWithPath: marker))) != nil
        StandardError.write(isNoted ? text + " (Said once.)" : text)
    }
}
