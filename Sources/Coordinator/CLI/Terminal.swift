import Glibc

/// A stream of output: whether it is a terminal, and colours where it is one.
struct Terminal: Sendable {
    let isTerminal: Bool
    private let colours: Bool

    static let output = Terminal(STDOUT_FILENO)
    static let errors = Terminal(STDERR_FILENO)

    /// Colours only on a terminal, and not where NO_COLOR is set to anything (https://no-color.org) or the terminal is dumb.
    private init(_ descriptor: Int32) {
        isTerminal = isatty(descriptor) == 1
        func environment(_ name: String) -> String? { getenv(name).flatMap { String(validatingCString: $0) } }
        colours = isTerminal && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    }

    func red(_ text: String) -> String { painted(text, "31") }
    func green(_ text: String) -> String { painted(text, "32") }
    func yellow(_ text: String) -> String { painted(text, "33") }
    func bold(_ text: String) -> String { painted(text, "1") }
    func faint(_ text: String) -> String { painted(text, "2") }

    private func painted(_ text: String, _ code: String) -> String { colours ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }

    static func complain(_ line: String) { write(line + "\n", to: STDERR_FILENO) }

    /// All of it; what a closed pipe does not take is lost.
    static func write(_ text: String, to descriptor: Int32) {
        // What `print` holds back was written before this.
        fflush(nil)
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}

/// A cell of a table: what it says, and how it looks.
struct Cell: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    enum Look { case plain, good, warning, bad, faint, bold }

    var text: String
    var look: Look
    var right: Bool

    init(_ text: String, _ look: Look = .plain, right: Bool = false) {
        self.text = SafeText.line(text)
        self.look = look
        self.right = right
    }

    init(stringLiteral value: String) { self.init(value) }

    fileprivate func painted(_ text: String) -> String {
        switch look {
        case .plain: text
        case .good: Terminal.output.green(text)
        case .warning: Terminal.output.yellow(text)
        case .bad: Terminal.output.red(text)
        case .faint: Terminal.output.faint(text)
        case .bold: Terminal.output.bold(text)
        }
    }
}

/// Rows whose columns are aligned. The last column is not padded.
struct Table {
    var header: [String]
    var rows: [[Cell]] = []

    func text(indent: String = "") -> String {
        let all = [header.map { Cell($0, .faint) }] + rows
        var widths: [Int] = []
        for row in all {
            for (column, cell) in row.enumerated() {
                let width = SafeText.width(cell.text)
                if column < widths.count { widths[column] = max(widths[column], width) } else { widths.append(width) }
            }
        }
        var isRight = [Bool](repeating: false, count: widths.count)
        for row in rows { for (column, cell) in row.enumerated() where cell.right { isRight[column] = true } }
        return (header.isEmpty ? rows : all).map { row in
            var line = indent
            let last = row.lastIndex { !$0.text.isEmpty } ?? -1
            for (column, cell) in row.enumerated() where column <= last {
                let space = String(repeating: " ", count: max(0, widths[column] - SafeText.width(cell.text)))
                let isLast = column == last
                line += isRight[column] ? space + cell.painted(cell.text) : cell.painted(cell.text) + (isLast ? "" : space)
                if !isLast { line += "  " }
            }
            return line + "\n"
        }.joined()
    }
}

/// A bar of a given width, in eighths of a character.
enum Bar {
    private static let eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

    /// `permille` is held between 0 and 1000.
    static func text(permille: Int64, width: Int = 10) -> String {
        let filled = Int(min(max(permille, 0), 1000)) * width * 8 / 1000
        let bar = String(repeating: "█", count: filled / 8) + eighths[filled % 8]
        return bar + String(repeating: "░", count: max(0, width - bar.count))
    }
}
