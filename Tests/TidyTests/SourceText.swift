/// A Swift source whose comments and texts are blanked, so that rules look at code only. Lines keep their numbers.
///
/// Code within a text's interpolation stays. Regular expression literals are not known: the project uses none.
struct SourceText {
    /// The code, line by line.
    private(set) var code: [String] = []
    /// The comments, line by line.
    private(set) var comments: [String] = []

    private let bytes: [UInt8]
    private var position = 0
    private static let newline = UInt8(ascii: "\n")
    private var codeLine: [UInt8] = []
    private var commentLine: [UInt8] = []

    init(_ text: String) {
        bytes = Array(text.utf8)
        readCode(untilParenthesis: false)
        endLine()
    }

    private func peek(_ offset: Int = 0) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    private func isNext(_ text: String) -> Bool {
        var offset = 0
        for byte in text.utf8 {
            guard peek(offset) == byte else { return false }
            offset += 1
        }
        return true
    }

    private mutating func endLine() {
        code.append(String(decoding: codeLine, as: UTF8.self))
        comments.append(String(decoding: commentLine, as: UTF8.self))
        codeLine.removeAll(keepingCapacity: true)
        commentLine.removeAll(keepingCapacity: true)
    }

    private mutating func keep() {
        guard let byte = peek() else { return }
        position += 1
        if byte == Self.newline { endLine() } else { codeLine.append(byte) }
    }

    private mutating func drop(_ count: Int = 1, comment: Bool = false) {
        for _ in 0..<count {
            guard let byte = peek() else { return }
            position += 1
            if byte == Self.newline {
                endLine()
            } else {
                codeLine.append(UInt8(ascii: " "))
                if comment { commentLine.append(byte) }
            }
        }
    }

    private mutating func readCode(untilParenthesis: Bool) {
        var depth = 0
        while let byte = peek() {
            if isNext("//") {
                while let next = peek(), next != Self.newline { drop(comment: true) }
            } else if isNext("/*") {
                readBlockComment()
            } else if let hashes = hashesBeforeText() {
                readText(hashes: hashes)
            } else {
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") {
                    if untilParenthesis, depth == 0 { return }
                    depth -= 1
                }
                keep()
            }
        }
    }

    private mutating func readBlockComment() {
        var depth = 0
        repeat {
            if isNext("/*") {
                depth += 1
                drop(2)
            } else if isNext("*/") {
                depth -= 1
                drop(2)
            } else {
                drop(comment: true)
            }
        } while depth > 0 && peek() != nil
    }

    /// The number of `#` before the quotation mark that stands here; `nil` when none does.
    private func hashesBeforeText() -> Int? {
        var hashes = 0
        while peek(hashes) == UInt8(ascii: "#") { hashes += 1 }
        return peek(hashes) == UInt8(ascii: "\"") ? hashes : nil
    }

    private mutating func readText(hashes: Int) {
        let tail = String(repeating: "#", count: hashes)
        drop(hashes)
        let quote = isNext("\"\"\"") ? "\"\"\"" : "\""
        // A mark stays on both sides, so that `"text"!` is seen.
        for _ in 0..<quote.count { keep() }
        while peek() != nil {
            if isNext(quote + tail) {
                for _ in 0..<quote.count { keep() }
                drop(hashes)
                return
            }
            if isNext("\\" + tail + "(") {
                drop(2 + hashes)
                readCode(untilParenthesis: true)
                drop()
            } else if isNext("\\" + tail) {
                drop(2 + hashes)
            } else {
                drop()
            }
        }
    }
}
