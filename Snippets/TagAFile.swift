//! Tags one recording and prints what is heard.
//!
//!     swift run -c release TagAFile mn04_as_mAP_432.pt street.wav

import EPANNs

let arguments = CommandLine.arguments.dropFirst()
guard let model = arguments.first, let recording = arguments.last, arguments.count == 2 else {
    throw EPANNsError(.invalidConfiguration, "Usage: TagAFile MODEL RECORDING")
}

// snippet.show
let tagger = try AudioTagger(modelPath: model)
let result = try tagger.tag(file: recording, selection: TagSelection(topK: 5))
for tag in result.windows[0].tags {
    print(tag.name, tag.score)
}
// snippet.hide
