@_exported import EPANNsAudio
@_exported import EPANNsEvaluation
@_exported import EPANNsGraph
@_exported import EPANNsModels
@_exported import EPANNsRuntime
