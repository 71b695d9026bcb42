import EPANNsHub

/// A registry entry, and what of it is on this machine.
struct ModelStatus: Encodable {
    let model: RegisteredModel
    let cache: ModelCache

    var isCached: Bool { cache.isCached(model) }

    enum CodingKeys: String, CodingKey {
        case isCached, cachedPath, partialByteCount
    }

    func encode(to encoder: any Encoder) throws {
        try model.encode(to: encoder)
        var box = encoder.container(keyedBy: CodingKeys.self)
        try box.encode(isCached, forKey: .isCached)
        try box.encodeIfPresent(isCached ? cache.path(for: model) : nil, forKey: .cachedPath)
        try box.encodeIfPresent(cache.partialByteCount(of: model), forKey: .partialByteCount)
    }
}
