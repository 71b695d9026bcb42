import EPANNsCore
import Foundation

/// Walks through a folder and those below it, each once.
struct FolderWalk {
    struct Entry {
        var path: [UInt8]
        /// From the folder where the walk began.
        var relative: [UInt8]
        /// Why it cannot be read.
        var failure: String?
    }

    /// Takes files whose last names match it; nil for those that are called as audio is.
    let pattern: [UInt8]?
    var found: [Entry] = []
    var ignored = InputSearch.Ignored()
    private var searched: Set<FilePath.Identity> = []

    init(pattern: [UInt8]?) { self.pattern = pattern }

    mutating func search(_ folder: [UInt8], relative: [UInt8]) {
        if let identity = FilePath.Identity(folder) { searched.insert(identity) }
        let names: [[UInt8]]
        do {
            names = try Self.names(folder)
        } catch {
            let name = relative.isEmpty ? FilePath.last(folder) : relative
            found.append(Entry(path: folder, relative: name, failure: (error as? EPANNsError)?.message ?? "\(error)"))
            return
        }
        let slash = UInt8(ascii: "/")
        let base = folder.last == slash ? folder : folder + [slash]
        // In order, so that of two links to a folder always the same one counts.
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            take(base + name, relative.isEmpty ? name : relative + [slash] + name, name)
        }
    }

    private static func names(_ folder: [UInt8]) throws -> [[UInt8]] {
        guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return [] }
        return try FilePath.withCString(folder) { path in
            guard let directory = opendir(path) else {
                throw SystemCall.failure("read the folder", FilePath.text(folder))
            }
            defer { closedir(directory) }
            var names: [[UInt8]] = []
            while let entry = readdir(directory) {
                // An entry is as long as its name: the field's own length would lead beyond it.
                let start = (UnsafeRawPointer(entry) + offset).assumingMemoryBound(to: CChar.self)
                let name = UnsafeRawBufferPointer(start: start, count: strlen(start))
                if !name.elementsEqual(".".utf8), !name.elementsEqual("..".utf8) { names.append(Array(name)) }
            }
            return names
        }
    }

    private mutating func take(_ path: [UInt8], _ relative: [UInt8], _ name: [UInt8]) {
        if name.first == UInt8(ascii: ".") {
            ignored.hidden += 1
            return
        }
        switch FilePath.kind(path) {
        case .folder:
            if let identity = FilePath.Identity(path), searched.contains(identity) {
                ignored.seen += 1
            } else {
                search(path, relative: relative)
            }
        case .regular:
            if isWanted(relative) {
                found.append(Entry(path: path, relative: relative))
            } else {
                ignored.others += 1
            }
        case .special: ignored.special += 1
        case .missing(ENOENT):
            guard isWanted(relative) else {
                ignored.others += 1
                return
            }
            let message = "The link \(FilePath.text(path)) leads nowhere."
            found.append(Entry(path: path, relative: relative, failure: message))
        case .missing(let number):
            let message = SystemCall.failure("read", FilePath.text(path), number).message
            found.append(Entry(path: path, relative: relative, failure: message))
        }
    }

    private func isWanted(_ relative: [UInt8]) -> Bool {
        guard let pattern else { return InputSearch.extensions.contains(FilePath.pathExtension(relative)) }
        let slash = UInt8(ascii: "/")
        let count = pattern.split(separator: slash).count
        let tail = Array(relative.split(separator: slash).suffix(count).joined(separator: [slash]))
        return FilePath.withCString(pattern) { pattern in
            FilePath.withCString(tail) { fnmatch(pattern, $0, FNM_PATHNAME) == 0 }
        }
    }
}
