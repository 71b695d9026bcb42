import EPANNsCore
import EPANNsGraph

/// The form of a plot's file.
public enum PlotFormat: String, Sendable, CaseIterable {
    /// Scalable, for pages and papers.
    case svg
    /// Pixels, at one and a half times the nominal size.
    case png

    /// The form that a file's name asks for.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` for other extensions than `.svg` and `.png`.
    public init(path: String) throws {
        let fileName = path.split(separator: "/").last.map(String.init) ?? path
        let suffix = fileName.split(separator: ".", omittingEmptySubsequences: false).dropFirst().last?.lowercased()
        guard let suffix, let format = Self(rawValue: suffix) else {
            throw EPANNsError(
                .invalidConfiguration, "Plots are SVG or PNG: give “\(path)” a name that ends in .svg or .png.")
        }
        self = format
    }
}
