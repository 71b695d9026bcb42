extension Int {
    /// The number and what is counted, “1 clip” or “2 clips”.
    ///
    /// Test: `CountedTests`.
    package func counted(_ noun: String, plural: String? = nil) -> String {
        self == 1 ? "1 \(noun)" : "\(self) \(plural ?? noun + "s")"
    }
}
