/// A word of a flat file: a string without its quotation marks, or a number as it was written.
struct ConfigAtom: Sendable {
    /// Where it begins in the file.
    var offset: Int
    var bytes: [UInt8]
    /// Where each byte stands in the file; one more for the end. Escapes make the two differ.
    var offsets: [Int]
    /// Made with `+=`: xl takes no such thing for a number.
    var isSum = false

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// Where the byte at `index` stands in the file; the end for any index behind it.
    func place(of index: Int) -> Int { offsets.indices.contains(index) ? offsets[index] : (offsets.last ?? offset) }
}

enum ConfigValue: Sendable {
    case atom(ConfigAtom)
    case list([ConfigValue], offset: Int)

    var offset: Int {
        switch self {
        case .atom(let atom): atom.offset
        case .list(_, let offset): offset
        }
    }
}

struct ConfigSetting: Sendable {
    var name: String
    /// Where its name stands.
    var offset: Int
    var value: ConfigValue
    /// Where an earlier setting of the same key stands that this one replaced.
    var replaced: Int?
}

/// The grammar of xl's configuration files, after libxlu_cfg_y.y of Xen 4.17: assignments `key = value` and `key += value`, each ended by a new line or
/// `;`, where a value is a string, a number, or a list of values in brackets that may hold new lines and end with a comma.
struct ConfigParser {
    /// xlu has no limit; nothing that podp reads nests deeper than two.
    static let depthLimit = 8
    /// Far above any real file; keeps a hostile one cheap, since `+=` copies.
    static let assignmentLimit = 4096

    private let source: SourceText
    private var lexer: ConfigLexer
    private var token: ConfigToken
    private var settings: [ConfigSetting] = []
    private var places: [String: Int] = [:]
    private var assignments = 0

    /// All settings of a file, each key once, in the order of their first appearance. A repeated key counts as given last.
    static func parse(_ source: SourceText) throws(DefinitionError) -> [ConfigSetting] {
        var lexer = ConfigLexer(source)
        let token = try lexer.next()
        var parser = ConfigParser(source: source, lexer: lexer, token: token)
        try parser.file()
        return parser.settings
    }

    private init(source: SourceText, lexer: ConfigLexer, token: ConfigToken) {
        self.source = source
        self.lexer = lexer
        self.token = token
    }

    private mutating func advance() throws(DefinitionError) { token = try lexer.next() }

    private mutating func file() throws(DefinitionError) {
        while token.kind != .end {
            switch token.kind {
            case .newline, .semicolon:
                try advance()
            case .identifier:
                try assignment()
                if token.kind == .newline || token.kind == .semicolon || token.kind == .end { continue }
                throw unexpected("expected a new line or ';' before \(found)", "write one setting on a line")
            default:
                throw unexpected("expected a key, found \(found)", "write settings as: key = value")
            }
        }
    }

    private mutating func assignment() throws(DefinitionError) {
        let name = token.atom.text
        assignments += 1
        guard assignments <= Self.assignmentLimit else {
            throw unexpected("more than \(Self.assignmentLimit) settings", "a domain needs a few dozen at most")
        }
        let offset = token.atom.offset
        try advance()
        guard token.kind == .equals || token.kind == .plusEquals else {
            if ["import", "from", "def", "if", "for", "while", "print", "else", "return", "class", "try"].contains(name) {
                throw source.error(
                    .syntax, at: offset, "this is Python, which xl has not read since Xen 4.1", remedy: "write the resulting values as plain settings")
            }
            throw unexpected("expected '=' after '\(name)', found \(found)", "write settings as: key = value")
        }
        let adds = token.kind == .plusEquals
        try advance()
        let value = try value(depth: 0, list: nil)
        try store(ConfigSetting(name: name, offset: offset, value: value), adds: adds)
    }

