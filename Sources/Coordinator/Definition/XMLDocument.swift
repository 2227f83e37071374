/// An element with its attributes, its text (without that of its children) and its children.
struct XMLElement: Sendable {
    var name: String
    var attributes: [String: String] = [:]
    var children: [XMLElement] = []
    var text = ""
    /// Where its `<` stands.
    var offset: Int

    func children(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
    func child(_ name: String) -> XMLElement? { children.first { $0.name == name } }
    subscript(attribute: String) -> String? { attributes[attribute] }

    /// The text without white space around it.
    var trimmedText: String {
        let scalars = text.unicodeScalars
        let head = scalars.drop { $0.properties.isWhitespace }
        let tail = head.reversed().prefix { $0.properties.isWhitespace }.count
        return String(String.UnicodeScalarView(head.dropLast(tail)))
    }
}

/// A small, strict reader of XML 1.0: elements, attributes, text, comments, CDATA, processing instructions (skipped), the five entities and numeric
/// characters. No document type, so no entities that grow. Depth, elements and bytes are bounded; every error has its place.
struct XMLReader {
    static let depthLimit = 32
    static let elementLimit = 20_000
    static let attributeLimit = 64

    private let source: SourceText
    private var offset = 0
    private var elements = 0

    static func read(_ source: SourceText) throws(DefinitionError) -> XMLElement {
        var reader = XMLReader(source: source)
        return try reader.document()
    }

    private init(source: SourceText) { self.source = source }

    private mutating func document() throws(DefinitionError) -> XMLElement {
        if source.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { offset = 3 }
        // Open elements, outermost first. No recursion: depth costs no stack.
        var open: [XMLElement] = []
        while let byte = source.byte(at: offset) {
            if byte != UInt8(ascii: "<") {
                let start = offset
                let text = try text(until: UInt8(ascii: "<"))
                if open.isEmpty {
                    guard text.unicodeScalars.allSatisfy(\.properties.isWhitespace) else { throw error(start, "text outside of the document's element") }
                } else {
                    open[open.count - 1].text += text
                }
            } else if try skipsMarkup() {
                continue
            } else if starts(with: "<![CDATA[") {
                guard !open.isEmpty else { throw error(offset, "text outside of the document's element") }
                open[open.count - 1].text += try cdata()
            } else if starts(with: "</") {
                guard let element = open.popLast() else { throw error(offset, "this closes an element that was never opened") }
                try close(element)
                guard open.isEmpty else {
                    open[open.count - 1].children.append(element)
                    continue
                }
                try epilogue()
                return element
            } else {
                let (element, isEmpty) = try start()
                guard open.count < Self.depthLimit else { throw error(element.offset, "elements nest deeper than \(Self.depthLimit)", .tooLarge) }
                if !isEmpty {
                    open.append(element)
                } else if open.isEmpty {
                    try epilogue()
                    return element
                } else {
                    open[open.count - 1].children.append(element)
                }
            }
        }
        if let last = open.last { throw error(source.bytes.count, "<\(last.name)> of line \(source.line(of: last.offset)) is not closed") }
        throw error(source.bytes.count, "there is no element")
    }

    private mutating func epilogue() throws(DefinitionError) {
        while let byte = source.byte(at: offset) {
            if byte == UInt8(ascii: "<") {
                guard try skipsMarkup() else { throw error(offset, "a second element: a document has one") }
            } else {
                guard Self.isSpace(byte) else { throw error(offset, "text behind the document's element") }
                offset += 1
            }
        }
    }

    // MARK: - Markup

    /// Skips a comment or a processing instruction, if there is one.
    private mutating func skipsMarkup() throws(DefinitionError) -> Bool {
        if starts(with: "<!--") {
            try skip("<!--", until: "-->", "this comment is not closed")
        } else if starts(with: "<?") {
            try skip("<?", until: "?>", "this instruction is not closed")
        } else if starts(with: "<!DOCTYPE") {
            throw error(offset, "document types are not read", .refused, "remove it: libvirt writes none")
        } else {
            return false
        }
        return true
    }

    private mutating func skip(_ opening: String, until closing: String, _ problem: String) throws(DefinitionError) {
        let start = offset
        offset += opening.utf8.count
        while !starts(with: closing) {
            guard source.byte(at: offset) != nil else { throw error(start, problem) }
            offset += 1
        }
        offset += closing.utf8.count
    }

    private mutating func cdata() throws(DefinitionError) -> String {
        let start = offset + 9
        try skip("<![CDATA[", until: "]]>", "this CDATA section is not closed")
        return try plain(start..<offset - 3)
    }

    private mutating func start() throws(DefinitionError) -> (XMLElement, isEmpty: Bool) {
        let start = offset
        elements += 1
        guard elements <= Self.elementLimit else { throw error(start, "more than \(Self.elementLimit) elements", .tooLarge) }
        offset += 1
        var element = XMLElement(name: try name("element"), offset: start)
        while true {
            let spaced = skipSpace()
            guard let byte = source.byte(at: offset) else { throw error(start, "this tag is not closed") }
            if byte == UInt8(ascii: ">") {
                offset += 1
                return (element, false)
            }
            if byte == UInt8(ascii: "/"), source.byte(at: offset + 1) == UInt8(ascii: ">") {
                offset += 2
                return (element, true)
            }
            guard spaced else { throw error(offset, "expected a space, '>' or '/>' in <\(element.name)>") }
            try attribute(of: &element)
        }
    }

