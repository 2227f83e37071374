struct ConfigToken {
    enum Kind: Equatable {
        case identifier, number, string, comma, open, close, equals, plusEquals, semicolon, newline, end
    }

    var kind: Kind
    /// Its words; for the marks only the offset counts.
    var atom: ConfigAtom
}

/// The words of xl's configuration files, after libxlu_cfg_l.l of Xen 4.17: lower-case keys, numbers that begin with a digit, strings in either quotation mark
/// that end on their line, comments from `#` to the end of the line.
///
/// Compared with libxlutil 4.17 itself. Two differences on purpose: a comment may end with the file (xl wants a new line after it), and what xl merely
/// calls a "lexical error" is named.
struct ConfigLexer {
    private let source: SourceText
    private var offset = 0

    init(_ source: SourceText) { self.source = source }

    mutating func next() throws(DefinitionError) -> ConfigToken {
        while let byte = source.byte(at: offset), byte.isBlank { offset += 1 }
        let start = offset
        guard let byte = source.byte(at: offset) else { return mark(.end, from: start) }
        switch byte {
        case UInt8(ascii: "\n"): return mark(.newline, 1, from: start)
        case UInt8(ascii: "#"):
            while let byte = source.byte(at: offset), byte != UInt8(ascii: "\n") { offset += 1 }
            return mark(.newline, source.byte(at: offset) == nil ? 0 : 1, from: start)
        case UInt8(ascii: ","): return mark(.comma, 1, from: start)
        case UInt8(ascii: "["): return mark(.open, 1, from: start)
        case UInt8(ascii: "]"): return mark(.close, 1, from: start)
        case UInt8(ascii: "="): return mark(.equals, 1, from: start)
        case UInt8(ascii: ";"): return mark(.semicolon, 1, from: start)
        case UInt8(ascii: "+") where source.byte(at: offset + 1) == UInt8(ascii: "="): return mark(.plusEquals, 2, from: start)
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return try string(quote: byte)
        case _ where byte.isLowercase: return word(.identifier) { $0.isLowercase || $0.isDigit || $0 == UInt8(ascii: "_") }
        case _ where byte.isDigit:
            return word(.number) { $0.isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) || $0 == UInt8(ascii: "x") }
        default: throw lexicalError(byte)
        }
    }

    private mutating func mark(_ kind: ConfigToken.Kind, _ length: Int = 0, from start: Int) -> ConfigToken {
        offset += length
        return ConfigToken(kind: kind, atom: ConfigAtom(offset: start, bytes: [], offsets: [start]))
    }

    private mutating func word(_ kind: ConfigToken.Kind, while belongs: (UInt8) -> Bool) -> ConfigToken {
        let start = offset
        var bytes: [UInt8] = []
        while let byte = source.byte(at: offset), belongs(byte) {
            bytes.append(byte)
            offset += 1
        }
        return ConfigToken(kind: kind, atom: ConfigAtom(offset: start, bytes: bytes, offsets: Array(start...offset)))
    }

    private mutating func string(quote: UInt8) throws(DefinitionError) -> ConfigToken {
        let start = offset
        var atom = ConfigAtom(offset: start, bytes: [], offsets: [])
        if source.byte(at: start + 1) == quote, source.byte(at: start + 2) == quote {
            throw source.error(.syntax, at: start, "three quotation marks are Python", remedy: "write one on each side, on one line")
        }
        offset += 1
        while let byte = source.byte(at: offset), byte != UInt8(ascii: "\n") {
            let place = offset
            offset += 1
            if byte == quote {
                atom.offsets.append(place)
                return ConfigToken(kind: .string, atom: atom)
            }
            atom.offsets.append(place)
            atom.bytes.append(byte == UInt8(ascii: "\\") ? try escape(from: place) : byte)
        }
        let mark = quote == UInt8(ascii: "'") ? "'" : "\""
        throw source.error(.syntax, at: start, "this string is not closed on its line", remedy: "end it with \(mark)")
    }

    /// The byte that an escape stands for. xlu documents `\xHH` and octal too, but the reader of 4.17 refuses or mangles both.
    private mutating func escape(from place: Int) throws(DefinitionError) -> UInt8 {
        guard let byte = source.byte(at: offset), byte != UInt8(ascii: "\n") else {
            throw source.error(.syntax, at: place, "a string cannot go on in the next line", remedy: "close it here, and add the rest with: key += \"…\"")
        }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "\\"): return byte
        case UInt8(ascii: "a"): return 7
        case UInt8(ascii: "b"): return 8
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "v"): return 11
        case UInt8(ascii: "f"): return 12
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "x"), UInt8(ascii: "0")...UInt8(ascii: "7"):
            throw source.error(.syntax, at: place, "xl 4.17 cannot read characters given by number", remedy: "write the character itself")
        default: throw source.error(.syntax, at: place, "no escape that xl knows", remedy: "write \\\\ for a backslash")
        }
    }

    private func lexicalError(_ byte: UInt8) -> DefinitionError {
        let rest = source.text(offset..<offset + 40)
        func starts(_ word: String) -> Bool { rest.hasPrefix(word) }
        switch byte {
        case UInt8(ascii: "\r"):
            return source.error(.syntax, at: offset, "a carriage return: the file has Windows' line ends", remedy: "convert it: sed -i 's/\\r$//' FILE")
        case UInt8(ascii: "\\"):
            return source.error(.syntax, at: offset, "a setting cannot go on in the next line", remedy: "put it on one line; only lists may span lines")
        case UInt8(ascii: "-") where source.byte(at: offset + 1)?.isDigit == true:
            return source.error(
                .syntax, at: offset, "a number has no sign here", remedy: "amounts are never below zero; text such as \"-5\" is in quotation marks")
        case UInt8(ascii: "("), UInt8(ascii: "{"), UInt8(ascii: "+"), UInt8(ascii: "%"), UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "-"),
            UInt8(ascii: ")"):
            return source.error(
                .syntax, at: offset, "'\(Character(Unicode.Scalar(byte)))' is not part of xl's language; xl has not read Python since Xen 4.1",
                remedy: "write the resulting value, in quotation marks when it is no whole number")
        case _ where starts("True"): return source.error(.syntax, at: offset, "'True' is Python", remedy: "write 1")
        case _ where starts("False"), _ where starts("None"):
            return source.error(.syntax, at: offset, "\(starts("None") ? "'None'" : "'False'") is Python", remedy: "write 0")
        case _ where byte.isUppercase: return source.error(.syntax, at: offset, "keys are in lower case, and text is in quotation marks", remedy: "write it so")
        default:
            let scalar = rest.unicodeScalars.first.map { String(Character($0)) } ?? "?"
            return source.error(.syntax, at: offset, "\(scalar.quoted) cannot stand here", remedy: "text belongs into quotation marks, remarks behind '#'")
        }
    }
}
