import PodpModel

/// One string of `disk = [ … ]`, after xl-disk-configuration(5) and libxlu_disk_l.l of Xen 4.17: named parameters, flags, positional parameters (target,
/// format, vdev, access), the old prefixes (`phy:`, `file:`, `tap:aio:`), and `vdev:cdrom`. Compared with libxlutil 4.17 itself.
struct DiskSpec {
    private let source: SourceText
    private let atom: ConfigAtom
    private var index = 0

    private var target: String?
    private var targetPlace = 0
    private var format: String?
    private var vdev: String?
    private var vdevPlace = 0
    private var backendType: String?
    private var readOnly = false
    private var shared = false
    private var isCDROM = false
    private var hadPrefix = false
    private var hadAccess = false
    private var warnings: [DefinitionWarning] = []

    static func parse(_ atom: ConfigAtom, in source: SourceText) throws(DefinitionError) -> (disk: Disk, place: Int, warnings: [DefinitionWarning]) {
        var spec = DiskSpec(source: source, atom: atom)
        while try spec.parameter() {}
        let disk = try spec.disk()
        return (disk, atom.place(of: spec.vdevPlace), spec.warnings)
    }

    private init(source: SourceText, atom: ConfigAtom) {
        self.source = source
        self.atom = atom
    }

    // MARK: - Scanning

    /// Reads one parameter; `false` at the end.
    private mutating func parameter() throws(DefinitionError) -> Bool {
        let bytes = atom.bytes
        while index < bytes.count, bytes[index].isBlank || bytes[index] == UInt8(ascii: "\n") { index += 1 }
        guard index < bytes.count else { return false }
        let start = index
        if try prefix() { return true }
        let rest = bytes[start...]
        if rest.starts(with: "target=".utf8) {
            index = bytes.count
            let path = bytes[(start + 7)...]
            try setTarget(String(decoding: path.last == UInt8(ascii: ",") ? path.dropLast() : path, as: UTF8.self), at: start + 7)
            return true
        }
        let word = rest.prefix { $0 != UInt8(ascii: ",") }
        index = word.endIndex < bytes.count ? word.endIndex + 1 : word.endIndex
        let text = trimmed(word)
        if let equals = word.firstIndex(of: UInt8(ascii: "=")) {
            try named(String(decoding: word[..<equals], as: UTF8.self), trimmed(word[(equals + 1)...]), at: start, valueAt: equals + 1)
        } else if try !flag(text, at: start) {
            try positional(text, at: start)
        }
        return true
    }

