/// Where a program's input goes and what happens to it on the way; it is written before each run.
package struct ProgramInput: Sendable {
    /// A norm over mel bands, applied while the input is copied in.
    struct Affine: Sendable {
        var scale: [Float]
        var shift: [Float]
    }

    /// One of the network's inputs.
    struct Part: Sendable {
        let buffer: Int
        /// Elements of a clip.
        let count: Int
        /// Where they begin in the clip's row.
        let offset: Int
        let affine: Affine?
    }

    let parts: [Part]
    let clips: Int
    /// Elements of a clip's row.
    package let rowCount: Int
    /// Number of elements of all clips.
    package var count: Int { clips * rowCount }
}

extension Program {
    /// Writes the input: the clips' rows.
    package func fill(_ input: ProgramInput, from values: UnsafeBufferPointer<Float>) {
        precondition(values.count == input.count, "the program takes \(input.count) numbers, not \(values.count)")
        guard let rows = values.baseAddress else { return }
        for part in input.parts {
            let target = floats(part.buffer, count: input.clips * part.count)
            for clip in 0..<input.clips {
                fill(target, at: clip * part.count, from: rows + clip * input.rowCount + part.offset, part)
            }
        }
    }

    private func fill(
        _ target: UnsafeMutableBufferPointer<Float>, at start: Int, from source: UnsafePointer<Float>,
        _ part: ProgramInput.Part
    ) {
        guard let affine = part.affine else {
            let values = UnsafeBufferPointer(start: source, count: part.count)
            _ = UnsafeMutableBufferPointer(rebasing: target[start..<start + part.count]).update(from: values)
            return
        }
        affine.scale.withUnsafeBufferPointer { scale in
            affine.shift.withUnsafeBufferPointer { shift in
                let bands = scale.count
                for row in stride(from: 0, to: part.count, by: bands) {
                    for band in 0..<bands {
                        target[start + row + band] = source[row + band] * scale[band] + shift[band]
                    }
                }
            }
        }
    }
}
