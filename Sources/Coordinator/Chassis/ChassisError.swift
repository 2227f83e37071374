/// What a chassis could not do or tell.
public struct ChassisError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Open: compare with the constants.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The URL, a secret's file or an option is wrong.
        public static let configuration = Code(rawValue: "configuration")
        /// No answer in time.
        public static let silent = Code(rawValue: "silent")
        /// The address or the name cannot be reached, or speaks something else.
        public static let unreachable = Code(rawValue: "unreachable")
        /// Its certificate is nobody's whom podp trusts, or not the pinned one.
        public static let untrusted = Code(rawValue: "untrusted")
        /// Wrong user, secret or protocol.
        public static let denied = Code(rawValue: "denied")
        /// It answered with what cannot be understood.
        public static let garbled = Code(rawValue: "garbled")
        public static let unsupported = Code(rawValue: "unsupported")
        /// The bay, outlet or resource is not there.
        public static let missing = Code(rawValue: "missing")
    }

    public var code: Code
    /// What and where, in words.
    public var message: String
    /// What to do; empty when there is nothing to say.
    public var remedy: String

    public init(_ code: Code, _ message: String, remedy: String = "") {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { message }
}
