import EPANNsAudio
import Foundation
import Testing

@Suite struct VectorLogarithmTests {
    /// Every exponent, dense around 1, where the logarithm loses its digits if done carelessly.
    @Test func agreesWithTheLibraryOverTheWholeRange() {
        var worst = 0.0
        var values: [Float] = []
        for exponent in 1..<255 {
            for step in 0..<64 {
                values.append(Float(bitPattern: UInt32(exponent) << 23 | UInt32(step) * 131_071))
            }
        }
        for step in -4000...4000 { values.append(Float(bitPattern: UInt32(0x3F80_0000 + step * 97))) }
        values += (-50...50).map { Float(bitPattern: UInt32(0x3F35_04F3 + $0)) }
        while values.count % 8 != 0 { values.append(2) }
        for start in stride(from: 0, to: values.count, by: 8) {
            let x = SIMD8<Float>(values[start..<start + 8])
            let y = VectorLogarithm.naturalLogarithm(x)
            for lane in 0..<8 {
                let exact = log(Double(x[lane]))
                let error = exact == 0 ? Double(abs(y[lane])) : abs(Double(y[lane]) / exact - 1)
                worst = max(worst, error)
            }
        }
        print("logarithm: worst relative error \(worst)")
        #expect(worst <= 1e-6)
    }

    /// Sizes around the vector width, and values at and below the floor.
    @Test(arguments: [0, 1, 7, 8, 9, 31, 64])
    func rowsOfAnyLengthMatchTheScalarFormula(count: Int) {
        var row = (0..<count).map { Float(pow(10, Double($0 % 40) - 20)) }
        let input = row
        row.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            VectorLogarithm.apply(
                to: base, count: count, bias: 0, floor: 1e-10, floorValue: -100, scale: 4.342_944_8, offset: 0)
        }
        for (x, y) in zip(input, row) {
            // 2.5e-5 dB is three units in the last place of a Float32 near 190.
            #expect(abs(Double(y) - 10 * log10(max(Double(x), 1e-10))) < 2.5e-5)
            if x <= 1e-10 { #expect(y == -100) }
        }
    }

    @Test func zeroInfinityAndNotANumberAreClamped() {
        var row: [Float] = [0, -1, .infinity, .nan, 1]
        row.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            VectorLogarithm.apply(
                to: base, count: 5, bias: 0, floor: 1e-10, floorValue: -100, scale: 4.342_944_8, offset: 0)
        }
        #expect(row[0] == -100 && row[1] == -100 && row[4] == 0)
        #expect(row[2].isFinite && row[2] > 380 && row[3] == row[2])
    }
}

@Suite struct PowerSpectrumTests {
    /// Every bin of every length against the definition in Float64; a strong tone beside noise, so that a mirrored or
    /// leaking bin shows.
    @Test(arguments: [32, 64, 100, 256, 512, 1024, 1380, 4096])
    func matchesTheDefinition(count: Int) throws {
        let spectrum = try PowerSpectrum(count: count)
        var signal = Signals.noise(count: count)
        for index in 0..<count { signal[index] += Float(cos(2 * .pi * Double(3 * index) / Double(count) + 0.3)) }
        for (index, value) in signal.enumerated() { spectrum.halfInput[index] = value / 2 }
        spectrum.execute()
        let cosines = (0..<count).map { cos(2 * Double.pi * Double($0) / Double(count)) }
        var worst = 0.0
        for bin in 0...count / 2 {
            var (real, imaginary) = (0.0, 0.0)
            for (index, value) in signal.enumerated() {
                let phase = bin * index % count
                real += Double(value) * cosines[phase]
                imaginary += Double(value) * cosines[(phase + count / 4) % count]
            }
            let exact = (real * real + imaginary * imaginary).squareRoot()
            worst = max(worst, abs(Double(spectrum.power[bin]).squareRoot() - exact))
        }
        // The tone's amplitude is N/2; a Float32 transform errs by a few roundings (6e-8) of the loudest bin.
        #expect(worst < 5e-7 * Double(count) / 2, "\(worst)")
        #expect((0..<8).allSatisfy { spectrum.power[count / 2 + 1 + $0] == 0 }, "vectors read these")
    }
}
