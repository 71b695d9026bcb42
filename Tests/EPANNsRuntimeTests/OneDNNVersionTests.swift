import COneDNN
import Testing

/// Headers and library must be of one major version: the C interface changed between 2 and 3.
@Suite struct OneDNNVersionTests {
    @Test func headersAndLibraryAgree() throws {
        let version = try #require(dnnl_version()).pointee
        print(
            "oneDNN \(version.major).\(version.minor).\(version.patch) runs, built with the headers of "
                + "\(DNNL_VERSION_MAJOR).\(DNNL_VERSION_MINOR).\(DNNL_VERSION_PATCH)")
        #expect(version.major == DNNL_VERSION_MAJOR)
    }
}
