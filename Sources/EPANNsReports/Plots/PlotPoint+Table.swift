import EPANNsCore

extension PlotPoint {
    /// Which columns of a table make points.
    public struct Columns: Sendable {
        /// Across.
        public var x: String
        /// Upwards.
        public var y: String
        /// The points' names.
        public var label: String
        /// By which points get colours; nil for one colour.
        public var group: String?

        /// Names columns, in any case.
        public init(x: String, y: String, label: String, group: String? = nil) {
            (self.x, self.y, self.label, self.group) = (x, y, label, group)
        }
    }

    /// Reads the rows of a CSV table with a row of names; a row without one of the two numbers has no place.
    ///
    /// - Throws: `EPANNsError` with code `fileFailure` when it cannot be read, `invalidConfiguration` when a column is
    ///   missing, a row has another number of fields, or a field is not a number.
    ///
    /// Tests: `PlotTableTests`.
    public static func read(_ path: String, columns: Columns) throws -> [PlotPoint] {
        let file = try MappedFile(path: path)
        // The rows are read while the file is mapped.
        return try withExtendedLifetime(file) {
            var reader = CSVReader(file.bytes, name: path)
            guard let header = try reader.next()?.fields else {
                throw EPANNsError(.invalidConfiguration, "\(path) has no row of names.")
            }
            let table = try PlotTable(path: path, header: header, columns: columns)
            var points: [PlotPoint] = []
            while let row = try reader.next() {
                if let point = try table.point(row.fields, line: row.line) { points.append(point) }
            }
            return points
        }
    }
}

/// A table's row of names, and where in a row a point's parts are.
private struct PlotTable {
    let path: String
    let header: [String]
    let x, y, label: Int
    let group: Int?

    init(path: String, header: [String], columns: PlotPoint.Columns) throws {
        func index(_ name: String) throws -> Int {
            if let index = header.firstIndex(where: { $0.lowercased() == name.lowercased() }) { return index }
            throw EPANNsError(
                .invalidConfiguration,
                "\(path) has no column \(name.quoted); it has \(header.joined(separator: ", ").printable).")
        }
        (self.path, self.header) = (path, header)
        (x, y, label) = try (index(columns.x), index(columns.y), index(columns.label))
        group = try columns.group.map(index)
    }

    func point(_ fields: [String], line: Int) throws -> PlotPoint? {
        guard fields.count == header.count else {
            throw EPANNsError(
                .invalidConfiguration,
                "Line \(line) of \(path) has \(fields.count) fields, the row of names \(header.count); texts with commas "
                    + "belong in quotes.")
        }
        func number(_ index: Int) throws -> Double? {
            guard !fields[index].isEmpty else { return nil }
            if let value = Double(fields[index]), value.isFinite { return value }
            throw EPANNsError(
                .invalidConfiguration,
                "Line \(line) of \(path): \(fields[index].quoted) is not a number (\(header[index].printable)).")
        }
        guard let x = try number(x), let y = try number(y) else { return nil }
        return PlotPoint(label: fields[label], x: x, y: y, group: group.map { fields[$0] } ?? "")
    }
}