    private func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
        var bytes = bytes
        while bytes.last?.isBlank == true { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Old prefixes, `word:`. Those of formats and scripts mean something; xl strips the others and finds out by itself what it has.
    private mutating func prefix() throws(DefinitionError) -> Bool {
        let word = atom.bytes[index...].prefix { $0.isLowercase || $0.isDigit }
        guard word.first?.isLowercase == true, word.endIndex < atom.bytes.count, atom.bytes[word.endIndex] == UInt8(ascii: ":") else { return false }
        let start = index
        let after = word.endIndex + 1
        let name = String(decoding: word, as: UTF8.self)
        switch name {
        case "phy", "file", "aio", "ioemu", "tap", "tap2", "tapdisk":
            break
        case "raw", "qcow", "qcow2", "vhd":
            try setFormat(name, at: start)
        case "iscsi", "nbd", "enbd", "drbd":
            throw refused(
                "'\(name):' makes the disk by a script, of which podp cannot know which blades reach it", at: start, remedy: "name the block device itself")
        default:
            // `hdc:cdrom` is no prefix: what follows is a word.
            if after < atom.bytes.count, atom.bytes[after].isLowercase || atom.bytes[after].isDigit { return false }
            throw invalid("'\(name):' is no prefix that xl knows", at: start, remedy: "write only the path")
        }
        hadPrefix = true
        index = after
        return true
    }

    // MARK: - Parameters

    private mutating func named(_ key: String, _ value: String, at place: Int, valueAt: Int) throws(DefinitionError) {
        switch key {
        case "format": try setFormat(value, at: valueAt)
        case "vdev": try setVdev(value, at: valueAt)
        case "access": try setAccess(value, at: valueAt)
        case "devtype":
            guard value == "cdrom" || value == "disk" else { throw invalid("devtype is cdrom or disk, not \(value.quoted)", at: valueAt) }
            isCDROM = value == "cdrom"
        case "backendtype":
            guard ["phy", "qdisk", "tap"].contains(value) else { throw invalid("backendtype is phy, qdisk or tap, not \(value.quoted)", at: valueAt) }
            if let backendType, backendType != value { throw invalid("backendtype is given twice", at: place, remedy: "remove one") }
            backendType = value
        case "backend":
            if value == "0" || value == "Domain-0" { return }
            throw refused("podp knows no driver domains: the disk must be dom0's", at: place, remedy: "remove backend=")
        case "script":
            throw refused("podp cannot know which blades reach what a script makes", at: place, remedy: "name the block device itself")
        case "specification":
            if value == "xen" { return }
            throw refused("podp carries Xen's own block protocol only", at: place, remedy: "remove specification=")
        case "grant_usage": warn("grant_usage is not carried", at: place)
        case "colo-host", "colo-port", "colo-export", "active-disk", "hidden-disk":
            throw refused("podp carries no COLO replication", at: place, remedy: "remove \(key)=")
        default: throw invalid("\(key.quoted) is no parameter of a disk", at: place, remedy: "see xl-disk-configuration(5)")
        }
    }

    /// Whether the word is a flag.
    private mutating func flag(_ word: String, at place: Int) throws(DefinitionError) -> Bool {
        switch word {
        case "cdrom": isCDROM = true
        case "discard", "trusted", "no-colo": break
        case "no-discard", "direct-io-safe", "untrusted": warn("'\(word)' is not carried", at: place)
        case "colo": throw refused("podp carries no COLO replication", at: place, remedy: "remove 'colo'")
        default: return false
        }
        return true
    }

    private mutating func positional(_ word: String, at place: Int) throws(DefinitionError) {
        if target == nil {
            try setTarget(word, at: place)
        } else if !hadPrefix, format == nil {
            if target?.isEmpty == true, word.contains(":") {
                try setVdev(word, at: place)
                format = "empty"
            } else if vdev == nil, DefinitionLimits.target(word) == nil {
                throw invalid("the format is missing before \(word.quoted)", at: place, remedy: "write it, or leave it empty: PATH,,\(word)")
            } else {
                try setFormat(word, at: place)
            }
        } else if vdev == nil {
            try setVdev(word, at: place)
        } else if !hadAccess {
            hadAccess = true
            try setAccess(word, at: place)
        } else {
            throw invalid("\(word.quoted) is one parameter too many", at: place, remedy: "they are target, format, vdev and access")
        }
    }

    private mutating func setTarget(_ value: String, at place: Int) throws(DefinitionError) {
        if let target, !target.isEmpty { throw invalid("the target is given twice", at: place, remedy: "remove one") }
        target = value
        targetPlace = place
    }

    private mutating func setFormat(_ value: String, at place: Int) throws(DefinitionError) {
        let name = value.isEmpty ? "raw" : value
        if let format, format != name { throw invalid("the format is given twice, as \(format) and \(name)", at: place, remedy: "remove one") }
        switch name {
        case "raw", "empty": format = name
        case "qcow", "qcow2", "vhd", "qed":
            throw refused("podp carries raw disks only, and would start this one as raw", at: place, remedy: "convert it: qemu-img convert -O raw")
        default: throw invalid("\(value.quoted) is no format", at: place, remedy: "write raw, or leave it empty")
        }
    }

    private mutating func setVdev(_ value: String, at place: Int) throws(DefinitionError) {
        if let vdev, !vdev.isEmpty { throw invalid("the virtual device is given twice", at: place, remedy: "remove one") }
        vdevPlace = place
        guard let colon = value.lastIndex(of: ":") else {
            vdev = value
            return
        }
        vdev = String(value[..<colon])
        switch value[value.index(after: colon)...] {
        case "cdrom": isCDROM = true
        case "disk": isCDROM = false
        default: throw invalid("\(value.quoted): a device is 'cdrom' or 'disk'", at: place)
        }
    }

    private mutating func setAccess(_ value: String, at place: Int) throws(DefinitionError) {
        switch value {
        case "r", "ro": readOnly = true
        case "w", "rw", "": readOnly = false
        case "w!", "rw!":
            shared = true
            warn("xl 4.17 itself refuses '\(value)'; podp_shared = [ … ] says the same and xl ignores it", at: place)
        default: throw invalid("access is ro or rw, not \(value.quoted)", at: place)
        }
    }

    // MARK: - Result

    private func disk() throws(DefinitionError) -> Disk {
        guard let vdev, !vdev.isEmpty else {
            throw invalid("the virtual device is missing", at: 0, remedy: "say what the domain calls the disk, as in: PATH,raw,xvda,rw")
        }
        if let problem = DefinitionLimits.target(vdev) { throw invalid(problem, at: vdevPlace) }
        var path = target ?? ""
        if format == "empty", !path.isEmpty { throw invalid("an empty drive has no target", at: targetPlace, remedy: "remove one of them") }
        if path.isEmpty {
            guard isCDROM else {
                throw invalid("the target is missing", at: 0, remedy: "say which device or file of dom0 it is, as in: /dev/vg0/web,raw,xvda,rw")
            }
        } else {
            // As libxl does.
            if !path.hasPrefix("/") { path = "/dev/" + path }
            if let problem = DefinitionLimits.source(path) { throw invalid(problem, at: targetPlace) }
        }
        let isFile = backendType.map { $0 != "phy" } ?? !(path.isEmpty || path.hasPrefix("/dev/"))
        return Disk(target: vdev, source: path, isFile: isFile, readOnly: readOnly || isCDROM, shared: shared, isCDROM: isCDROM)
    }

    private mutating func warn(_ message: String, at place: Int) { warnings.append(source.warning(at: atom.place(of: place), key: "disk", message)) }

    private func invalid(_ message: String, at place: Int, remedy: String = "see xl-disk-configuration(5)") -> DefinitionError {
        source.error(.invalid, at: atom.place(of: place), message, remedy: remedy)
    }

    private func refused(_ message: String, at place: Int, remedy: String) -> DefinitionError {
        source.error(.refused, at: atom.place(of: place), message, remedy: remedy)
    }
}
