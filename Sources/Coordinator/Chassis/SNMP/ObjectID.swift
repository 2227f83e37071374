/// A name in SNMP's tree.
struct ObjectID: Hashable, Sendable, CustomStringConvertible {
    var arcs: [UInt32]

    init(_ arcs: [UInt32]) { self.arcs = arcs }

    /// Of a constant in this room's tables: `1.3.6.1`. What is no number counts as 0.
    init(_ text: String) { arcs = text.split(separator: ".").map { UInt32($0) ?? 0 } }

    func appending(_ more: UInt32...) -> ObjectID { ObjectID(arcs + more) }

    /// The name that GETNEXT wants to be given so that it answers this one, if it is there.
    var predecessor: ObjectID {
        guard let last = arcs.last else { return self }
        return last == 0 ? ObjectID(Array(arcs.dropLast())) : ObjectID(arcs.dropLast() + [last - 1])
    }

    func hasPrefix(_ prefix: ObjectID) -> Bool { arcs.starts(with: prefix.arcs) }
    var description: String { arcs.map(String.init).joined(separator: ".") }
}

enum SNMPValue: Hashable, Sendable {
    case integer(Int64)
    case bytes([UInt8])
    case name(ObjectID)
    case address([UInt8])
    /// noSuchObject, noSuchInstance, the end: v3's way to say that it is not there.
    case missing
    case other

    var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    var small: Int? { integer.flatMap { Int(exactly: $0) } }

    /// A text as far as it has one: to the first NUL, in UTF-8 or else Latin-1, without blanks around it; `nil` when nothing is left.
    ///
    /// Numbers that came as numbers where a text was expected are texts too.
    var text: String? {
        switch self {
        case .bytes(let bytes):
            let content = bytes.prefix { $0 != 0 }
            let text = String(validating: content, as: UTF8.self) ?? String(String.UnicodeScalarView(content.map { Unicode.Scalar($0) }))
            var trimmed = text[...]
            while let first = trimmed.first, first.isWhitespace { trimmed.removeFirst() }
            while let last = trimmed.last, last.isWhitespace { trimmed.removeLast() }
            return trimmed.isEmpty ? nil : String(trimmed)
        case .integer(let number): return String(number)
        case .address(let bytes): return bytes.map(String.init).joined(separator: ".")
        case .name(let name): return name.description
        case .missing, .other: return nil
        }
    }
}

/// SNMP's error-status (RFC 3416 section 3), as far as podp tells them apart.
enum SNMPStatus {
    static let tooBig: Int32 = 1
    static let noSuchName: Int32 = 2
    static let badValue: Int32 = 3
    static let readOnly: Int32 = 4
    static let genErr: Int32 = 5
    static let noAccess: Int32 = 6
    static let wrongValue: Int32 = 10
    static let inconsistentValue: Int32 = 12
    static let resourceUnavailable: Int32 = 13
    static let authorizationError: Int32 = 16
    static let notWritable: Int32 = 17
    static let inconsistentName: Int32 = 18

    static func word(_ status: Int32) -> String {
        switch status {
        case tooBig: "tooBig"
        case noSuchName: "noSuchName"
        case badValue: "badValue"
        case readOnly: "readOnly"
        case genErr: "genErr"
        case noAccess: "noAccess"
        case wrongValue: "wrongValue"
        case inconsistentValue: "inconsistentValue"
        case resourceUnavailable: "resourceUnavailable"
        case authorizationError: "authorizationError"
        case notWritable: "notWritable"
        case inconsistentName: "inconsistentName"
        default: "error \(status)"
        }
    }
}
