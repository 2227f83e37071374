/// A place in a text that a person wrote: lines and columns count from 1, columns in characters.
public struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
    public var file: String
    public var line: Int
    public var column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String { "\(file):\(line):\(column)" }
}

/// Why a flat file or libvirt's XML makes no definition, or a definition makes neither.
public struct DefinitionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of error; new ones may be added.
    public struct Code: RawRepresentable, Hashable, Sendable {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The text is not in its language.
        public static let syntax = Code(rawValue: "syntax")
        /// Something that a domain needs is not there.
        public static let missing = Code(rawValue: "missing")
        /// A value is out of its range or has the wrong form.
        public static let invalid = Code(rawValue: "invalid")
        /// Valid for xl or libvirt, but podp would make another domain of it, or could not move it.
        public static let refused = Code(rawValue: "refused")
        /// Beyond a limit in size or depth.
        public static let tooLarge = Code(rawValue: "too-large")
        /// The definition cannot be said in the wanted form.
        public static let inexpressible = Code(rawValue: "inexpressible")
    }

    public var code: Code
    /// `nil` when the error is about a definition, not a text.
    public var location: SourceLocation?
    /// What is wrong.
    public var message: String
    /// What to do about it; may be empty.
    public var remedy: String

    public init(_ code: Code, at location: SourceLocation? = nil, _ message: String, remedy: String = "") {
        self.code = code
        self.location = location
        self.message = message
        self.remedy = remedy
    }

    /// `web-1.cfg:12:8: what is wrong; what to do`.
    public var description: String {
        (location.map { "\($0): " } ?? "") + message + (remedy.isEmpty ? "" : "; \(remedy)")
    }
}

public typealias FlatFileError = DefinitionError

/// Something that was read and is not carried, or that its author may not have meant. The definition holds without it.
public struct DefinitionWarning: Hashable, Sendable, CustomStringConvertible {
    public var location: SourceLocation?
    /// The key (flat file) or element (XML) that it is about.
    public var key: String
    public var message: String

    public init(at location: SourceLocation? = nil, key: String, _ message: String) {
        self.location = location
        self.key = key
        self.message = message
    }

    public var description: String { (location.map { "\($0): " } ?? "") + message }
}
