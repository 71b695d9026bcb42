import EPANNs

/// Tells who uses the built-in model without having named it that it is small, and what hears more.
enum BuiltInHint {
    static let text =
        "\(Model.builtInName) is used, the small model that is built in; others know far more: “epanns models download "
        + "\(ModelAdvice.name)”, and from then on --model \(ModelAdvice.name)."

    /// Says it, in each run: results look alike whoever made them.
    static func show() { StandardError.write(text) }
}
