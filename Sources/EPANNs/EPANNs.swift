// What a user of the library needs with one import.
@_exported import EPANNsAudio
@_exported import EPANNsCore
@_exported import EPANNsGraph
@_exported import EPANNsModels
@_exported import EPANNsRuntime
