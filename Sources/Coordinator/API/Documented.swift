import PodpModel

/// A resource or a body of the API: a JSON object whose every field has a description.
///
/// The OpenAPI document is made from these (room Web), and `podp` decodes them: what is written here is what is on the wire.
public protocol Documented: Hashable, Sendable, Codable {
    /// What it is, in a sentence.
    static var summary: String { get }
    /// By field, what it is.
    static var fields: [String: String] { get }
}

extension Documented {
    /// The name of its schema.
    public static var schemaName: String { String(describing: Self.self) }
}

/// A value that is a JSON string of a few choices.
public protocol StringChoice: RawRepresentable, CaseIterable, Hashable, Sendable, Codable where RawValue == String {}

extension StringChoice {
    /// All choices, in their order.
    public static var choices: [String] { allCases.map(\.rawValue) }
}

/// A value that is a JSON string in a format of its own.
public protocol FormattedText: Hashable, Sendable, Codable {
    /// OpenAPI's name of the format: `uuid`, `date-time`.
    static var format: String { get }
    /// Any value of the type, for those who look at its form only.
    static var placeholder: Self { get }
}

extension BladeID: FormattedText {
    public static let format = "uuid"
    public static let placeholder = BladeID(.zero)
}

extension DomainID: FormattedText {
    public static let format = "uuid"
    public static let placeholder = DomainID(.zero)
}

extension OperationID: FormattedText {
    public static let format = "podp-operation"
    public static let placeholder = OperationID(term: .zero, sequence: 0)
}

extension Timestamp: FormattedText {
    public static let format = "date-time"
    public static let placeholder = Timestamp(WallTime(milliseconds: 0))
}

/// Several of something.
public struct Listing<Item: Documented>: Documented {
    /// In the order that its resource documents; not paged.
    public var items: [Item]

    public init(items: [Item]) { self.items = items }

    public static var schemaName: String { "\(Item.schemaName)List" }
    public static var summary: String { "Several of \(Item.schemaName)." }
    public static var fields: [String: String] { ["items": "All of them."] }
}

/// Nothing: the body of actions that need no words.
public struct Nothing: Documented {
    public init() {}

    public static let summary = "Nothing."
    public static let fields: [String: String] = [:]
}