    private mutating func attribute(of element: inout XMLElement) throws(DefinitionError) {
        let start = offset
        let name = try name("attribute")
        skipSpace()
        guard source.byte(at: offset) == UInt8(ascii: "=") else { throw error(offset, "expected '=' after the attribute '\(name)'") }
        offset += 1
        skipSpace()
        guard let quote = source.byte(at: offset), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            throw error(offset, "the value of '\(name)' needs quotation marks")
        }
        offset += 1
        let value = try text(until: quote, inAttribute: true)
        guard source.byte(at: offset) == quote else { throw error(start, "the value of '\(name)' is not closed") }
        offset += 1
        guard element.attributes.updateValue(value, forKey: name) == nil else { throw error(start, "the attribute '\(name)' is given twice") }
        guard element.attributes.count <= Self.attributeLimit else { throw error(start, "more than \(Self.attributeLimit) attributes", .tooLarge) }
    }

    private mutating func close(_ element: XMLElement) throws(DefinitionError) {
        let start = offset
        offset += 2
        let name = try name("element")
        guard name == element.name else {
            throw error(start, "expected </\(element.name)> to close the element of line \(source.line(of: element.offset)), found </\(name)>")
        }
        skipSpace()
        guard source.byte(at: offset) == UInt8(ascii: ">") else { throw error(offset, "expected '>' to end </\(name)>") }
        offset += 1
    }

    // MARK: - Words

    private mutating func name(_ what: String) throws(DefinitionError) -> String {
        let start = offset
        while let byte = source.byte(at: offset), Self.isName(byte) { offset += 1 }
        guard offset > start, let first = source.byte(at: start), first.isLetter || first == UInt8(ascii: "_") || first >= 0x80 else {
            throw error(start, "expected the name of an \(what)")
        }
        guard offset - start <= 256 else { throw error(start, "this name is longer than 256 bytes", .tooLarge) }
        return source.text(start..<offset)
    }

    /// Text up to a byte, with its entities put in; stops at the text's end too.
    private mutating func text(until stop: UInt8, inAttribute: Bool = false) throws(DefinitionError) -> String {
        var text = ""
        var start = offset
        while let byte = source.byte(at: offset), byte != stop {
            if byte == UInt8(ascii: "&") {
                text += try plain(start..<offset, inAttribute: inAttribute)
                text.unicodeScalars.append(try entity())
                start = offset
            } else if byte == UInt8(ascii: "<") {
                throw error(offset, "'<' must be written as &lt; in a value")
            } else {
                offset += 1
            }
        }
        return text + (try plain(start..<offset, inAttribute: inAttribute))
    }

    /// A stretch without entities: checked, line ends as one line feed, and in attributes every white space as a space.
    private func plain(_ range: Range<Int>, inAttribute: Bool = false) throws(DefinitionError) -> String {
        guard !range.isEmpty else { return "" }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for index in range {
            guard let byte = source.byte(at: index) else { break }
            guard byte >= 0x20 || Self.isSpace(byte) else { throw error(index, "the control character \(byte) is not allowed in XML") }
            if byte == UInt8(ascii: "\r") {
                if source.byte(at: index + 1) != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: inAttribute ? " " : "\n")) }
            } else {
                bytes.append(inAttribute && Self.isSpace(byte) ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func entity() throws(DefinitionError) -> Unicode.Scalar {
        let start = offset
        offset += 1
        let nameStart = offset
        while let byte = source.byte(at: offset), byte != UInt8(ascii: ";"), offset - nameStart < 12 { offset += 1 }
        guard source.byte(at: offset) == UInt8(ascii: ";") else { throw error(start, "this entity does not end with ';'", .syntax, "write &amp; for '&'") }
        let name = source.text(nameStart..<offset)
        offset += 1
        switch name {
        case "amp": return "&"
        case "lt": return "<"
        case "gt": return ">"
        case "apos": return "'"
        case "quot": return "\""
        default:
            let digits = name.hasPrefix("#x") ? name.dropFirst(2) : name.hasPrefix("#") ? name.dropFirst(1) : ""
            let isDigits = digits.utf8.first?.isAlphanumeric == true
            guard isDigits, let value = UInt32(digits, radix: name.hasPrefix("#x") ? 16 : 10), let scalar = Unicode.Scalar(value), Self.isAllowed(scalar) else {
                throw error(start, "&\(name); is no entity that is read", .syntax, "only &amp; &lt; &gt; &apos; &quot; and numbers are")
            }
            return scalar
        }
    }

    // MARK: - Bytes

    private func starts(with text: String) -> Bool {
        var place = offset
        for byte in text.utf8 {
            guard source.byte(at: place) == byte else { return false }
            place += 1
        }
        return true
    }

    @discardableResult
    private mutating func skipSpace() -> Bool {
        let start = offset
        while let byte = source.byte(at: offset), Self.isSpace(byte) { offset += 1 }
        return offset > start
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    private static func isName(_ byte: UInt8) -> Bool {
        byte.isAlphanumeric || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":") || byte >= 0x80
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        (scalar.value >= 0x20 || scalar == "\t" || scalar == "\n" || scalar == "\r") && scalar.value != 0xFFFE && scalar.value != 0xFFFF
    }

    private func error(_ offset: Int, _ message: String, _ code: DefinitionError.Code = .syntax, _ remedy: String = "") -> DefinitionError {
        source.error(code, at: offset, message, remedy: remedy)
    }
}
