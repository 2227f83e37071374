/// An error for the person at the blade: what, where, and what to do.
struct AgentFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The process' exit codes, after sysexits.h.
    enum Code: Int32, Sendable {
        case usage = 64
        /// The coordinator refused, or said nonsense.
        case refused = 65
        case noHost = 68
        case unavailable = 69
        case file = 74
        /// Another process holds the state directory.
        case busy = 75
        case configuration = 78
    }

    var code: Code
    var message: String
    var remedy: String

    init(_ code: Code, _ message: String, remedy: String) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    var description: String { remedy.isEmpty ? message : "\(message); \(remedy)" }
}
