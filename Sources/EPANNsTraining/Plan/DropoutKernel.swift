import EPANNsCore
import EPANNsRuntime

/// Inverted dropout over a batch whose clips lie one behind the other, whatever the layout within a clip is.
struct DropoutKernel {
    let layer: UInt16
    let rate: Float
    let batch: Int
    let elementsPerClip: Int

    private static let chunk = 4096

    func run<Element: DropoutElement>(
        _ team: Team, _ step: TrainingStepInput, _ source: UnsafePointer<Element>,
        _ target: UnsafeMutablePointer<Element>
    ) {
        // Sixteen random bits an element: the rate is exact to 1/65536.
        let threshold = UInt32((Double(rate) * 65536).rounded())
        let scale = 1 / (1 - rate)
        let chunks = (elementsPerClip + Self.chunk - 1) / Self.chunk
        let (seed, iteration, position) = (step.seed, step.iteration, step.firstPosition)
        team.run(batch * chunks) { range in
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.chunk / 2) { words in
                for unit in range {
                    let (clip, part) = unit.quotientAndRemainder(dividingBy: chunks)
                    let random = CounterRandom(
                        seed: seed, iteration: iteration, position: position + clip, purpose: .dropout(layer))
                    let first = part * Self.chunk
                    let count = min(Self.chunk, elementsPerClip - first)
                    let wordCount = (count + 1) / 2
                    random.fill(UnsafeMutableBufferPointer(rebasing: words[..<wordCount]), from: first / 2)
                    let start = clip * elementsPerClip + first
                    let (input, output) = (source + start, target + start)
                    for pair in 0..<count / 2 {
                        let word = words[pair]
                        output[2 * pair] = Element.dropped(input[2 * pair], word & 0xFFFF >= threshold, scale)
                        output[2 * pair + 1] = Element.dropped(input[2 * pair + 1], word >> 16 >= threshold, scale)
                    }
                    if count % 2 == 1 {
                        output[count - 1] = Element.dropped(
                            input[count - 1], words[wordCount - 1] & 0xFFFF >= threshold, scale)
                    }
                }
            }
        }
    }
}

/// Float32, or the bits of a bfloat16.
protocol DropoutElement {
    static func dropped(_ value: Self, _ isKept: Bool, _ scale: Float) -> Self
}

extension Float: DropoutElement {
    @inline(__always)
    static func dropped(_ value: Float, _ isKept: Bool, _ scale: Float) -> Float { isKept ? value * scale : 0 }
}

extension UInt16: DropoutElement {
    @inline(__always)
    static func dropped(_ value: UInt16, _ isKept: Bool, _ scale: Float) -> UInt16 {
        isKept ? BFloat16.bits(BFloat16.float(value) * scale) : 0
    }
}
