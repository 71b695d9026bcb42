/// How the scores of stretches of a clip become the clip's score; SPEC §6.2.
///
/// The result is a logit, so that losses, activations and thresholds are the same as for every other network:
/// `log(p / (1 − p))` of the pooled probability `p`, which the sigmoid gives back.
public enum DecisionPooling: String, Hashable, Sendable, CaseIterable {
    /// The mean over time of the stretches' probabilities.
    case mean
    /// Their sum over time, weighted by a softmax over time of a second input that is cut to −10…10.
    case attention
}
