internal import CFFmpeg
import EPANNsCore

/// Changes the sample rate of a mono signal, block by block.
///
/// swresample with the soxr engine at a precision of 20 bits: the same library and quality as librosa's `soxr_hq`.
/// Where swresample was built without soxr, its own engine with a long Kaiser window serves instead. The output is
/// cut or padded with zeros to exactly `ceil(N·out/in)` samples. Test: `ResamplerTests`.
package final class Resampler {
    /// Which filter does the work.
    package enum Engine: Sendable {
        /// libsoxr.
        case soxr
        /// swresample's own polyphase filter.
        case polyphase
    }

    /// Input rate, in Hz.
    package let inputRate: Int
    /// Output rate, in Hz.
    package let outputRate: Int
    /// Which filter does the work.
    package private(set) var engine: Engine
    private var context: OpaquePointer?
    private var inputCount = 0
    private var outputCount = 0

    // Bounds the output of one call, whatever a decoder hands over.
    private static let largestStep = 16384

    /// Plans a conversion.
    ///
    /// - Parameter engine: The engine to try first.
    /// - Throws: `EPANNsError` with code `backendFailure` when swresample refuses.
    package init(inputRate: Int, outputRate: Int, engine: Engine = .soxr) throws {
        self.inputRate = inputRate
        self.outputRate = outputRate
        self.engine = engine
        if inputRate == outputRate { return }
        _ = FFmpegLibrary.prepare
        if try !start(engine) {
            self.engine = .polyphase
            guard engine == .soxr, try start(.polyphase) else {
                throw EPANNsError(
                    .backendFailure, "libswresample cannot convert \(inputRate) Hz to \(outputRate) Hz.")
            }
        }
    }

    deinit { swr_free(&context) }

    /// Takes samples at the input rate and gives those that are ready at the output rate, often none.
    package func process(_ samples: [Float]) throws -> [Float] {
        inputCount += samples.count
        guard context != nil else {
            outputCount += samples.count
            return samples
        }
        var result: [Float] = []
        try samples.withUnsafeBufferPointer { samples in
            guard let base = samples.baseAddress else { return }
            for start in stride(from: 0, to: samples.count, by: Self.largestStep) {
                try convert(base + start, count: min(Self.largestStep, samples.count - start), into: &result)
            }
        }
        // Never beyond the promised length, lest the end could not be cut.
        let expected = Self.outputCount(inputCount, inputRate, outputRate)
        if outputCount + result.count > expected { result.removeLast(outputCount + result.count - expected) }
        outputCount += result.count
        return result
    }

    /// Ends the signal and gives the samples that were still inside the filter.
    package func finish() throws -> [Float] {
        var result: [Float] = []
        let missing = Self.outputCount(inputCount, inputRate, outputRate) - outputCount
        if context != nil, missing > 0 {
            try convert(nil, count: 0, into: &result)
            if result.count > missing { result.removeLast(result.count - missing) }
            if result.count < missing { result += [Float](repeating: 0, count: missing - result.count) }
        }
        outputCount += result.count
        return result
    }

    /// `ceil(count·output/input)`.
    private static func outputCount(_ count: Int, _ input: Int, _ output: Int) -> Int {
        (count * output + input - 1) / input
    }

    /// Sets up an engine; false when swresample does not have it.
    private func start(_ engine: Engine) throws -> Bool {
        try check(epanns_swr_alloc_mono(&context, Int32(outputRate), Int32(inputRate)), "swr_alloc_set_opts2")
        guard let context else {
            throw EPANNsError(.backendFailure, "There is no memory left to resample audio.")
        }
        let object = UnsafeMutableRawPointer(context)
        switch engine {
        case .soxr:
            try check(av_opt_set(object, "resampler", "soxr", 0), "av_opt_set(resampler)")
            try check(av_opt_set_double(object, "precision", 20, 0), "av_opt_set_double(precision)")
        case .polyphase:
            try check(av_opt_set_int(object, "filter_size", 128, 0), "av_opt_set_int(filter_size)")
            try check(av_opt_set(object, "filter_type", "kaiser", 0), "av_opt_set(filter_type)")
            try check(av_opt_set_double(object, "kaiser_beta", 12, 0), "av_opt_set_double(kaiser_beta)")
            try check(av_opt_set_double(object, "cutoff", 0.95, 0), "av_opt_set_double(cutoff)")
            try check(av_opt_set_int(object, "exact_rational", 1, 0), "av_opt_set_int(exact_rational)")
        }
        if swr_init(context) < 0 {
            swr_free(&self.context)
            return false
        }
        return true
    }

    private func convert(_ input: UnsafePointer<Float>?, count: Int, into result: inout [Float]) throws {
        let capacity = max(4096, count * outputRate / inputRate + 1024)
        var block = [Float](repeating: 0, count: capacity)
        var pending = count
        while true {
            let made = try check(
                block.withUnsafeMutableBufferPointer {
                    epanns_swr_convert_mono(context, $0.baseAddress, Int32(capacity), input, Int32(pending))
                }, "swr_convert")
            result += block[..<Int(made)]
            // A full block may mean that more waits inside; asking again with no new input fetches it.
            if made < Int32(capacity) { return }
            pending = 0
        }
    }
}
