import EPANNsCore
import EPANNsModels

extension DataSet {
    /// Opens the HDF5 packs that clips lie in, to read their rows where they are; nil where there are none.
    ///
    /// - Throws: `EPANNsError` when one cannot be opened, or its rate does not suit `sampleRate`.
    package func packs(sampleRate: Int) throws -> WaveformCache? {
        let rows = clips.indices.filter { if case .hdf5 = clips[$0].source { true } else { false } }
        // Of rows alone nothing is cached: no folder is needed.
        return rows.isEmpty ? nil : try WaveformCache.build(subset(rows), sampleRate: sampleRate, folder: "")
    }
}
