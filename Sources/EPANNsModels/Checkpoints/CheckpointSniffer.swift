import EPANNsCore
import EPANNsGraph

/// Recognises containers by their first bytes.
enum CheckpointSniffer {
    /// The container of `source`.
    ///
    /// - Throws: `EPANNsError` with code `unsupportedFormat` for anything else, saying what it looks like.
    static func format(of source: CheckpointSource) throws -> CheckpointFormat {
        let bytes = source.bytes
        guard !bytes.isEmpty else { throw source.damaged("It is empty.") }
        // Tar first: its mark is far inside, and what comes before it is a file name.
        if has("ustar", at: 257, in: bytes) {
            throw source.unsupported(
                "This is a tar archive, which PyTorch wrote before 0.1.10 and which is not supported. "
                    + "Load it in PyTorch and save it again with `torch.save`.")
        }
        // Before the others: the length that such a file starts with may be any number, even one that looks like theirs.
        if bytes.count > 8, bytes[8] == UInt8(ascii: "{") { return .safetensors }
        if has("PK\u{3}\u{4}", at: 0, in: bytes) || has("PK\u{5}\u{6}", at: 0, in: bytes) { return .pyTorchZip }
        if bytes.count >= 2, bytes[0] == 0x80, bytes[1] >= 1, bytes[1] <= 16 { return .pyTorchLegacy }
        throw source.unsupported("It is not a checkpoint that can be read: \(guess(bytes))")
    }

    private static func guess(_ bytes: UnsafeRawBufferPointer) -> String {
        let kinds: [(mark: String, advice: String)] = [
            ("<!", "it looks like a web page. The download gave a page in place of the file; download it again."),
            ("<html", "it looks like a web page. The download gave a page in place of the file; download it again."),
            ("version https://git-lfs", "it is a Git LFS pointer. Fetch the file itself with `git lfs pull`."),
            ("\u{1F}", "it looks compressed. Unpack it first."),
        ]
        for kind in kinds where has(kind.mark, at: 0, in: bytes) { return kind.advice }
        return "safetensors files and what `torch.save` writes are supported. Convert it to safetensors."
    }

    private static func has(_ mark: String, at offset: Int, in bytes: UnsafeRawBufferPointer) -> Bool {
        offset + mark.utf8.count <= bytes.count && bytes[offset...].starts(with: mark.utf8)
    }
}
