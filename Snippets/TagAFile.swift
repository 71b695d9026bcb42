//! Tags one recording and prints what is heard.
//!
//!     swift run -c release TagAFile street.wav mn04_as_mAP_432.pt
//!
//! Without a model the built-in one is used.

import EPANNs

let arguments = Array(CommandLine.arguments.dropFirst())
guard let recording = arguments.first, arguments.count <= 2 else {
    throw EPANNsError(.invalidConfiguration, "Usage: TagAFile RECORDING [MODEL]")
}
let model = arguments.count == 2 ? arguments[1] : nil

// snippet.show
let tagger = try model.map { try AudioTagger(modelPath: $0) } ?? AudioTagger()
let result = try tagger.tag(file: recording, selection: TagSelection(topK: 5))
for tag in result.windows[0].tags {
    print(tag.name, tag.score)
}
// snippet.hide
