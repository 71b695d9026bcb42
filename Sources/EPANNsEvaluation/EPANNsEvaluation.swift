@_exported import EPANNsCore
@_exported import EPANNsGraph
@_exported import EPANNsModels
