/// Where a program's input goes and what happens to it on the way; it is written before each run.
package struct ProgramInput: Sendable {
    /// A norm over mel bands, applied while the input is copied in.
    struct Affine: Sendable {
        var scale: [Float]
        var shift: [Float]
    }

    let buffer: Int
    /// Number of elements.
    package let count: Int
    let affine: Affine?
}

extension Program {
    /// Writes the input, row-major.
    package func fill(_ input: ProgramInput, from values: UnsafeBufferPointer<Float>) {
        precondition(values.count == input.count, "the program takes \(input.count) numbers, not \(values.count)")
        let target = floats(input.buffer, count: input.count)
        guard let affine = input.affine else {
            _ = target.update(from: values)
            return
        }
        affine.scale.withUnsafeBufferPointer { scale in
            affine.shift.withUnsafeBufferPointer { shift in
                let bands = scale.count
                for start in stride(from: 0, to: values.count, by: bands) {
                    for band in 0..<bands {
                        target[start + band] = values[start + band] * scale[band] + shift[band]
                    }
                }
            }
        }
    }
}
