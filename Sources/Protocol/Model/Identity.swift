/// 128 bits that name something: a DMI UUID, a boot, a term, a libvirt UUID.
public struct ID128: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads `8cb6f79b-0ab4-…`, with or without hyphens, in either case. `nil` when it is no 128-bit hexadecimal number.
    public init?(_ text: some StringProtocol) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var digits = 0
        for byte in text.utf8 {
            let value: UInt64
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = UInt64(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = UInt64(byte - UInt8(ascii: "A") + 10)
            case UInt8(ascii: "-"): continue
            default: return nil
            }
            guard digits < 32 else { return nil }
            high = high << 4 | low >> 60
            low = low << 4 | value
            digits += 1
        }
        guard digits == 32 else { return nil }
        self.init(high: high, low: low)
    }

    /// Sixteen bytes, most significant first; `nil` for any other number of bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for byte in bytes {
            high = high << 8 | low >> 56
            low = low << 8 | UInt64(byte)
        }
        self.init(high: high, low: low)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = ID128(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is no 128-bit id")
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    public static let zero = ID128(high: 0, low: 0)

    /// The sixteen bytes, most significant first.
    public var bytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: high >> (56 - 8 * UInt64($0))) } + (0..<8).map { UInt8(truncatingIfNeeded: low >> (56 - 8 * UInt64($0))) }
    }

    /// In the usual form, `8cb6f79b-0ab4-11dc-8314-0800200c9a66`.
    public var description: String {
        var text = ""
        text.reserveCapacity(36)
        for (index, byte) in bytes.enumerated() {
            if index == 4 || index == 6 || index == 8 || index == 10 { text.append("-") }
            text.append(Self.hex[Int(byte >> 4)])
            text.append(Self.hex[Int(byte & 15)])
        }
        return text
    }

    public static func < (a: ID128, b: ID128) -> Bool { (a.high, a.low) < (b.high, b.low) }

    private static let hex: [Character] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"]
}

/// A blade, by its DMI UUID.
public struct BladeID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public var uuid: ID128
    public init(_ uuid: ID128) { self.uuid = uuid }
    public init(from decoder: any Decoder) throws { uuid = try ID128(from: decoder) }
    public func encode(to encoder: any Encoder) throws { try uuid.encode(to: encoder) }
    public static func < (a: BladeID, b: BladeID) -> Bool { a.uuid < b.uuid }
    public var description: String { uuid.description }
}

/// A domain, by the UUID that the hypervisor knows it by; the same on every blade.
public struct DomainID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public var uuid: ID128
    public init(_ uuid: ID128) { self.uuid = uuid }
    public init(from decoder: any Decoder) throws { uuid = try ID128(from: decoder) }
    public func encode(to encoder: any Encoder) throws { try uuid.encode(to: encoder) }
    public static func < (a: DomainID, b: DomainID) -> Bool { a.uuid < b.uuid }
    public var description: String { uuid.description }
}

/// Who may command: a number that grows, and a random id that tells two holders of one number apart.
public struct Term: Hashable, Sendable, Codable, CustomStringConvertible {
    public var number: UInt64
    public var id: ID128

    public init(number: UInt64, id: ID128) {
        self.number = number
        self.id = id
    }

    public var description: String { "\(number)/\(id)" }

    /// Whether an agent that has seen `highest` obeys this term: a lower number is refused, and so is the same number with another id.
    public func isAccepted(after highest: Term?) -> Bool {
        guard let highest else { return true }
        return number > highest.number || self == highest
    }
}

/// One operation: the term that decided it and its place in that term. Never used twice.
public struct OperationID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public var term: ID128
    public var sequence: UInt64

    public init(term: ID128, sequence: UInt64) {
        self.term = term
        self.sequence = sequence
    }

    /// Reads `description`'s form. `nil` when it is another.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let term = ID128(parts[0]), let sequence = UInt64(parts[1]) else { return nil }
        self.init(term: term, sequence: sequence)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = OperationID(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is no operation id")
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    public static func < (a: OperationID, b: OperationID) -> Bool { (a.term, a.sequence) < (b.term, b.sequence) }
    public var description: String { "\(term).\(sequence)" }
}
