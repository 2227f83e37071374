/// One element of a small document, as libvirt writes them: no namespaces, no document types, no mixed content that matters.
struct XMLNode: Hashable, Sendable {
    var name: String
    var attributes: [String: String] = [:]
    var children: [XMLNode] = []
    var text = ""

    /// The first child of that name.
    subscript(_ name: String) -> XMLNode? { children.first { $0.name == name } }
    func all(_ name: String) -> [XMLNode] { children.filter { $0.name == name } }

    /// Reads a document. `nil` when it is not well-formed, nests deeper than 64 elements, or is longer than 1 MiB.
    init?(document: String) {
        guard document.utf8.count <= 1 << 20 else { return nil }
        var reader = XMLReader(bytes: Array(document.utf8))
        guard let root = reader.document() else { return nil }
        self = root
    }

    fileprivate init(name: String) { self.name = name }
}

private struct XMLReader {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() -> XMLNode? {
        guard skipMisc(), let root = element(depth: 0), skipMisc(), position == bytes.count else { return nil }
        return root
    }

    private func starts(_ text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes[position...].starts(with: $0) }
    }

    private mutating func skip(past end: StaticString) -> Bool {
        while position < bytes.count {
            if starts(end) {
                position += end.utf8CodeUnitCount
                return true
            }
            position += 1
        }
        return false
    }

    private mutating func skipBlanks() {
        while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
    }

    /// Blanks, comments and processing instructions between elements.
    private mutating func skipMisc() -> Bool {
        while true {
            skipBlanks()
            if starts("<?") {
                guard skip(past: "?>") else { return false }
            } else if starts("<!--") {
                guard skip(past: "-->") else { return false }
            } else {
                return true
            }
        }
    }

    private mutating func name() -> String? {
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case 0x00...0x20, UInt8(ascii: "="), UInt8(ascii: "/"), UInt8(ascii: ">"), UInt8(ascii: "<"), UInt8(ascii: "\""), UInt8(ascii: "'"):
                return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
            default: position += 1
            }
        }
        return nil
    }

    private mutating func element(depth: Int) -> XMLNode? {
        guard depth < 64, position < bytes.count, bytes[position] == UInt8(ascii: "<") else { return nil }
        position += 1
        guard let name = name() else { return nil }
        var node = XMLNode(name: name)
        while true {
            skipBlanks()
            if starts("/>") {
                position += 2
                return node
            }
            if starts(">") {
                position += 1
                break
            }
            guard let (key, value) = attribute() else { return nil }
            node.attributes[key] = value
        }
        return content(of: &node, depth: depth) ? node : nil
    }

    private mutating func attribute() -> (String, String)? {
        guard let key = name() else { return nil }
        skipBlanks()
        guard starts("=") else { return nil }
        position += 1
        skipBlanks()
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") || bytes[position] == UInt8(ascii: "'") else { return nil }
        let quote = bytes[position]
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != quote { position += 1 }
        guard position < bytes.count else { return nil }
        let value = Self.plain(bytes[start..<position])
        position += 1
        return (key, value)
    }

    private mutating func content(of node: inout XMLNode, depth: Int) -> Bool {
        var text: [UInt8] = []
        while position < bytes.count {
            if starts("</") {
                position += 2
                guard name() == node.name else { return false }
                skipBlanks()
                guard starts(">") else { return false }
                position += 1
                node.text = Self.plain(text[...])
                return true
            }
            if starts("<!--") {
                guard skip(past: "-->") else { return false }
            } else if starts("<?") {
                guard skip(past: "?>") else { return false }
            } else if starts("<![CDATA[") {
                position += 9
                let start = position
                guard skip(past: "]]>") else { return false }
                // Written back as an entity, so that it is not taken for one.
                for byte in bytes[start..<(position - 3)] { text += byte == UInt8(ascii: "&") ? Array("&amp;".utf8) : [byte] }
            } else if bytes[position] == UInt8(ascii: "<") {
                guard let child = element(depth: depth + 1) else { return false }
                node.children.append(child)
            } else {
                text.append(bytes[position])
                position += 1
            }
        }
        return false
    }

    /// Text with its entities replaced; an unknown one stays as it is.
    private static func plain(_ raw: ArraySlice<UInt8>) -> String {
        guard raw.contains(UInt8(ascii: "&")) else { return String(decoding: raw, as: UTF8.self) }
        var text = ""
        var rest = raw
        while let ampersand = rest.firstIndex(of: UInt8(ascii: "&")) {
            text += String(decoding: rest[..<ampersand], as: UTF8.self)
            rest = rest[ampersand...]
            guard let end = rest.prefix(12).firstIndex(of: UInt8(ascii: ";")) else { break }
            let entity = String(decoding: rest[(ampersand + 1)..<end], as: UTF8.self)
            text += character(entity) ?? "&\(entity);"
            rest = rest[(end + 1)...]
        }
        return text + String(decoding: rest, as: UTF8.self)
    }

    private static func character(_ entity: String) -> String? {
        switch entity {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "quot": return "\""
        case "apos": return "'"
        default:
            guard entity.hasPrefix("#") else { return nil }
            let digits = entity.dropFirst()
            let number = digits.hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            return number.flatMap { Unicode.Scalar($0) }.map { String(Character($0)) }
        }
    }
}
