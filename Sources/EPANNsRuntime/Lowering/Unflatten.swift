extension ProgramBuilder {
    /// Splits the channels: the same row-major memory with other extents.
    mutating func unflatten(_ index: Int) throws {
        let name = name(index)
        let input = use.source(index)
        let source = try plain(value(input), name: name)
        let extents = source.layout.dimensions
        values[index] = try relabelled(source, dimensions(index))
        recipes[index] = { builder, gradient in
            let row = try builder.plain(gradient, name: name)
            builder.addGradient(input, try builder.relabelled(row, extents))
        }
    }
}
