/// Why the agents' listener, the certificate authority or a token cannot do what was asked: what, where, and what to do.
public struct ServerError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// A file is missing, or cannot be read or written.
        case file
        /// A certificate, key or certificate request that is not what it must be.
        case certificate
        /// An enrolment token that cannot be read.
        case token
        /// The address cannot be listened on.
        case listen
    }

    public var code: Code
    public var message: String
    public var remedy: String

    public init(_ code: Code, _ message: String, remedy: String) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { remedy.isEmpty ? message : "\(message) (\(remedy))" }
}
