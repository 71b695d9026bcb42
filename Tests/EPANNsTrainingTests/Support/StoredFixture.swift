import Foundation

/// Files that scripts of `Tools/reference` wrote for these tests.
enum StoredFixture {
    static func path(_ name: String) -> String {
        Bundle.module.bundleURL.appendingPathComponent("Fixtures").appendingPathComponent(name).path
    }
}
