@_exported import EPANNsAudio
@_exported import EPANNsCore
@_exported import EPANNsData
@_exported import EPANNsEvaluation
@_exported import EPANNsGraph
@_exported import EPANNsModels
@_exported import EPANNsProcesses
@_exported import EPANNsRuntime
