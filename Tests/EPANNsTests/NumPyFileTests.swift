import EPANNs
import EPANNsTestSupport
import Foundation
import Testing

/// `numpy.load` itself has read such files (NumPy 2, by hand); here a small parser does.
@Suite struct NumPyFileTests {
    @Test(arguments: [[], [0], [3], [2, 3], [0, 5], [4, 1, 2], [1000, 20]])
    func arraysReadBack(shape: [Int]) throws {
        let values = (0..<shape.reduce(1, *)).map { Float($0) * 0.1 - 1 }
        let array = try NumPyArray(Data(NumPyFile.bytes(values, shape: shape)))
        #expect(array.shape == shape)
        #expect(array.values == values)
        #expect(array.dataOffset % 64 == 0)
    }

    @Test func everyBitSurvives() throws {
        let values: [Float] = [-0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity, .nan, 1 / 3]
        let array = try NumPyArray(Data(NumPyFile.bytes(values, shape: [6])))
        #expect(array.values.map(\.bitPattern) == values.map(\.bitPattern))
    }

    @Test(arguments: [[2], [-1, -3], [Int.max, 2], [4, 1]])
    func shapesThatDoNotFitAreRefused(shape: [Int]) {
        #expect(failure(of: { _ = try NumPyFile.bytes([1, 2, 3], shape: shape) })?.code == .invalidConfiguration)
    }

    @Test func filesAreReplaced() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/a.npy"
            try NumPyFile.write([1], shape: [1], to: path)
            try NumPyFile.write([2, 3], shape: [2, 1], to: path)
            #expect(try NumPyArray(path: path).values == [2, 3])
            #expect(
                failure(of: { try NumPyFile.write([1], shape: [1], to: folder + "/no/a.npy") })?.code == .fileFailure)
        }
    }
}
