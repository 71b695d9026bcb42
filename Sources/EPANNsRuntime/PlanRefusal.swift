import EPANNsCore
import EPANNsGraph

/// What plans cannot run, although the graph and its reference executor can.
package enum PlanRefusal {
    /// A parameter that is a value of its own.
    package static func parameter(_ node: ModelGraph.Node) -> EPANNsError {
        EPANNsError(
            .unsupportedFormat,
            "\(node.name) is a parameter that is a value of its own, which this version cannot run yet.")
    }
}
