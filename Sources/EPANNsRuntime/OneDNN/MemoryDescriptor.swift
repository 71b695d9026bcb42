import COneDNN
import EPANNsCore

/// Extents, element type and layout of a tensor as oneDNN sees it; immutable.
package final class MemoryDescriptor: @unchecked Sendable {
    let handle: onednn_md
    package let dimensions: [Int]
    let dataType: dnnl_data_type_t

    /// Takes ownership of a descriptor.
    init(owning handle: onednn_md, dimensions: [Int], dataType: dnnl_data_type_t) {
        self.handle = handle
        self.dimensions = dimensions
        self.dataType = dataType
    }

    deinit { onednn_md_destroy(handle) }

    /// A layout by name; `dnnl_format_tag_any` leaves the choice to a primitive.
    convenience init(_ dimensions: [Int], _ dataType: dnnl_data_type_t, _ tag: dnnl_format_tag_t) throws {
        let handle = try made("a memory descriptor") {
            onednn_md_by_tag(&$0, Int32(dimensions.count), dimensions.map(Int64.init), dataType, tag)
        }
        self.init(owning: handle, dimensions: dimensions, dataType: dataType)
    }

    /// A layout by strides, in elements.
    convenience init(_ dimensions: [Int], _ dataType: dnnl_data_type_t, strides: [Int]) throws {
        let handle = try made("a memory descriptor") {
            onednn_md_by_strides(
                &$0, Int32(dimensions.count), dimensions.map(Int64.init), dataType, strides.map(Int64.init))
        }
        self.init(owning: handle, dimensions: dimensions, dataType: dataType)
    }

    /// Row-major.
    static func plain(_ dimensions: [Int], _ dataType: dnnl_data_type_t = dnnl_f32) throws -> MemoryDescriptor {
        try MemoryDescriptor(dimensions, dataType, strides: Tensor.contiguousStrides(dimensions))
    }

    /// Row-major Float32.
    package static func floats(_ dimensions: [Int]) throws -> MemoryDescriptor { try .plain(dimensions) }

    /// A layout of the same extents and type that a primitive chooses.
    func open() throws -> MemoryDescriptor { try MemoryDescriptor(dimensions, dataType, dnnl_format_tag_any) }

    /// The same memory with height and width swapped.
    func transposed() throws -> MemoryDescriptor {
        MemoryDescriptor(
            owning: try made("a transposed memory descriptor") { onednn_md_permute(&$0, handle, [0, 1, 3, 2]) },
            dimensions: [dimensions[0], dimensions[1], dimensions[3], dimensions[2]], dataType: dataType)
    }

    /// All elements, those of padded channels too, as one row.
    ///
    /// For element-wise work that maps zeros to zeros: on padded layouts oneDNN 2.x would fall back to a plain loop.
    func flat() throws -> MemoryDescriptor { try .plain([storedCount], dataType) }

    var byteCount: Int { onednn_md_size(handle) }

    /// Elements with the layout's padding.
    var storedCount: Int { byteCount / (dataType == dnnl_bf16 ? 2 : 4) }

    /// Whether two descriptors lay out the same elements in the same places.
    func matches(_ other: MemoryDescriptor) -> Bool { onednn_md_equal(handle, other.handle) != 0 }
}
