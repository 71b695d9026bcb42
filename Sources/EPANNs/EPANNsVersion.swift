/// The version of library and command.
public enum EPANNsVersion {
    /// By semantic versioning, for example `0.2.0`.
    public static let current = "0.2.0"
}
