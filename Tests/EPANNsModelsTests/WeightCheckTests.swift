import EPANNsCore
import EPANNsGraph
import EPANNsModels
import EPANNsTestSupport
import Foundation
import Testing

/// Weights that no training makes are refused by name, in every format and element type.
@Suite struct WeightCheckTests {
    private static let configuration = ModelConfiguration.cnn(
        .init(.cnn6, widths: [3, 4, 5, 6], embeddingWidth: 33, classCount: 2))

    /// Writes the model with one number replaced, and gives what reading says.
    private func reading(
        _ name: String, _ value: Float, at index: Int, as type: DataType = .float32
    ) throws -> EPANNsError? {
        try withTemporaryFolder { folder in
            let path = folder + "/bad.safetensors"
            var weights = try TinyModel.weights(Self.configuration)
            let tensor = try #require(weights[name])
            var values = tensor.floats
            values[index == -1 ? values.count - 1 : index] = value
            weights[name] = Tensor(shape: tensor.shape, values: values)
            try Model(name: "bad", configuration: Self.configuration, weights: weights).write(to: path, dataType: type)
            return failure { _ = try Model.read(path: path) }
        }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity], [DataType.float32, .bfloat16])
    func numbersThatAreNotFinite(value: Float, type: DataType) throws {
        // In the vectors and in what is left behind them.
        for index in [0, 17, -1] {
            let error = try reading("fc1.weight", value, at: index, as: type)
            #expect(error?.code == .invalidCheckpoint)
            #expect(
                error?.message.contains("“bad.safetensors”: Tensor “fc1.weight” holds 1 of 198") == true,
                "\(String(describing: error))")
            #expect(error?.message.contains(value.isNaN ? "NaN" : "infinite") == true)
        }
        #expect(try reading("conv_block1.bn1.weight", value, at: 1) != nil)
    }

    @Test func largeNumbersAreNumbers() throws {
        #expect(try reading("fc1.weight", .greatestFiniteMagnitude, at: 3) == nil)
        #expect(try reading("fc1.weight", -.leastNonzeroMagnitude, at: 3) == nil)
    }

    @Test func variancesAreNotNegative() throws {
        let error = try reading("conv_block2.bn1.running_var", -0.5, at: 2)
        #expect(error?.code == .invalidCheckpoint)
        #expect(
            error?.message.contains(
                "Tensor “conv_block2.bn1.running_var” holds a variance of -0.5, which cannot be below zero") == true)
        #expect(try reading("conv_block2.bn1.running_var", 0, at: 2) == nil)
        #expect(try reading("conv_block2.bn1.running_mean", -0.5, at: 2) == nil)
    }

    /// A PyTorch file, whose tensor `fc1.bias` begins with NaN.
    @Test func pyTorchFilesAlike() throws {
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: TinyModel.path)))
        let model = try Model(bytes: bytes)
        let tensor = try #require(model.weights["fc1.bias"])
        let file = try #require(model.origin?.storage.bytes)
        let start = try #require(tensor.storage.bytes.baseAddress) - #require(file.baseAddress) + tensor.byteOffset
        for (index, byte) in withUnsafeBytes(of: Float.nan.bitPattern.littleEndian, Array.init).enumerated() {
            bytes[start + index] = byte
        }
        let error = failure { _ = try Model(bytes: bytes, name: "tiny.pt") }
        #expect(error?.code == .invalidCheckpoint)
        #expect(error?.message.contains("“tiny.pt”: Tensor “fc1.bias”") == true, "\(String(describing: error))")
    }

    @Test(arguments: [DataType.float16, .float64])
    func otherElementTypes(type: DataType) throws {
        try withTemporaryFolder { folder in
            let path = folder + "/bad.safetensors"
            var weights = try TinyModel.weights(Self.configuration)
            let model = try Model(name: "bad", configuration: Self.configuration, weights: weights)
            try model.write(to: path)
            let metadata = try Checkpoint.read(path: path).metadata
            let name = "fc1.bias"
            let count = try #require(weights[name]).count
            for isBad in [false, true] {
                let storage = TensorStorage(byteCount: count * type.byteCount) { bytes in
                    bytes.initializeMemory(as: UInt8.self, repeating: 0)
                    guard isBad else { return }
                    // The sign, the exponent and the first bit of the fraction of the last element.
                    bytes[bytes.count - 1] = 0xFF
                    bytes[bytes.count - 2] = 0xF8
                }
                weights[name] = try Tensor(shape: [count], dataType: type, storage: storage)
                try SafetensorsWriter.write(weights, metadata: metadata, to: path)
                let error = failure { _ = try Model.read(path: path) }
                #expect(
                    (error?.message.contains("Tensor “fc1.bias” holds 1 of \(count) numbers that is NaN") == true)
                        == isBad)
                #expect((error == nil) != isBad)
            }
        }
    }
}
