/// A text as bytes, with its name: makes located errors from byte offsets.
struct SourceText: Sendable {
    let file: String
    let bytes: [UInt8]

    /// Throws `.tooLarge` above `limit` bytes, `.syntax` for bytes that are no UTF-8 and for NUL.
    init(file: String, bytes: [UInt8], limit: Int) throws(DefinitionError) {
        self.file = file
        self.bytes = bytes
        guard bytes.count <= limit else {
            throw DefinitionError(
                .tooLarge, at: SourceLocation(file: file, line: 1, column: 1), "\(bytes.count) bytes are too many",
                remedy: "a domain's description may have \(limit / 1024) KiB")
        }
        if let offset = Self.firstInvalid(in: bytes) {
            throw error(.syntax, at: offset, "this byte is not UTF-8", remedy: "save the file as UTF-8")
        }
        if let offset = bytes.firstIndex(of: 0) { throw error(.syntax, at: offset, "a NUL byte", remedy: "remove it") }
    }

    private static func firstInvalid(in bytes: [UInt8]) -> Int? {
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch parser.parseScalar(from: &iterator) {
            case .valid(let scalar): offset += scalar.count
            case .emptyInput: return nil
            case .error: return min(offset, max(bytes.count - 1, 0))
            }
        }
    }

    func byte(at offset: Int) -> UInt8? { bytes.indices.contains(offset) ? bytes[offset] : nil }

    /// The text of a range; clamped to the bytes that there are.
    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range.clamped(to: bytes.startIndex..<bytes.endIndex)], as: UTF8.self) }

    func location(of offset: Int) -> SourceLocation {
        var line = 1
        var column = 1
        for byte in bytes.prefix(max(offset, 0)) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return SourceLocation(file: file, line: line, column: column)
    }

    func line(of offset: Int) -> Int { location(of: offset).line }

    func error(_ code: DefinitionError.Code, at offset: Int, _ message: String, remedy: String = "") -> DefinitionError {
        DefinitionError(code, at: location(of: offset), message, remedy: remedy)
    }

    func warning(at offset: Int, key: String, _ message: String) -> DefinitionWarning {
        DefinitionWarning(at: location(of: offset), key: key, message)
    }
}

extension UInt8 {
    var isDigit: Bool { UInt8(ascii: "0") <= self && self <= UInt8(ascii: "9") }
    var isLowercase: Bool { UInt8(ascii: "a") <= self && self <= UInt8(ascii: "z") }
    var isUppercase: Bool { UInt8(ascii: "A") <= self && self <= UInt8(ascii: "Z") }
    var isLetter: Bool { isLowercase || isUppercase }
    var isAlphanumeric: Bool { isLetter || isDigit }
    /// Space and tab: what separates tokens on a line.
    var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}

extension String {
    /// The word in quotation marks, cut when it is long: for messages.
    var quoted: String { count <= 64 ? "'\(self)'" : "'\(prefix(60))…'" }
}
