extension DataSet {
    /// The folds of some clips, as an evaluation divides them; nil where they have none or are of one.
    package func parts(of clips: [Int]) -> [String]? {
        let folds = clips.map { self.clips[$0].fold.map(String.init) }
        return folds.contains(nil) || Set(folds).count < 2 ? nil : folds.compactMap(\.self)
    }
}
