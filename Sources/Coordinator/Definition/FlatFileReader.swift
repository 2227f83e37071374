import PodpModel

/// Settings of a flat file, taken by key and kind, with errors where they stand.
struct FlatFileReader {
    let source: SourceText
    private let settings: [String: ConfigSetting]
    private(set) var warnings: [DefinitionWarning] = []

    /// Warns of repeated and of dropped keys, throws for refused ones and for unknown ones of podp's.
    init(source: SourceText, settings: [ConfigSetting]) throws(DefinitionError) {
        self.source = source
        var byName: [String: ConfigSetting] = [:]
        for setting in settings { byName[setting.name] = setting }
        self.settings = byName
        for setting in settings { try survey(setting) }
    }

    private mutating func survey(_ setting: ConfigSetting) throws(DefinitionError) {
        let name = setting.name
        if let earlier = setting.replaced {
            warn(at: setting.offset, key: name, "'\(name)' was already given on line \(source.line(of: earlier)); this one counts")
        }
        switch FlatFileKeys.treatment(of: name) {
        case .carried: return
        case .dropped(let effect):
            if !isHarmless(setting) { warn(at: setting.offset, key: name, "'\(name)' is not carried: \(effect)") }
        case .refused(let reason):
            if isHarmless(setting) { return }
            let remedy = name == "pvh" ? "write type = \"pvh\"" : "remove it, or keep this domain out of podp"
            throw source.error(.refused, at: setting.offset, "podp does not carry '\(name)': \(reason)", remedy: remedy)
        case nil:
            let guess = FlatFileKeys.nearest(to: name).map { "'\($0)'" }
            if name.hasPrefix("podp_") || name.hasPrefix("podp-") {
                throw source.error(
                    .invalid, at: setting.offset, "podp has no key '\(name)'", remedy: guess.map { "did you mean \($0)?" } ?? "see docs/flat-files.md")
            }
            warn(at: setting.offset, key: name, "neither xl nor podp knows '\(name.prefix(64))'" + (guess.map { "; did you mean \($0)?" } ?? ""))
        }
    }

    private func isHarmless(_ setting: ConfigSetting) -> Bool {
        switch setting.value {
        case .list(let items, _): items.isEmpty
        case .atom(let atom): FlatFileKeys.harmless[setting.name]?.contains(atom.text) == true
        }
    }

    mutating func warn(at offset: Int, key: String, _ message: String) { warnings.append(source.warning(at: offset, key: key, message)) }
    mutating func warn(_ more: [DefinitionWarning]) { warnings += more }

    func has(_ key: String) -> Bool { settings[key] != nil }

    /// Where a key's value stands; the file's end when it is not there.
    func place(of key: String) -> Int { settings[key]?.value.offset ?? source.bytes.count }

    func missing(_ key: String, _ message: String, remedy: String) -> DefinitionError {
        source.error(.missing, at: source.bytes.count, message, remedy: remedy)
    }

    func invalid(_ key: String, _ message: String, remedy: String = "see docs/flat-files.md") -> DefinitionError {
        source.error(.invalid, at: place(of: key), message, remedy: remedy)
    }

    func check(_ key: String, _ problem: String?, remedy: String = "see docs/flat-files.md") throws(DefinitionError) {
        if let problem { throw invalid(key, problem, remedy: remedy) }
    }

    // MARK: - Values by kind

    func atom(_ key: String) throws(DefinitionError) -> ConfigAtom? {
        switch settings[key]?.value {
        case nil: return nil
        case .atom(let atom): return atom
        case .list: throw invalid(key, "'\(key)' is a list and must be a single value", remedy: "write it without brackets")
        }
    }

    func string(_ key: String) throws(DefinitionError) -> String? {
        guard let atom = try atom(key) else { return nil }
        if atom.bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            throw invalid(key, "'\(key)' holds a control character", remedy: "remove it")
        }
        return atom.text
    }

    /// A whole number as strtol with base 0 reads it: decimal, `0x…`, or octal after a leading 0.
    func number(_ key: String, in range: ClosedRange<Int>, unit: String = "") throws(DefinitionError) -> Int? {
        guard let atom = try atom(key) else { return nil }
        if atom.isSum { throw invalid(key, "'+=' makes no number", remedy: "write '\(key)' once, with '='") }
        guard let number = Self.number(atom.bytes) else {
            let number = "no whole number" + (unit.isEmpty ? "" : " of\(unit)")
            throw invalid(key, "'\(key)' is \(atom.text.quoted), \(number)", remedy: "write digits, as in \(key) = \(range.lowerBound)")
        }
        guard range.contains(number) else {
            throw invalid(key, "'\(key)' is \(number), not between \(range.lowerBound) and \(range.upperBound)\(unit)", remedy: "write a number of that range")
        }
        return number
    }

    static func number(_ bytes: [UInt8]) -> Int? {
        var digits = bytes.drop { $0.isBlank }
        var sign = ""
        if let first = digits.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            sign = first == UInt8(ascii: "-") ? "-" : ""
            digits = digits.dropFirst()
        }
        guard digits.first?.isDigit == true else { return nil }
        var radix = 10
        if digits.count > 1, digits.first == UInt8(ascii: "0") {
            let second = digits[digits.startIndex + 1]
            radix = second == UInt8(ascii: "x") || second == UInt8(ascii: "X") ? 16 : 8
            digits = digits.dropFirst(radix == 16 ? 2 : 1)
            guard digits.first?.isAlphanumeric == true else { return nil }
        }
        return Int(sign + String(decoding: digits, as: UTF8.self), radix: radix)
    }

    /// xl's BOOLEAN: 0 is false, any other number true.
    func flag(_ key: String) throws(DefinitionError) -> Bool? {
        guard let atom = try atom(key) else { return nil }
        guard let number = Self.number(atom.bytes) else { throw invalid(key, "'\(key)' is \(atom.text.quoted), neither 0 nor 1", remedy: "write 0 or 1") }
        return number != 0
    }

    /// A list of words, as `disk` and `vif` are.
    func list(_ key: String) throws(DefinitionError) -> [ConfigAtom] {
        switch settings[key]?.value {
        case nil: return []
        case .atom: throw invalid(key, "'\(key)' is a single value and must be a list", remedy: "write \(key) = [ '…', '…' ]")
        case .list(let items, _): return try atoms(items, of: key)
        }
    }

    private func atoms(_ items: [ConfigValue], of key: String) throws(DefinitionError) -> [ConfigAtom] {
        var atoms: [ConfigAtom] = []
        for item in items {
            guard case .atom(let atom) = item else {
                throw source.error(.invalid, at: item.offset, "'\(key)' is a list of strings, and this is a list", remedy: "remove the inner brackets")
            }
            atoms.append(atom)
        }
        return atoms
    }

    /// Names in a list, or in one string separated by commas or blanks.
    func names(_ key: String) throws(DefinitionError) -> [ConfigAtom] {
        guard case .atom(let atom) = settings[key]?.value else { return try list(key) }
        return atom.bytes.indices.split { atom.bytes[$0].isBlank || atom.bytes[$0] == UInt8(ascii: ",") }.map { range in
            ConfigAtom(
                offset: atom.place(of: range.startIndex), bytes: Array(atom.bytes[range.startIndex..<range.endIndex]),
                offsets: (range.startIndex...range.endIndex).map(atom.place))
        }
    }
}
