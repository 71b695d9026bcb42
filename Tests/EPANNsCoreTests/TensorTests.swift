import EPANNsCore
import Testing

@Suite struct TensorTests {
    @Test func stridedElementsComeInRowMajorOrder() throws {
        let base = Tensor(shape: [6], values: [0, 1, 2, 3, 4, 5])
        let transposed = try Tensor(shape: [3, 2], dataType: .float32, strides: [1, 3], storage: base.storage)
        #expect(!transposed.isContiguous)
        #expect(transposed.floats == [0, 3, 1, 4, 2, 5])
        #expect(transposed.withFloats { Array($0) } == [0, 3, 1, 4, 2, 5])
    }

    @Test func anElementOutsideTheStorageIsAnError() throws {
        let base = Tensor(shape: [6], values: [0, 1, 2, 3, 4, 5])
        #expect(throws: EPANNsError.self) {
            try Tensor(shape: [7], dataType: .float32, storage: base.storage)
        }
        #expect(throws: EPANNsError.self) {
            try Tensor(shape: [2, 3], dataType: .float32, strides: [4, 1], storage: base.storage)
        }
        #expect(throws: EPANNsError.self) {
            try Tensor(shape: [Int.max, 3], dataType: .float32, strides: [Int.max, 1], storage: base.storage)
        }
        #expect(throws: EPANNsError.self) {
            try Tensor(shape: [-1], dataType: .float32, storage: base.storage)
        }
    }

    @Test func halfPrecisionFormatsConvert() throws {
        let halfBits: [UInt16] = [0x3C00, 0xC000, 0x0001, 0x7C00, 0x3555]
        let storage = TensorStorage(byteCount: 10) { bytes in
            for (index, value) in halfBits.enumerated() {
                bytes.storeBytes(of: value.littleEndian, toByteOffset: index * 2, as: UInt16.self)
            }
        }
        let half = try Tensor(shape: [5], dataType: .float16, storage: storage)
        #expect(half.floats == [1, -2, 0x1p-24, .infinity, 0.33325195])
        let brain = try Tensor(shape: [1], dataType: .bfloat16, storage: storage)
        #expect(brain.floats == [Float(bitPattern: 0x3C00_0000)])
    }
}
