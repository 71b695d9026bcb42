@_exported import EPANNsGraph
@_exported import EPANNsModels
