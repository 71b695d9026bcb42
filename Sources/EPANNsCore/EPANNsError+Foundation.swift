import Foundation

extension EPANNsError: LocalizedError {
    /// The message and the cause, for programs that show `localizedDescription`.
    public var errorDescription: String? { description }
    /// What the user can do, where it is known apart from the message.
    public var recoverySuggestion: String? { remedy?.description }
}
