import EPANNs
import EPANNsTestSupport
import Foundation
import Testing

@Suite struct TransformKernelTests {
    /// Kernels as a convolution give the spectrum that the front end computes.
    @Test func kernelsAreTheTransform() throws {
        var model = try Model.read(path: TinyModel.path)
        #expect(model.weights["spectrogram_extractor.stft.conv_real.weight"] == nil)
        try model.addTransformKernels()
        let real = try #require(model.weights["spectrogram_extractor.stft.conv_real.weight"])
        let imaginary = try #require(model.weights["spectrogram_extractor.stft.conv_imag.weight"])
        let mel = try #require(model.melWeights)
        #expect(real.shape == [513, 1, 1024] && imaginary.shape == real.shape && mel.shape == [513, 64])
        let samples = TinyModel.noise(count: 2048)
        // The third frame of a hop of 320 whose padding is 512 begins at sample 128.
        let frame = samples[128..<1152].map(Double.init)
        let (cosines, sines, bank) = (real.floats, imaginary.floats, mel.floats)
        let power = (0..<513).map { bin in
            var (re, im) = (0.0, 0.0)
            for (index, sample) in frame.enumerated() {
                re += sample * Double(cosines[bin * 1024 + index])
                im += sample * Double(sines[bin * 1024 + index])
            }
            return re * re + im * im
        }
        let frontEnd = try LogMelSpectrogram(configuration: model.graph().input)
        let spectrogram = try frontEnd(samples)
        for band in 0..<64 {
            let energy = (0..<513).reduce(0.0) { $0 + power[$1] * Double(bank[$1 * 64 + band]) }
            let expected = 10 * log10(max(energy, 1e-10))
            // dB; the front end's transform is in Float32.
            #expect(abs(Double(spectrogram[2 * 64 + band]) - expected) < 1e-3, "band \(band)")
        }
        // What is there stays.
        let once = model.weights["logmel_extractor.melW"]?.floats
        try model.addTransformKernels()
        #expect(model.weights["logmel_extractor.melW"]?.floats == once)
    }
}
