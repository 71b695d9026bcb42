import EPANNsCore

extension Operation {
    /// Multiply-accumulate operations for one element of the output.
    func macsPerElement(input: Shape) -> Int {
        // A query's products with all keys, and of what comes of them with all values; queries and outputs are as wide.
        if case .attention = self { return 2 * input.positions }
        return switch parameterLayout {
        case .kernel(let settings): (input.channels / settings.groups) * settings.kernel.reduce(1, *)
        case .matrix: input.channels
        case .norm, .affine, .value, .none: 0
        }
    }

    /// What PANNs count besides MACs, for one element of the output: biases and batch norms.
    ///
    /// Functional ReLUs and poolings are not counted.
    var otherFLOPsPerElement: Int {
        switch parameterLayout {
        case .kernel(let settings): settings.hasBias ? 1 : 0
        case .matrix(let settings): settings.hasBias ? 1 : 0
        case .norm, .affine: 2
        case .value, .none: 0
        }
    }
}

/// Sums and products of counts that come from files and callers.
enum CheckedCount {
    /// The product.
    ///
    /// - Throws: `EPANNsError` with code `invalidConfiguration` when it is too large to be counted.
    static func product(_ factors: [Int]) throws -> Int {
        try factors.reduce(1) { product, factor in
            let (result, overflow) = product.multipliedReportingOverflow(by: factor)
            if overflow { throw tooLarge }
            return result
        }
    }

    /// The sum; throws as ``product(_:)``.
    static func sum(_ terms: [Int]) throws -> Int {
        try terms.reduce(0) { sum, term in
            let (result, overflow) = sum.addingReportingOverflow(term)
            if overflow { throw tooLarge }
            return result
        }
    }

    private static var tooLarge: EPANNsError {
        EPANNsError(.invalidConfiguration, "The network or the clip is too large: its operations cannot be counted.")
    }
}
