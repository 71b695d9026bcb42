import COneDNN

// Weights as parameters: in the master store, with a gradient each, for training.
extension ProgramBuilder {
    /// A layer's slots in the store.
    struct Parameters {
        var weight: Int
        var bias: Int?

        func isTrained(in store: ParameterStore) -> Bool {
            store.slots[weight].isTrainable || bias.map { store.slots[$0].isTrainable } ?? false
        }

        func biasArguments(in store: ParameterStore) -> [Argument] {
            guard let bias else { return [] }
            return [Argument(index: DNNL_ARG_BIAS, place: .weight(bias), layout: store.slots[bias].layout)]
        }
    }

    /// Notes the weight and bias of a convolution or linear layer.
    ///
    /// - Parameters:
    ///   - shape: The weight's shape in PyTorch.
    ///   - dimensions: Its extents as the primitive sees them.
    ///   - transposed: Whether the primitive sees the kernel's height as its width.
    func addLayer(
        _ name: String, shape: [Int], dimensions: [Int], transposed: Bool = false, hasBias: Bool,
        in store: ParameterStore
    ) throws -> Parameters {
        let weight = try addParameter(
            name + ".weight", shape: shape, dimensions: dimensions, transposed: transposed, in: store)
        let count = shape[0]
        return Parameters(
            weight: weight,
            bias: hasBias ? try addParameter(name + ".bias", shape: [count], dimensions: [count], in: store) : nil)
    }

    /// Notes a weight with a provisional row-major layout of oneDNN's extents.
    func addParameter(
        _ name: String, shape: [Int], dimensions: [Int], transposed: Bool = false, in store: ParameterStore
    ) throws -> Int {
        var slot = ParameterSlot(
            name: name, shape: shape, layout: try .plain(dimensions), isTransposed: transposed,
            isTrainable: mode.isTrained(name))
        slot.layout = try slot.plain()
        return store.add(slot)
    }

    /// The master weight in the layout and type that a primitive wants.
    mutating func weightArgument(_ slot: Int, _ wanted: MemoryDescriptor, in store: ParameterStore) throws -> Argument {
        let (layout, name) = (store.slots[slot].layout, store.slots[slot].name)
        if layout.matches(wanted) { return Argument(index: DNNL_ARG_WEIGHTS, place: .weight(slot), layout: wanted) }
        let primitive = try Primitive.reorder("a reorder of \(name)", from: layout, to: wanted)
        let copy = newValue(wanted)
        emit(
            "reorder of \(name)", primitive,
            [
                Argument(index: DNNL_ARG_FROM, place: .weight(slot), layout: layout),
                argument(DNNL_ARG_TO, copy),
            ])
        return argument(DNNL_ARG_WEIGHTS, copy)
    }

    /// Where the gradients of a layer's weight and bias go.
    mutating func gradientArguments(_ parameters: Parameters, in store: ParameterStore) -> [Argument] {
        var arguments = [gradientArgument(DNNL_ARG_DIFF_WEIGHTS, parameters.weight, in: store)]
        if let bias = parameters.bias { arguments.append(gradientArgument(DNNL_ARG_DIFF_BIAS, bias, in: store)) }
        return arguments
    }

    /// Where a weight's gradient goes: nowhere that is kept, if it is frozen.
    mutating func gradientArgument(_ index: Int32, _ slot: Int, in store: ParameterStore) -> Argument {
        let layout = store.slots[slot].layout
        if store.slots[slot].isTrainable { return Argument(index: index, place: .gradient(slot), layout: layout) }
        return argument(index, newValue(layout))
    }
}
