import COneDNN

extension ProgramBuilder {
    /// The sum of equal shapes, two at a time; the last addition takes the activation behind it along.
    mutating func add(_ index: Int) throws {
        let sources = use.sources(index)
        let (last, function) = sources.count > 1 ? fusedActivation(behind: index) : (index, nil)
        var total = value(sources[0])
        for (position, source) in sources.enumerated().dropFirst() {
            let other = try arranged(value(source), like: total, name: name(index))
            total = try binary(
                dnnl_binary_add, total, other, then: position == sources.count - 1 ? function : nil, name: name(last))
        }
        values[last] = total
        done.insert(last)
        recipes[index] = { builder, gradient in
            for source in sources { builder.addGradient(source, gradient) }
        }
    }
}