    private mutating func store(_ setting: ConfigSetting, adds: Bool) throws(DefinitionError) {
        guard let place = places[setting.name] else {
            places[setting.name] = settings.count
            var first = setting
            if adds, case .atom(var atom) = setting.value {
                atom.isSum = true
                first.value = .atom(atom)
            }
            settings.append(first)
            return
        }
        guard adds else {
            var last = setting
            last.replaced = settings[place].offset
            settings[place] = last
            return
        }
        // Taken out before it grows: a second owner would copy it at every addition.
        let first = settings[place].value
        settings[place].value = .list([], offset: 0)
        guard let sum = Self.sum(first, setting.value) else {
            throw source.error(
                .syntax, at: setting.value.offset, "'+=' cannot join a list and a single value",
                remedy: "'\(setting.name)' on line \(source.line(of: settings[place].offset)) must be of the same kind")
        }
        settings[place].value = sum
    }

    private static func sum(_ first: consuming ConfigValue, _ second: ConfigValue) -> ConfigValue? {
        switch (consume first, second) {
        case (.atom(var atom), .atom(let more)):
            // The end of the first part gives way to the start of the second.
            atom.bytes += more.bytes
            atom.offsets.removeLast()
            atom.offsets += more.offsets
            atom.isSum = true
            return .atom(atom)
        case (.list(var items, let offset), .list(let more, _)):
            items += more
            return .list(items, offset: offset)
        default: return nil
        }
    }

    private mutating func value(depth: Int, list: Int?) throws(DefinitionError) -> ConfigValue {
        switch token.kind {
        case .string, .number:
            let atom = token.atom
            try advance()
            return .atom(atom)
        case .open:
            return try listValue(depth: depth + 1)
        case .identifier:
            let remedy =
                ["true", "yes", "on"].contains(token.atom.text) ? "write 1" : ["false", "no", "off", "none"].contains(token.atom.text) ? "write 0" : ""
            throw unexpected("expected a string, a number or a list, found \(found)", remedy.isEmpty ? "put text into quotation marks" : remedy)
        case .end where list != nil:
            throw unclosed(list ?? 0)
        default:
            throw unexpected("expected a string, a number or a list, found \(found)", "the value must begin on the line of its key")
        }
    }

    private mutating func listValue(depth: Int) throws(DefinitionError) -> ConfigValue {
        let offset = token.atom.offset
        guard depth <= Self.depthLimit else {
            throw source.error(.tooLarge, at: offset, "lists nest deeper than \(Self.depthLimit)", remedy: "no key of xl's needs that")
        }
        var values: [ConfigValue] = []
        try advance()
        try skipNewlines()
        while token.kind != .close {
            values.append(try value(depth: depth, list: offset))
            try skipNewlines()
            if token.kind == .comma {
                try advance()
                try skipNewlines()
            } else if token.kind != .close {
                if token.kind == .string || token.kind == .number || token.kind == .open {
                    throw unexpected("expected ',' before \(found)", "separate the items of the list begun on line \(source.line(of: offset)) by commas")
                }
                throw unclosed(offset)
            }
        }
        try advance()
        return .list(values, offset: offset)
    }

    private mutating func skipNewlines() throws(DefinitionError) { while token.kind == .newline { try advance() } }

    private func unclosed(_ list: Int) -> DefinitionError {
        unexpected("expected ']' to close the list begun on line \(source.line(of: list)), found \(found)", "close the list with ']'")
    }

    private var found: String {
        switch token.kind {
        case .identifier, .number: token.atom.text.quoted
        case .string: "the string \(token.atom.text.quoted)"
        case .comma: "','"
        case .open: "'['"
        case .close: "']'"
        case .equals: "'='"
        case .plusEquals: "'+='"
        case .semicolon: "';'"
        case .newline: "the end of the line"
        case .end: "the end of the file"
        }
    }

    private func unexpected(_ message: String, _ remedy: String) -> DefinitionError {
        source.error(.syntax, at: token.atom.offset, message, remedy: remedy)
    }
}
