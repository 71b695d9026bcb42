import CHDF5
import EPANNsCore
import EPANNsGraph
import EPANNsModels
import Foundation

/// A read-only HDF5 file.
///
/// libhdf5 keeps global state and need not have been built with its thread-safe option, so every call goes through one
/// lock of the process. Sizes and types are checked before memory is asked for. That does not make a hostile file harmless:
/// libhdf5 1.10 itself crashes on some damaged headers, so packs should come from somebody one trusts.
/// Tests: `DataSetHDF5Tests`.
final class HDF5File: Sendable {
    let path: String
    private let file: hid_t

    /// Opens a file.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` or `unsupportedFormat`.
    init(path: String) throws {
        // Looked at first, since HDF5's own message does not say why a file cannot be opened.
        _ = try MappedFile(path: path)
        file = try HDF5.locked {
            // Flags 0 are H5F_ACC_RDONLY, property list 0 is H5P_DEFAULT: macros that Swift does not see.
            let file = H5Fopen(path, 0, 0)
            guard file >= 0 else {
                throw EPANNsError(
                    .unsupportedFormat,
                    "\(path.quoted) cannot be opened as HDF5: it is damaged, still being written, or on a file system "
                        + "without locks (set HDF5_USE_FILE_LOCKING=FALSE for that).")
            }
            return file
        }
        self.path = path
    }

    deinit { _ = HDF5.locked { H5Fclose(file) } }

    /// Whether the file has a data set of this name at its top.
    func hasArray(_ name: String) -> Bool { HDF5.locked { H5Lexists(file, name, 0) > 0 } }

    /// Opens a data set.
    func array(_ name: String) throws -> HDF5Array {
        try HDF5.locked {
            let array = H5Dopen2(file, name, 0)
            guard array >= 0 else {
                throw EPANNsError(
                    .unsupportedFormat,
                    "\(path.quoted) has no data set \(name.quoted); it is not one of PANNs' packs or indices.")
            }
            return try HDF5Array(owning: array, of: self, name: name)
        }
    }

    /// An integer attribute of the file; nil when there is none.
    func integerAttribute(_ name: String) throws -> Int? {
        try HDF5.locked {
            guard H5Aexists(file, name) > 0 else { return nil }
            let attribute = H5Aopen(file, name, 0)
            guard attribute >= 0 else { throw damaged("attribute \(name)") }
            defer { H5Aclose(attribute) }
            let (space, type) = (H5Aget_space(attribute), H5Aget_type(attribute))
            defer {
                H5Sclose(space)
                H5Tclose(type)
            }
            var value: Int32 = 0
            guard H5Sget_simple_extent_npoints(space) == 1, H5Tget_class(type) == H5T_INTEGER,
                H5Aread(attribute, hdf5_native_int32(), &value) >= 0
            else { throw damaged("attribute \(name)") }
            return Int(value)
        }
    }

    func damaged(_ what: String) -> EPANNsError {
        EPANNsError(
            .unsupportedFormat, "\(path.quoted): \(what) is damaged or not as PANNs' files have it (SPEC §5.1).")
    }
}

/// The process's one door to libhdf5.
enum HDF5 {
    // Recursive, since the last owner of a handle may let it go anywhere.
    private static let lock = NSRecursiveLock()

    static func locked<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        lock.lock()
        defer { lock.unlock() }
        _ = start
        // The library prints its errors to standard error unless told not to; where it was built with its thread-safe
        // option, every thread has to say so.
        H5Eset_auto2(0, nil, nil)
        return try body()
    }

    /// At the process's end the library complains of what it itself left open of damaged files.
    ///
    /// All is read-only: there is nothing to finish.
    private static let start: Void = { _ = H5dont_atexit() }()
}

/// A data set of one or two axes whose first is the clip's row.
final class HDF5Array: Sendable {
    /// What its elements are.
    enum Element: Equatable {
        case integer(size: Int)
        /// NumPy's bool, which h5py stores as an enumeration of one byte.
        case boolean
        case fixedString(size: Int)
    }

    /// The size of each axis.
    let shape: [Int]
    /// Type of the elements.
    let element: Element
    private let array: hid_t
    private let file: HDF5File
    private let name: String

    /// Rows and columns beyond which a header is taken for damage: ten times AudioSet, 35 minutes at 32 kHz.
    private static let limits = (rows: 1 << 24, columns: 1 << 26)

