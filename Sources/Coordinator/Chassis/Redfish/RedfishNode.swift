import FoundationEssentials

/// A JSON value as it came, for resources of which every member may be missing or of another type.
enum RedfishNode: Decodable, Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([RedfishNode])
    case object([String: RedfishNode])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([RedfishNode].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: RedfishNode].self))
        }
    }

    /// No service nests deeper; Foundation's decoder takes seconds for what is nested some hundred deep.
    private static let deepest = 40

    /// What power is decided by: an answer that says one of them twice says two things.
    private static let decisive: Set<[UInt8]> = Set(
        ["PowerState", "Status", "UUID", "SerialNumber", "Id", "Members", "Links", "Actions"].map { Array($0.utf8) })

    /// `nil`: it is no JSON, nested too deep, or says twice what power is decided by.
    init?(json: [UInt8]) {
        guard Self.isPlausible(json), let node = try? JSONDecoder().decode(RedfishNode.self, from: Data(json)) else { return nil }
        self = node
    }

    /// How deep brackets and braces are nested, outside of texts, and the keys of the outermost object.
    private static func isPlausible(_ json: [UInt8]) -> Bool {
        var depth = 0
        var isText = false, isEscaped = false
        var isKey = false
        var keyStart = 0
        var keys: Set<[UInt8]> = []
        for (index, byte) in json.enumerated() {
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                    guard depth == 1, isKey else { continue }
                    let key = Array(json[keyStart..<index])
                    if decisive.contains(key), !keys.insert(key).inserted { return false }
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                isText = true
                keyStart = index + 1
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                isKey = byte == UInt8(ascii: "{")
                if depth > deepest { return false }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            // Of what is in the outermost object; deeper ones are not looked at.
            case UInt8(ascii: ","): isKey = true
            case UInt8(ascii: ":"): isKey = false
            default: break
            }
        }
        return true
    }

    var isNull: Bool { self == .null }

    subscript(_ key: String) -> RedfishNode? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    /// Text without blanks around it; `nil` for none, and for an empty one.
    var text: String? {
        guard case .string(let value) = self else { return nil }
        var trimmed = value[...]
        while let first = trimmed.first, first.isWhitespace || first == "\0" { trimmed.removeFirst() }
        while let last = trimmed.last, last.isWhitespace || last == "\0" { trimmed.removeLast() }
        return trimmed.isEmpty ? nil : String(trimmed)
    }
    var number: Double? { if case .number(let value) = self, value.isFinite { value } else { nil } }
    var whole: Int? { number.flatMap { abs($0) < 1e15 ? Int($0.rounded()) : nil } }
    var elements: [RedfishNode] { if case .array(let values) = self { values } else { [] } }
    /// Where a link leads.
    var link: String? { self["@odata.id"]?.text }
    var links: [String] { elements.compactMap(\.link) }
}
