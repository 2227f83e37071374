/// Why the bytes of a link are no frames, or a frame may not come now. The link cannot go on after it.
public struct FrameError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of mistake it is.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// A frame of no bytes.
        public static let empty = Code(rawValue: "empty")
        /// A length over what this kind, or any frame now, may have.
        public static let tooLong = Code(rawValue: "too-long")
        /// A first tag that is no message of podp's.
        public static let unknownKind = Code(rawValue: "unknown-kind")
        /// An envelope that is not exactly one message.
        public static let malformed = Code(rawValue: "malformed")
        /// A kind that this end does not take, or not yet, or no more.
        public static let unexpected = Code(rawValue: "unexpected")
    }

    public var code: Code
    /// In words.
    public var what: String

    public init(_ code: Code, _ what: String) {
        self.code = code
        self.what = what
    }

    public var description: String { what }
}
