extension Int {
    /// The number and what is counted, “1 clip”, “2 clips”, “2 classes”.
    ///
    /// - Parameter plural: For nouns whose plural is made neither by -s nor, after an s, by -es.
    ///
    /// Test: `CountedTests`.
    package func counted(_ noun: String, plural: String? = nil) -> String {
        self == 1 ? "1 \(noun)" : "\(self) \(plural ?? noun + (noun.hasSuffix("s") ? "es" : "s"))"
    }

    /// A part of what is counted, “1 of 1 clip”, “1 of 2 clips”.
    package func counted(of total: Int, _ noun: String) -> String { "\(self) of \(total.counted(noun))" }

    /// The verb that goes with so many.
    package var isOrAre: String { self == 1 ? "is" : "are" }
}
