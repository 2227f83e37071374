/// Why a message cannot be sent, or a frame's bytes are not a message that this build accepts.
///
/// Both codecs give the same code for the same bytes; `what` is for people.
public struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of mistake it is.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Not protobuf: cut off, a length beyond the end, a number that does not end.
        public static let malformed = Code(rawValue: "malformed")
        /// A known field with another wire type than its own.
        public static let wireType = Code(rawValue: "wire-type")
        /// A field without which the message says nothing.
        public static let missing = Code(rawValue: "missing")
        /// A field that may be there once is there twice, or two members of one choice.
        public static let duplicate = Code(rawValue: "duplicate")
        /// More elements of a list than its limit.
        public static let tooMany = Code(rawValue: "too-many")
        /// A text over its limit, or a frame over its kind's.
        public static let tooLong = Code(rawValue: "too-long")
        /// A text that is not UTF-8, or holds a NUL.
        public static let text = Code(rawValue: "text")
        /// A number or an enumeration's value outside its type.
        public static let range = Code(rawValue: "range")
        /// An id that is not 16 bytes.
        public static let identifier = Code(rawValue: "identifier")
        /// A message that the other end sends, not this one; or no kind at all.
        public static let direction = Code(rawValue: "direction")
        /// Small bytes that would need much memory as a message.
        public static let costly = Code(rawValue: "costly")
    }

    public var code: Code
    /// In words.
    public var what: String
    /// The field: `report.domains[17].name`.
    public var place: String

    public init(_ code: Code, _ what: String, at place: String = "") {
        self.code = code
        self.what = what
        self.place = place
    }

    /// The same, seen from the message around it.
    func within(_ name: String) -> WireError {
        WireError(code, what, at: place.isEmpty ? name : "\(name).\(place)")
    }

    public var description: String { place.isEmpty ? what : "\(place): \(what)" }
}
