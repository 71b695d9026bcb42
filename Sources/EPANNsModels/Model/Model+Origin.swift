import EPANNsCore
import Synchronization

extension Model {
    /// What a model's weights were read from, unchanged since.
    public struct Origin: Sendable {
        /// The file; nil for bytes in memory.
        public let file: MappedFile?
        /// All bytes of the file, or those in memory.
        public let storage: TensorStorage
        /// The container.
        public let format: CheckpointFormat
        private let digest: Digest

        /// Computed once, whoever asks first; copies of the model share it.
        private final class Digest: Sendable {
            let value = Mutex<String?>(nil)
        }

        init(file: MappedFile?, storage: TensorStorage, format: CheckpointFormat) {
            self.file = file
            self.storage = storage
            self.format = format
            digest = Digest()
        }

        /// The file's path; nil for bytes in memory.
        public var path: String? { file?.path }
        /// Size of the file, or of the bytes.
        public var byteCount: Int { storage.bytes.count }

        /// SHA-256 of the bytes, lower-case hexadecimal.
        ///
        /// The first call reads all of the file, later ones remember.
        public func sha256() -> String {
            digest.value.withLock { known in
                if let known { return known }
                let computed = file.map(FileDigest.sha256) ?? FileDigest.sha256(storage)
                known = computed
                return computed
            }
        }
    }

    /// The file that was read; nil for bytes in memory and for weights that were never read, or changed since.
    public var file: MappedFile? { origin?.file }

    /// The container that was read.
    public var format: CheckpointFormat? { origin?.format }

    /// SHA-256 of the file that was read, lower-case hexadecimal; nil once the weights are others than the file's.
    ///
    /// The first call reads all of the file.
    public func sha256() -> String? { origin?.sha256() }
}