    /// Takes over an open handle; to be called with the lock held.
    init(owning array: hid_t, of file: HDF5File, name: String) throws {
        self.array = array
        self.file = file
        self.name = name
        let (space, type) = (H5Dget_space(array), H5Dget_type(array))
        defer {
            H5Sclose(space)
            H5Tclose(type)
        }
        let rank = Int(H5Sget_simple_extent_ndims(space))
        var sizes = [hsize_t](repeating: 0, count: max(0, min(rank, 8)))
        guard (1...2).contains(rank), H5Sget_simple_extent_dims(space, &sizes, nil) >= 0,
            sizes[0] <= UInt64(Self.limits.rows),
            sizes.dropFirst().allSatisfy({ (1...UInt64(Self.limits.columns)).contains($0) })
        else { throw Self.failure(closing: array, file.damaged("the shape of \(name)")) }
        shape = sizes.map { Int($0) }
        let size = Int(H5Tget_size(type))
        switch H5Tget_class(type) {
        case H5T_INTEGER where [1, 2, 4, 8].contains(size): element = .integer(size: size)
        case H5T_ENUM where size == 1: element = .boolean
        case H5T_STRING where H5Tis_variable_str(type) == 0 && (1...4096).contains(size):
            element = .fixedString(size: size)
        default: throw Self.failure(closing: array, file.damaged("the type of \(name)"))
        }
    }

    /// `deinit` does not run for a throwing class initialiser that has not set every property.
    private static func failure(closing array: hid_t, _ error: EPANNsError) -> EPANNsError {
        H5Dclose(array)
        return error
    }

    deinit { _ = HDF5.locked { H5Dclose(array) } }

    /// Number of rows.
    var rowCount: Int { shape[0] }
    /// Elements of one row.
    var columnCount: Int { shape.count == 2 ? shape[1] : 1 }

    /// Reads 16-bit samples of one row.
    ///
    /// - Parameters:
    ///   - row: The row.
    ///   - columns: Which samples.
    ///   - output: Room for exactly them.
    func readInt16(row: Int, columns: Range<Int>, into output: UnsafeMutableBufferPointer<Int16>) throws {
        precondition(element == .integer(size: 2) && output.count == columns.count, "Not a row of 16-bit samples")
        try read(
            rows: row..<row + 1, columns: columns, type: hdf5_native_int16(),
            into: UnsafeMutableRawPointer(output.baseAddress))
    }

    /// Reads whole rows of 32-bit integers.
    func readInt32(rows: Range<Int>) throws -> [Int32] {
        guard case .integer = element else { throw file.damaged("the type of \(name)") }
        return try [Int32](unsafeUninitializedCapacity: rows.count * columnCount) { buffer, initialized in
            try read(
                rows: rows, columns: 0..<columnCount, type: hdf5_native_int32(),
                into: UnsafeMutableRawPointer(buffer.baseAddress))
            initialized = rows.count * columnCount
        }
    }

    /// Reads whole rows of single bytes: booleans, or fixed strings, each of `size` bytes.
    func readBytes(rows: Range<Int>) throws -> [UInt8] {
        let size: Int
        switch element {
        case .boolean, .integer(size: 1): size = 1
        case .fixedString(let length): size = length
        case .integer: throw file.damaged("the type of \(name)")
        }
        let count = rows.count * columnCount * size
        return try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            // The file's own type, so that nothing is converted.
            let type = HDF5.locked { H5Dget_type(array) }
            defer { _ = HDF5.locked { H5Tclose(type) } }
            try read(
                rows: rows, columns: 0..<columnCount, type: type, into: UnsafeMutableRawPointer(buffer.baseAddress))
            initialized = count
        }
    }

    /// Reads fixed strings, without the NULs behind them.
    func readStrings(rows: Range<Int>) throws -> [String] {
        guard case .fixedString(let size) = element, columnCount == 1 else {
            throw file.damaged("the type of \(name)")
        }
        let bytes = try readBytes(rows: rows)
        return try rows.indices.map { row in
            let field = bytes[(row - rows.lowerBound) * size..<(row - rows.lowerBound + 1) * size].prefix { $0 != 0 }
            guard let text = String(validating: field, as: UTF8.self) else {
                throw file.damaged("row \(row) of \(name)")
            }
            return text
        }
    }

    private func read(
        rows: Range<Int>, columns: Range<Int>, type: hid_t, into output: UnsafeMutableRawPointer?
    ) throws {
        precondition(
            rows.lowerBound >= 0 && rows.upperBound <= rowCount && columns.lowerBound >= 0
                && columns.upperBound <= columnCount, "Outside the data set")
        guard let output, !rows.isEmpty, !columns.isEmpty else { return }
        try HDF5.locked {
            let rank = shape.count
            let start = [hsize_t(rows.lowerBound), hsize_t(columns.lowerBound)]
            let count = [hsize_t(rows.count), hsize_t(columns.count)]
            let (space, memory) = (H5Dget_space(array), H5Screate_simple(Int32(rank), count, nil))
            defer {
                H5Sclose(space)
                H5Sclose(memory)
            }
            guard H5Sselect_hyperslab(space, H5S_SELECT_SET, start, nil, count, nil) >= 0,
                H5Dread(array, type, memory, space, 0, output) >= 0
            else { throw file.damaged("rows \(rows.lowerBound)..<\(rows.upperBound) of \(name)") }
        }
    }
}
