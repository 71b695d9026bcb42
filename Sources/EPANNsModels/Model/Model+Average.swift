import EPANNsCore

extension Model {
    /// A model whose weights are the means of this one's and others', element by element.
    ///
    /// What AST's 0.459 model is: the mean of the last epochs' checkpoints. SPEC §2.9. Counters are this model's.
    ///
    /// - Parameter others: Models of the same network and classes.
    /// - Throws: `EPANNsError` with code `checkpointMismatch` when a network or its classes differ.
    public func averaged(with others: [Model]) throws -> Model {
        for other in others {
            guard other.configuration == configuration, other.labels == labels else {
                throw EPANNsError(
                    .checkpointMismatch,
                    "\(other.name.quoted) and \(name.quoted) are different networks, or have different classes; their "
                        + "weights have no mean.")
            }
        }
        var result: [String: Tensor] = [:]
        for (key, tensor) in weights {
            switch tensor.dataType {
            case .int64, .int32, .int16, .int8, .uint8, .bool: result[key] = tensor
            case .float64, .float32, .float16, .bfloat16:
                var sums = tensor.doubles
                for other in others {
                    guard let summand = other.weights[key], summand.shape == tensor.shape else {
                        throw EPANNsError(
                            .checkpointMismatch, "\(other.name.quoted) has no \(key) of the same shape.")
                    }
                    for (index, value) in summand.doubles.enumerated() { sums[index] += value }
                    summand.releaseForNow()
                }
                tensor.releaseForNow()
                let count = Double(others.count + 1)
                result[key] = Tensor(shape: tensor.shape, values: sums.map { Float($0 / count) })
            }
        }
        return try replacing(weights: result)
    }
}
