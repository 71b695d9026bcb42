import EPANNsCore
import EPANNsRuntime

extension ParameterStore {
    /// Checksum of the trained weights' bits.
    func weightDigest() -> String { Self.digest(weights) }

    /// Checksum of where in memory each element of a gradient lies.
    ///
    /// oneDNN chooses by the processor; sums over processes with different orders would add up what does not belong
    /// together. Overwrites the gradients.
    func layoutDigest() throws -> String {
        var names = ""
        for (position, slot) in slots.enumerated() where slot.isTrainable {
            names += "\(slot.name) \(slot.shape) \(slot.offset) \(slot.paddedCount)\n"
            // Numbers from 1 on, so that padding is told from elements.
            let count = slot.shape.reduce(1, *)
            try fill(position, from: (1...count).map { Float($0) }, in: gradients)
        }
        defer { gradients.update(repeating: 0) }
        return Self.digest(gradients, names)
    }

    private static func digest(_ values: UnsafeMutableBufferPointer<Float>, _ text: String = "") -> String {
        var hash = MessageDigest(.sha256)
        hash.update(text)
        hash.update(UnsafeRawBufferPointer(values))
        return hash.hexadecimal
    }
}
