/// What a field of `podp.proto` may hold.
public enum FieldType: Sendable {
    case bool, uint32, uint64, int64
    /// An enumeration, by its highest value; 0 is refused.
    case enumeration(Int)
    /// UTF-8 without NUL, by its longest length in bytes.
    case text(Int)
    /// Sixteen bytes.
    case id
    case message(MessageRule)

    /// Whether it is a number on the wire; everything else has a length before it.
    var isNumber: Bool {
        switch self {
        case .bool, .uint32, .uint64, .int64, .enumeration: true
        case .text, .id, .message: false
        }
    }
}

/// One field, and how often it may stand.
public struct FieldRule: Sendable {
    public enum Presence: Hashable, Sendable {
        /// Absent is 0, false or empty.
        case plain
        /// Absent is `nil`.
        case optional
        case required
        /// One of the message's choice: exactly one of them is there.
        case choice
        /// A list, by the largest number of its elements.
        case list(Int)
    }

    public let number: Int
    public let name: String
    public let type: FieldType
    public let presence: Presence
    /// Which of its message's lists it is.
    fileprivate(set) var slot = 0
    let most: Int
}

/// What a message of `podp.proto` may hold: the ground truth for the scan that both codecs let every frame pass first.
public final class MessageRule: Sendable {
    public let name: String
    /// In the order of their numbers.
    public let fields: [FieldRule]
    /// Indices into `fields`, plus one, by number; 0: none.
    private let places: [UInt8]
    let required: UInt64
    let choice: UInt64
    /// At least what libprotobuf-c takes for the message itself, in bytes.
    public let cost: Int

    init(_ name: String, _ fields: [FieldRule]) {
        self.name = name
        var lists = 0
        self.fields = fields.map { field in
            guard case .list = field.presence else { return field }
            var numbered = field
            numbered.slot = lists
            lists += 1
            return numbered
        }
        precondition(lists <= 4, "the scan counts four lists a message")
        var places = [UInt8](repeating: 0, count: (fields.map(\.number).max() ?? 0) + 1)
        var required: UInt64 = 0
        var choice: UInt64 = 0
        for (index, field) in fields.enumerated() {
            precondition((1..<64).contains(field.number), "the scan keeps one bit a field")
            places[field.number] = UInt8(index + 1)
            if field.presence == .required { required |= 1 << UInt64(field.number) }
            if field.presence == .choice { choice |= 1 << UInt64(field.number) }
        }
        self.places = places
        self.required = required
        self.choice = choice
        // A header of 24 bytes, at most 16 a field, and 16 for alignment.
        cost = 48 + 16 * fields.count
    }

    /// The field of this number; `nil` when this build knows none.
    @inline(__always)
    func field(_ number: UInt64) -> FieldRule? {
        guard number < UInt64(places.count) else { return nil }
        let place = places[Int(number)]
        return place == 0 ? nil : fields[Int(place) - 1]
    }

    /// The name of the first field of these bits.
    func name(of bits: UInt64) -> String { fields.first { bits & 1 << UInt64($0.number) != 0 }?.name ?? "?" }
}

// Short words for the tables of Schema.
extension FieldRule {
    private init(_ number: Int, _ name: String, _ type: FieldType, _ presence: Presence) {
        var most = 1
        if case .list(let limit) = presence { most = limit }
        self.number = number
        self.name = name
        self.type = type
        self.presence = presence
        self.most = most
    }

    static func plain(_ number: Int, _ name: String, _ type: FieldType) -> FieldRule { FieldRule(number, name, type, .plain) }
    static func optional(_ number: Int, _ name: String, _ type: FieldType) -> FieldRule { FieldRule(number, name, type, .optional) }
    static func required(_ number: Int, _ name: String, _ type: FieldType) -> FieldRule { FieldRule(number, name, type, .required) }
    static func choice(_ number: Int, _ name: String, _ type: MessageRule) -> FieldRule { FieldRule(number, name, .message(type), .choice) }
    static func list(_ number: Int, _ name: String, _ type: FieldType, _ most: Int) -> FieldRule { FieldRule(number, name, type, .list(most)) }
}
