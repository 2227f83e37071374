/// A small JSON value: the journal's and the simulated hypervisor's files are lines of it. Without Foundation, for the agent's size.
///
/// Printing is canonical (keys sorted, no white space), so that equal values have equal texts.
public indirect enum JSONTree: Hashable, Sendable {
    case null
    case bool(Bool)
    case unsigned(UInt64)
    /// Below zero.
    case negative(Int64)
    case double(Double)
    case string(String)
    case array([JSONTree])
    case object([String: JSONTree])

    /// Text that is no JSON, or no JSON that this reads.
    public struct Malformed: Error, Hashable, Sendable, CustomStringConvertible {
        public var description: String
    }

    static let deepest = 64

    // MARK: - Printing

    /// Canonical text, in one line.
    public var text: String {
        var out = ""
        write(to: &out)
        return out
    }

    private func write(to out: inout String) {
        switch self {
        case .null: out += "null"
        case .bool(let value): out += value ? "true" : "false"
        case .unsigned(let value): out += "\(value)"
        case .negative(let value): out += "\(value)"
        case .double(let value): out += value.isFinite ? "\(value)" : "null"
        case .string(let value): Self.write(value, to: &out)
        case .array(let values):
            out += "["
            for (index, value) in values.enumerated() {
                if index > 0 { out += "," }
                value.write(to: &out)
            }
            out += "]"
        case .object(let members):
            out += "{"
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { out += "," }
                Self.write(member.key, to: &out)
                out += ":"
                member.value.write(to: &out)
            }
            out += "}"
        }
    }

    private static func write(_ string: String, to out: inout String) {
        out += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\u{0}"..<" ":
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        out += "\""
    }

    // MARK: - Parsing

    /// Reads one JSON value that fills the text but for white space.
    public init(parsing bytes: some Sequence<UInt8>) throws(Malformed) {
        var parser = Parser(bytes: Array(bytes))
        self = try parser.whole()
    }

    private struct Parser {
        let bytes: [UInt8]
        var at = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        var next: UInt8? { at < bytes.count ? bytes[at] : nil }

        func fault(_ what: String) -> Malformed { Malformed(description: "\(what) at byte \(at)") }

        mutating func skip() {
            while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            guard next == byte else { return false }
            at += 1
            return true
        }

        mutating func whole() throws(Malformed) -> JSONTree {
            let value = try self.value(depth: 0)
            skip()
            guard next == nil else { throw fault("something after the end of the JSON value") }
            return value
        }

        mutating func value(depth: Int) throws(Malformed) -> JSONTree {
            guard depth < deepest else { throw fault("nested too deeply") }
            skip()
            switch next {
            case UInt8(ascii: "{"): return try object(depth: depth)
            case UInt8(ascii: "["): return try array(depth: depth)
            case UInt8(ascii: "\""): return .string(try string())
            case UInt8(ascii: "t"): return try word("true", .bool(true))
            case UInt8(ascii: "f"): return try word("false", .bool(false))
            case UInt8(ascii: "n"): return try word("null", .null)
            default: return try number()
            }
        }

        mutating func word(_ text: StaticString, _ value: JSONTree) throws(Malformed) -> JSONTree {
            for byte in "\(text)".utf8 {
                guard take(byte) else { throw fault("expected \(text)") }
            }
            return value
        }

        mutating func number() throws(Malformed) -> JSONTree {
            let start = at
            while let byte = next, (0x30...0x39).contains(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte) { at += 1 }
            let text = String(decoding: bytes[start..<at], as: UTF8.self)
            if let value = UInt64(text) { return .unsigned(value) }
            if let value = Int64(text) { return .negative(value) }
            guard let value = Double(text), value.isFinite else { throw fault("expected a value") }
            return .double(value)
        }

        mutating func array(depth: Int) throws(Malformed) -> JSONTree {
            at += 1
            var values: [JSONTree] = []
            skip()
            if take(UInt8(ascii: "]")) { return .array(values) }
            while true {
                values.append(try value(depth: depth + 1))
                skip()
                if take(UInt8(ascii: "]")) { return .array(values) }
                guard take(UInt8(ascii: ",")) else { throw fault("expected , or ]") }
            }
        }

        mutating func object(depth: Int) throws(Malformed) -> JSONTree {
            at += 1
            var members: [String: JSONTree] = [:]
            skip()
            if take(UInt8(ascii: "}")) { return .object(members) }
            while true {
                skip()
                let key = try string()
                skip()
                guard take(UInt8(ascii: ":")) else { throw fault("expected :") }
                members[key] = try value(depth: depth + 1)
                skip()
                if take(UInt8(ascii: "}")) { return .object(members) }
                guard take(UInt8(ascii: ",")) else { throw fault("expected , or }") }
            }
        }

        mutating func string() throws(Malformed) -> String {
            guard take(UInt8(ascii: "\"")) else { throw fault("expected a string") }
            var units: [UInt8] = []
            while let byte = next {
                at += 1
                switch byte {
                case UInt8(ascii: "\""):
                    guard let text = String(validating: units, as: UTF8.self) else { throw fault("a string that is not UTF-8") }
                    return text
                case UInt8(ascii: "\\"): try escape(into: &units)
                case 0..<0x20: throw fault("a control character in a string")
                default: units.append(byte)
                }
            }
            throw fault("a string without an end")
        }

        mutating func escape(into units: inout [UInt8]) throws(Malformed) {
            guard let byte = next else { throw fault("a string without an end") }
            at += 1
            switch byte {
            case UInt8(ascii: "n"): units.append(0x0A)
            case UInt8(ascii: "t"): units.append(0x09)
            case UInt8(ascii: "r"): units.append(0x0D)
            case UInt8(ascii: "b"): units.append(0x08)
            case UInt8(ascii: "f"): units.append(0x0C)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): units.append(byte)
            case UInt8(ascii: "u"):
                var code = try hexadecimal()
                if (0xD800..<0xDC00).contains(code) {
                    guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw fault("half a surrogate pair") }
                    let low = try hexadecimal()
                    guard (0xDC00..<0xE000).contains(low) else { throw fault("half a surrogate pair") }
                    code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
                }
                guard let scalar = Unicode.Scalar(code) else { throw fault("no Unicode scalar") }
                units.append(contentsOf: Array(String(Character(scalar)).utf8))
            default: throw fault("unknown escape")
            }
        }

        mutating func hexadecimal() throws(Malformed) -> UInt32 {
            guard at + 4 <= bytes.count, let code = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16), bytes[at] != 0x2B, bytes[at] != 0x2D
            else { throw fault("expected four hexadecimal digits") }
            at += 4
            return code
        }
    }
}
