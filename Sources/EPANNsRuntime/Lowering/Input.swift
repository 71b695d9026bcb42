import COneDNN
import EPANNsGraph

extension ProgramBuilder {
    /// The spectrograms, or the given results of the first node, which are written before a run.
    mutating func input(_ index: Int) throws {
        let value = newValue(try .plain(dimensions(index)))
        values[index] = value
        inputValue = value
    }

    /// Where the input goes.
    package var programInput: ProgramInput {
        guard let value = inputValue else { preconditionFailure("the input is lowered first") }
        return ProgramInput(
            buffer: value.buffer, count: value.layout.dimensions.reduce(1, *), affine: inputAffine)
    }
}
