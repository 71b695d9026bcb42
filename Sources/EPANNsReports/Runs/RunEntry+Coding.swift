extension RunEntry: Encodable {
    private enum CodingKeys: String, CodingKey {
        case kind, iteration, text, metric, value, seconds, reason
    }

    /// Writes the line's object.
    public func encode(to encoder: any Encoder) throws {
        var box = encoder.container(keyedBy: CodingKeys.self)
        try box.encode(kind, forKey: .kind)
        switch self {
        case .start(let start): try start.encode(to: encoder)
        case .step(let step): try step.encode(to: encoder)
        case .evaluation(let evaluation): try evaluation.encode(to: encoder)
        case .best(let iteration, let metric, let value):
            try box.encode(iteration, forKey: .iteration)
            try box.encode(metric, forKey: .metric)
            try box.encode(value, forKey: .value)
        case .checkpoint(let iteration, let seconds):
            try box.encode(iteration, forKey: .iteration)
            try box.encode(seconds, forKey: .seconds)
        case .resume(let iteration): try box.encode(iteration, forKey: .iteration)
        case .end(let iteration, let reason):
            try box.encode(iteration, forKey: .iteration)
            try box.encode(reason, forKey: .reason)
        case .note(let text): try box.encode(text, forKey: .text)
        }
    }
}

// Reading takes what it finds: a log may be older, newer, or damaged.
extension RunEntry.Step {
    /// Reads a line; nil without an iteration or a loss.
    init?(_ line: [String: LogValue]) {
        guard let iteration = line[CodingKeys.iteration.rawValue]?.integer, let loss = line[CodingKeys.loss.rawValue]
        else { return nil }
        func number(_ key: CodingKeys) -> Double { line[key.rawValue]?.number ?? .nan }
        self.init(
            iteration: iteration, loss: loss.number ?? .nan, learningRate: number(.learningRate),
            clipsPerSecond: number(.clipsPerSecond), waitSeconds: number(.waitSeconds), seconds: number(.seconds))
    }
}

extension RunEntry.Evaluation {
    /// Reads a line; nil without an iteration.
    init?(_ line: [String: LogValue]) {
        guard let iteration = line[CodingKeys.iteration.rawValue]?.integer else { return nil }
        func number(_ key: CodingKeys) -> Double? { line[key.rawValue]?.number }
        self.init(
            iteration: iteration, set: line[CodingKeys.set.rawValue]?.text ?? "test", map: number(.map) ?? .nan,
            mauc: number(.mauc), dPrime: number(.dPrime), accuracy: number(.accuracy), loss: number(.loss) ?? .nan,
            seconds: number(.seconds) ?? .nan)
    }
}
