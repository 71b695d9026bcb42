/// The version of library and command.
public enum EPANNsVersion {
    /// By semantic versioning, for example `0.1.0`.
    public static let current = "0.1.0"
}
