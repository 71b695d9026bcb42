import COneDNN

/// The library that runs the networks' layers.
public enum KernelLibrary {
    /// The version of oneDNN that is loaded, for example `2.6.3`; it need not be that of the headers.
    public static var version: String {
        guard let version = dnnl_version()?.pointee else { return "of unknown version" }
        return "\(version.major).\(version.minor).\(version.patch)"
    }
}
