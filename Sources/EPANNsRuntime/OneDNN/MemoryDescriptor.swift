import COneDNN
import EPANNsCore
import EPANNsGraph

/// Extents, element type and layout of a tensor as oneDNN sees it; immutable.
package final class MemoryDescriptor: @unchecked Sendable {
    package let handle: onednn_md
    package let dimensions: [Int]
    package let dataType: dnnl_data_type_t

    /// Takes ownership of a descriptor.
    package init(owning handle: onednn_md, dimensions: [Int], dataType: dnnl_data_type_t) {
        self.handle = handle
        self.dimensions = dimensions
        self.dataType = dataType
    }

    deinit { onednn_md_destroy(handle) }

    /// A layout by name; `dnnl_format_tag_any` leaves the choice to a primitive.
    package convenience init(_ dimensions: [Int], _ dataType: dnnl_data_type_t, _ tag: dnnl_format_tag_t) throws {
        var handle: onednn_md?
        let extents = dimensions.map(Int64.init)
        try check(
            onednn_md_by_tag(&handle, Int32(dimensions.count), extents, dataType, tag), "a memory descriptor")
        guard let handle else { throw EPANNsError(.backendFailure, "oneDNN gave no memory descriptor.") }
        self.init(owning: handle, dimensions: dimensions, dataType: dataType)
    }

    /// A layout by strides, in elements.
    package convenience init(_ dimensions: [Int], _ dataType: dnnl_data_type_t, strides: [Int]) throws {
        var handle: onednn_md?
        try check(
            onednn_md_by_strides(
                &handle, Int32(dimensions.count), dimensions.map(Int64.init), dataType, strides.map(Int64.init)),
            "a memory descriptor")
        guard let handle else { throw EPANNsError(.backendFailure, "oneDNN gave no memory descriptor.") }
        self.init(owning: handle, dimensions: dimensions, dataType: dataType)
    }

    /// Row-major.
    package static func plain(_ dimensions: [Int], _ dataType: dnnl_data_type_t = dnnl_f32) throws -> MemoryDescriptor {
        try MemoryDescriptor(dimensions, dataType, strides: Tensor.contiguousStrides(dimensions))
    }

    /// The same memory with height and width swapped.
    package func transposed() throws -> MemoryDescriptor {
        var result: onednn_md?
        try check(onednn_md_permute(&result, handle, [0, 1, 3, 2]), "a transposed memory descriptor")
        guard let result else { throw EPANNsError(.backendFailure, "oneDNN gave no memory descriptor.") }
        return MemoryDescriptor(
            owning: result, dimensions: [dimensions[0], dimensions[1], dimensions[3], dimensions[2]],
            dataType: dataType)
    }

    package var byteCount: Int { onednn_md_size(handle) }

    /// Whether two descriptors lay out the same elements in the same places.
    package func matches(_ other: MemoryDescriptor) -> Bool { onednn_md_equal(handle, other.handle) != 0 }
}
