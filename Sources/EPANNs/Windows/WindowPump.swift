import EPANNsAudio
import EPANNsCore

/// Cuts a source's blocks into windows, and computes what overlapping ones share.
final class WindowPump {
    struct Window: Sendable {
        var audio: AudioWindow
        /// Nil where it is computed with the window's scores.
        var spectrogram: [Float]?
    }

    let plan: WindowPlan
    private var cutter: WindowCutter
    private let shared: WindowSpectrograms?
    private var isAtEnd = false

    init(_ plan: WindowPlan, frontEnd: NetworkFrontEnd, concurrency: Int) throws {
        self.plan = plan
        cutter = WindowCutter(plan)
        // Shared frames are computed one after the other, windows of their own side by side: sharing pays where a frame
        // lies in as many windows as go side by side.
        let isShared =
            frontEnd.inputs.contains(.logMel) && WindowSpectrograms.serve(plan, frontEnd.configuration)
            && plan.windowSamples >= plan.hopSamples * concurrency
        shared = isShared ? try WindowSpectrograms(frontEnd.spectrogram) : nil
    }

    /// The next windows, at most `count`; none at the end.
    func next(_ count: Int, _ read: () throws -> [Float]?) throws -> [Window] {
        var windows: [Window] = []
        while windows.count < count {
            if let audio = cutter.next() {
                windows.append(Window(audio: audio, spectrogram: try shared?(audio)))
            } else if isAtEnd {
                break
            } else if let block = try read() {
                try shared?.append(block)
                try cutter.append(block)
            } else {
                isAtEnd = true
                cutter.finish()
            }
        }
        return windows
    }
}
