import EPANNsCore
import EPANNsGraph

extension ProgramBuilder {
    /// Scores of stretches to logits of the clip, by a kernel of ours in double precision; see `DecisionPooling`.
    mutating func poolDecisions(_ index: Int, _ pooling: DecisionPooling) throws {
        let name = name(index)
        let inputs = use.sources(index)
        // Row-major, a class's stretches are one stretch of memory.
        let sources = try inputs.map { try plainFloats(value($0), name: name) }
        let (values, attention) = (sources[0], sources[sources.count - 1])
        let (rows, length) = (batch(index) * shapes[index].channels, shapes[inputs[0]].positions)
        let result = newValue(try .plain(dimensions(index)))
        func row(_ context: KernelContext, _ value: Value, _ number: Int) -> UnsafeBufferPointer<Float> {
            UnsafeBufferPointer(start: context.floats(value.buffer) + number * length, count: length)
        }
        emit(name, buffers: [values.buffer, attention.buffer, result.buffer]) { context in
            let target = context.floats(result.buffer)
            context.team.run(rows) { range in
                for number in range {
                    let pooled = pooling.pool(
                        row(context, values, number), attention: row(context, attention, number))
                    target[number] = Float(pooled.logit)
                }
            }
        }
        self.values[index] = result
        recipes[index] = { builder, gradient in
            let outer = try builder.plainFloats(gradient, name: name)
            let inner = try sources.map { builder.newValue(try .floats($0.layout.dimensions)) }
            let buffers = [values.buffer, attention.buffer, outer.buffer] + inner.map(\.buffer)
            builder.emit(name, buffers: buffers) { context in
                let gradients = context.floats(outer.buffer)
                context.team.run(rows) { range in
                    for number in range {
                        let (own, weighing) = (row(context, values, number), row(context, attention, number))
                        let pooled = pooling.pool(own, attention: weighing)
                        // The slope of the logit by the probability.
                        let slope =
                            Double(gradients[number])
                            * (1 / max(pooled.probability, 1e-300) + 1 / max(pooled.opposite, 1e-300))
                        let toValues = context.floats(inner[0].buffer) + number * length
                        for position in 0..<length {
                            let (score, rest) = (
                                DecisionPooling.sigmoid(Double(own[position])),
                                DecisionPooling.sigmoid(-Double(own[position]))
                            )
                            toValues[position] = Float(slope * pooled.weights[position] * score * rest)
                        }
                        guard inner.count > 1 else { continue }
                        let toAttention = context.floats(inner[1].buffer) + number * length
                        for position in 0..<length {
                            let score = DecisionPooling.sigmoid(Double(own[position]))
                            let isCut = !DecisionPooling.attentionRange.contains(weighing[position])
                            toAttention[position] =
                                isCut ? 0 : Float(slope * pooled.weights[position] * (score - pooled.probability))
                        }
                    }
                }
            }
            for (input, difference) in zip(inputs, inner) { builder.addGradient(input, difference) }
        }
    }
}
