import EPANNsCore
import EPANNsGraph
import Foundation

/// A folder of its own for one test, removed afterwards.
package func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("epanns-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder.path)
}

/// The error that `body` throws; nil when it throws none, or one of another kind.
package func failure(of body: () throws -> Void) -> EPANNsError? {
    do {
        try body()
        return nil
    } catch {
        return error as? EPANNsError
    }
}

/// Mono samples as a WAV file of 32-bit floats, so that nothing is rounded.
package func wave(_ samples: [Float], sampleRate: Int = 32000) -> Data {
    func little<Value: FixedWidthInteger>(_ value: Value) -> Data {
        withUnsafeBytes(of: value.littleEndian) { Data($0) }
    }
    let size = UInt32(samples.count * 4)
    var data = Data("RIFF".utf8) + little(size + 36) + Data("WAVEfmt ".utf8)
    data += little(UInt32(16)) + little(UInt16(3)) + little(UInt16(1))
    data += little(UInt32(sampleRate)) + little(UInt32(sampleRate * 4)) + little(UInt16(4)) + little(UInt16(32))
    data += Data("data".utf8) + little(size)
    for sample in samples { data += little(sample.bitPattern) }
    return data
}

/// Largest absolute difference; infinite for other counts.
package func worst(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Float {
    a.count == b.count ? zip(a, b).reduce(0) { max($0, abs($1.0 - $1.1)) } : .infinity
}
