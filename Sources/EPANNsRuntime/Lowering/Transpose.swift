extension ProgramBuilder {
    /// Nothing moves: what was the graph's height is its width from here on.
    mutating func transpose(_ index: Int) {
        let source = use.source(index)
        values[index] = value(source)
        values[index]?.isTransposed.toggle()
        recipes[index] = { builder, gradient in
            var gradient = gradient
            gradient.isTransposed.toggle()
            builder.addGradient(source, gradient)
        }
    }
}
