import EPANNsCore

/// Multiplies every channel of a map with a number of its own, as squeeze-excitation does, and the backward pass.
///
/// oneDNN 2.x has only a plain loop for a factor per clip and channel. Maps lie in blocks of 16 channels (nChw16c), whose
/// padding holds zeros and stays so.
struct ChannelScaleKernel {
    let batch: Int
    let channels: Int
    let positions: Int

    private var blocks: Int { (channels + 15) / 16 }

    /// `target = source · factor`, factor of shape (batch, channels).
    func scale<Element: MapElement>(
        _ team: Team, _ source: UnsafePointer<Element>, _ factor: UnsafePointer<Float>,
        _ target: UnsafeMutablePointer<Element>
    ) {
        team.run(batch * blocks) { range in
            for unit in range {
                let vector = load(factor, unit)
                let start = unit * positions * 16
                for position in 0..<positions {
                    let at = start + position * 16
                    Element.store(Element.load(source + at) * vector, target + at)
                }
            }
        }
    }

    /// `target = Σ positions first · second`, of shape (batch, channels).
    func dot<Element: MapElement>(
        _ team: Team, _ first: UnsafePointer<Element>, _ second: UnsafePointer<Element>,
        _ target: UnsafeMutablePointer<Float>
    ) {
        team.run(batch * blocks) { range in
            for unit in range {
                let start = unit * positions * 16
                // Sums of 256 products, then their sum: rounding grows with the length of a chain.
                var total = SIMD16<Float>()
                var position = 0
                while position < positions {
                    var part = SIMD16<Float>()
                    for inner in position..<min(position + 256, positions) {
                        let at = start + inner * 16
                        part += Element.load(first + at) * Element.load(second + at)
                    }
                    total += part
                    position += 256
                }
                let (clip, block) = unit.quotientAndRemainder(dividingBy: blocks)
                for lane in 0..<min(16, channels - block * 16) {
                    target[clip * channels + block * 16 + lane] = total[lane]
                }
            }
        }
    }

    private func load(_ factor: UnsafePointer<Float>, _ unit: Int) -> SIMD16<Float> {
        let (clip, block) = unit.quotientAndRemainder(dividingBy: blocks)
        var vector = SIMD16<Float>()
        for lane in 0..<min(16, channels - block * 16) { vector[lane] = factor[clip * channels + block * 16 + lane] }
        return vector
    }
}

/// Float32, or the bits of a bfloat16, in blocks of 16 channels.
protocol MapElement {
    static func load(_ address: UnsafePointer<Self>) -> SIMD16<Float>
    static func store(_ values: SIMD16<Float>, _ address: UnsafeMutablePointer<Self>)
}

extension Float: MapElement {
    @inline(__always)
    static func load(_ address: UnsafePointer<Float>) -> SIMD16<Float> {
        UnsafeRawPointer(address).load(as: SIMD16<Float>.self)
    }

    @inline(__always)
    static func store(_ values: SIMD16<Float>, _ address: UnsafeMutablePointer<Float>) {
        UnsafeMutableRawPointer(address).storeBytes(of: values, as: SIMD16<Float>.self)
    }
}

extension UInt16: MapElement {
    @inline(__always)
    static func load(_ address: UnsafePointer<UInt16>) -> SIMD16<Float> {
        BFloat16.floats(UnsafeRawPointer(address).load(as: SIMD16<UInt16>.self))
    }

    @inline(__always)
    static func store(_ values: SIMD16<Float>, _ address: UnsafeMutablePointer<UInt16>) {
        UnsafeMutableRawPointer(address).storeBytes(of: BFloat16.bits(values), as: SIMD16<UInt16>.self)
    }
}
