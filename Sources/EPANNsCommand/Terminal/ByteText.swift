/// Sizes as people read them.
enum ByteText {
    /// Three digits or so, in powers of a thousand, as file managers and Zenodo print them.
    static func short(_ count: Int) -> String { short(Double(count)) }

    static func short(_ count: Double) -> String {
        var value = count
        var units = ["B", "kB", "MB", "GB", "TB"][...]
        while value >= 999.5, units.count > 1 {
            value /= 1000
            units.removeFirst()
        }
        let digits = value < 99.95 && units.first != "B" ? 1 : 0
        let factor = digits == 1 ? 10.0 : 1
        let rounded = (value * factor).rounded() / factor
        return "\(digits == 1 ? "\(rounded)" : "\(Int(rounded))") \(units.first ?? "B")"
    }
}
