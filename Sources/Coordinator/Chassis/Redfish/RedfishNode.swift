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

    /// `nil`: it is no JSON, or nested too deep.
    init?(json: [UInt8]) {
        guard Self.depth(of: json) <= Self.deepest, let node = try? JSONDecoder().decode(RedfishNode.self, from: Data(json)) else { return nil }
        self = node
    }

    /// How deep brackets and braces are nested, outside of texts.
    private static func depth(of json: [UInt8]) -> Int {
        var depth = 0, most = 0
        var isText = false, isEscaped = false
        for byte in json {
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                most = max(most, depth)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
        }
        return most
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
