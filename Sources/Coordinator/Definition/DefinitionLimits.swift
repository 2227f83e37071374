import PodpModel

/// What every definition keeps to, whoever wrote it: a flat file, libvirt's XML, or the API. Each check answers `nil`, or what is wrong in words for people.
public enum DefinitionLimits {
    /// Bytes of a domain's name.
    public static let nameBytes = 1...128
    public static let vcpus = 1...512
    public static let memory = Bytes.mebibytes(1)...Bytes.gibibytes(16 * 1024)
    /// The credit scheduler's weights.
    public static let cpuWeight = 1...65_535
    /// Percent of one CPU; 0 is no cap.
    public static let cpuCap = 0...51_200
    public static let priority = -1_000_000...1_000_000
    public static let disks = 256
    public static let nics = 64
    /// Groups, or blades, that one policy names.
    public static let policyNames = 64
    /// Linux reads 2048 bytes of a command line, libxl hands on more.
    public static let commandLineBytes = 4096
    public static let pathBytes = 4096
    public static let allowedDowntime = Duration.zero...Duration.seconds(365 * 86_400)

    /// Everything that is wrong with a definition; empty when it may be stored.
    public static func violations(of definition: DomainDefinition) -> [String] {
        var found = [
            name(definition.name), definition.id.uuid == .zero ? "the UUID is all zeroes" : nil,
            definition.type == .unknown ? "the type is unknown: it must be pv, pvh, hvm or kvm" : nil,
            memory(definition.memory, of: "memory"), memory(definition.maxMemory, of: "maximum memory"),
            definition.maxMemory < definition.memory ? "maximum memory is below memory" : nil,
            range(definition.vcpus, vcpus, of: "vCPUs"), range(definition.maxVCPUs, vcpus, of: "maximum vCPUs"),
            definition.maxVCPUs < definition.vcpus ? "maximum vCPUs are below vCPUs" : nil,
            range(definition.cpuWeight, cpuWeight, of: "CPU weight"), range(definition.cpuCap, cpuCap, of: "CPU cap"),
            boot(definition.boot, of: definition.type),
            definition.disks.count > disks ? "\(definition.disks.count) disks are more than \(disks)" : nil,
            definition.nics.count > nics ? "\(definition.nics.count) network interfaces are more than \(nics)" : nil,
        ].compactMap { $0 }
        for disk in definition.disks.prefix(disks) { found += violations(of: disk) }
        for (index, nic) in definition.nics.prefix(nics).enumerated() {
            found += [nic.mac.flatMap(mac), bridge(nic.bridge), nic.model.flatMap(model)].compactMap { $0 }.map { "network interface \(index): \($0)" }
        }
        found += repeated(definition.disks.map(\.target)).map { "two disks are called \($0.quoted)" }
        found += repeated(definition.nics.compactMap(\.mac)).map { "two network interfaces have the MAC \($0)" }
        return found + violations(of: definition.policy)
    }

    private static func violations(of disk: Disk) -> [String] {
        var found = [target(disk.target)].compactMap { $0 }
        if disk.source.isEmpty {
            if !disk.isCDROM { found.append("no source") }
        } else if let problem = source(disk.source) {
            found.append(problem)
        }
        if disk.isCDROM, !disk.readOnly { found.append("a CD-ROM drive is read-only") }
        return found.map { "disk \(disk.target.quoted): \($0)" }
    }

    private static func violations(of policy: DomainPolicy) -> [String] {
        var found = [range(policy.priority, priority, of: "priority")].compactMap { $0 }
        if let downtime = policy.allowedDowntime {
            if !allowedDowntime.contains(downtime) {
                found.append("the allowed downtime is not between 0 and 365 days")
            } else if downtime != .nanoseconds(downtime.nanoseconds) {
                found.append("the allowed downtime is finer than a nanosecond")
            }
        }
        let lists: [(String, [String], (String) -> String?)] = [
            ("apart", policy.apart, group), ("together", policy.together, group), ("only on", policy.onlyOn, group), ("never on", policy.neverOn, group),
            ("spread", policy.spread, spread), ("near", policy.near, near), ("exclusive", policy.exclusive, group), ("prices", policy.prices, price),
        ]
        for (what, names, fault) in lists {
            if names.count > policyNames { found.append("\(what): more than \(policyNames) names") }
            found += names.prefix(policyNames).compactMap(fault).map { "\(what): \($0)" }
            found += repeated(names).map { "\(what): \($0.quoted) twice" }
        }
        return found
    }

    // MARK: - Single values

    /// A name that xl, libvirt, file systems and shells all take: letters, digits, `.`, `_`, `-`, `+`; not only digits, which xl reads as a domain number.
    static func name(_ name: String) -> String? {
        guard nameBytes.contains(name.utf8.count) else {
            return name.isEmpty ? "the name is empty" : "the name has \(name.utf8.count) bytes, more than \(nameBytes.upperBound)"
        }
        if let bad = name.unicodeScalars.first(where: { !isNameScalar($0) }) {
            return "the name \(name.quoted) holds \(shown(bad)): letters, digits, '.', '_', '-' and '+' are allowed"
        }
        if name.utf8.first?.isAlphanumeric != true { return "the name \(name.quoted) does not begin with a letter or a digit" }
        if name.utf8.allSatisfy(\.isDigit) { return "the name \(name.quoted) is only digits: xl would take it for a domain's number" }
        if name == "Domain-0" || name == "Xenstore" { return "the name \(name.quoted) is Xen's own" }
        return nil
    }

    static func group(_ name: String) -> String? {
        guard nameBytes.contains(name.utf8.count) else { return name.isEmpty ? "a name is empty" : "a name is longer than \(nameBytes.upperBound) bytes" }
        return name.unicodeScalars.allSatisfy(isNameScalar) ? nil : "\(name.quoted) is no name: letters, digits, '.', '_', '-' and '+' are allowed"
    }

    /// A group to be spread: `web`, `web:power`, `web:chassis:3`.
    static func spread(_ text: String) -> String? {
        guard let parsed = ZoneGroup(text) else {
            return "\(text.quoted) is no group to be spread: write NAME, NAME:ZONE or NAME:ZONE:NUMBER; zones are \(zones), numbers 2 to 1000"
        }
        return group(parsed.group)
    }

    /// A group to be kept near: `shop`, `shop:power`.
    static func near(_ text: String) -> String? {
        guard let parsed = ZoneGroup(text), text.split(separator: ":").count <= 2 else {
            return "\(text.quoted) is no group to be near: write NAME or NAME:ZONE; zones are \(zones)"
        }
        return group(parsed.group)
    }

    /// A group that is a wish: `web=2.5`.
    static func price(_ text: String) -> String? {
        guard let parsed = GroupPrice(text) else { return "\(text.quoted) is no price: write NAME=NUMBER, 0 to 1000000" }
        return group(parsed.group)
    }

    private static let zones = Zone.allCases.map(\.rawValue).joined(separator: ", ")

    static func memory(_ memory: Bytes, of what: String) -> String? {
        if !Self.memory.contains(memory) { return "\(what) is \(Amount.text(memory)), not between 1 MiB and 16 TiB" }
        return memory.count % 1024 == 0 ? nil : "\(what) is \(memory.count) bytes, no whole number of KiB"
    }

    static func range(_ value: Int, _ range: ClosedRange<Int>, of what: String) -> String? {
        range.contains(value) ? nil : "\(what): \(value) is not between \(range.lowerBound) and \(range.upperBound)"
    }

    /// `xvda`, `xvda1`, `hdc`, `sda`, `vda`, `fda` is none: letters behind a known prefix, and the number of a partition.
    static func target(_ target: String) -> String? {
        var rest = target[...]
        let prefixes = ["xvd", "hd", "sd", "vd"]
        guard let prefix = prefixes.first(where: { rest.hasPrefix($0) }) else { return "\(target.quoted) is no disk's name: use xvda, hda, sda or vda" }
        rest = rest.dropFirst(prefix.count)
        let letters = rest.utf8.prefix { $0.isLowercase }.count
        let digits = rest.utf8.dropFirst(letters)
        let number = String(Substring(digits))
        guard (1...3).contains(letters), digits.allSatisfy(\.isDigit), digits.count <= 3, digits.first != UInt8(ascii: "0") else {
            return "\(target.quoted) is no disk's name: use xvda, hda, sda or vda" + (number.isEmpty ? "" : ", with a partition's number at most")
        }
        return nil
    }

    /// An absolute path without control characters. A comma at its end would be lost by xl.
    static func source(_ path: String) -> String? {
        if !path.hasPrefix("/") { return "\(path.quoted) is not an absolute path" }
        if path.utf8.count > pathBytes { return "the path is longer than \(pathBytes) bytes" }
        if let bad = path.unicodeScalars.first(where: isControl) { return "the path holds \(shown(bad))" }
        return path.hasSuffix(",") ? "the path ends with a comma, which xl would cut off" : nil
    }

    /// Six bytes in lower-case hexadecimal, unicast and not all zero.
    static func mac(_ mac: String) -> String? {
        guard let bytes = MACAddress(mac)?.bytes else { return "\(mac.quoted) is no MAC address: write six pairs of digits as in 00:16:3e:12:34:56" }
        if mac != MACAddress(bytes: bytes).description { return "the MAC \(mac) is not in lower case" }
        if bytes[0] & 1 == 1 { return "the MAC \(mac) is a multicast address" }
        return bytes.allSatisfy { $0 == 0 } ? "the MAC is all zeroes" : nil
    }

    /// A Linux interface's name: 1 to 15 bytes without '/', ':' and blanks.
    static func bridge(_ name: String) -> String? {
        guard (1...15).contains(name.utf8.count) else { return "the bridge's name \(name.quoted) has not 1 to 15 bytes" }
        return name.unicodeScalars.allSatisfy(isNameScalar) ? nil : "\(name.quoted) is no bridge's name"
    }

    static func model(_ model: String) -> String? {
        (1...32).contains(model.utf8.count) && model.unicodeScalars.allSatisfy(isNameScalar) ? nil : "\(model.quoted) is no interface's model"
    }

    static func boot(_ boot: DomainBoot, of type: VirtualisationType) -> String? {
        switch boot {
        case .kernel(let path, let ramdisk, let commandLine):
            if let problem = source(path) { return "kernel: \(problem)" }
            if let problem = ramdisk.flatMap(source) { return "ramdisk: \(problem)" }
            return Self.commandLine(commandLine)
        case .bootloader(let program):
            if type != .pv && type != .pvh { return "a bootloader such as pygrub is for PV and PVH domains" }
            return bootloader(program)
        case .firmware(let order):
            if type == .pv || type == .pvh { return "a \(type.rawValue.uppercased()) domain needs a kernel or a bootloader: it has no firmware" }
            return bootOrder(order)
        }
    }

    static func commandLine(_ text: String) -> String? {
        if text.utf8.count > commandLineBytes { return "the kernel's command line is longer than \(commandLineBytes) bytes" }
        return text.unicodeScalars.first(where: isControl).map { "the kernel's command line holds \(shown($0))" }
    }

    static func bootloader(_ program: String) -> String? {
        guard (1...pathBytes).contains(program.utf8.count) else { return "the bootloader has no name, or too long a one" }
        let fits = program.unicodeScalars.allSatisfy { isNameScalar($0) || $0 == "/" }
        return fits ? nil : "the bootloader \(program.quoted) is no program's name or path"
    }

    static func bootOrder(_ order: String) -> String? {
        let letters = Set(order)
        let fits = !order.isEmpty && letters.count == order.count && letters.isSubset(of: ["a", "c", "d", "n"])
        return fits ? nil : "the boot order \(order.quoted) is not made of a (floppy), c (disk), d (CD-ROM) and n (network), each once"
    }

    // MARK: - Characters

    private static func isNameScalar(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.isASCII else { return false }
        let byte = UInt8(truncatingIfNeeded: scalar.value)
        return byte.isAlphanumeric || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
    }

    /// What neither a terminal, xl nor XML should get: C0 and C1 controls, and the two non-characters that XML forbids.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0xFFFE || scalar.value == 0xFFFF
    }

    private static func shown(_ scalar: Unicode.Scalar) -> String {
        isControl(scalar) ? "the control character U+" + String(scalar.value, radix: 16, uppercase: true) : scalar == " " ? "a space" : "'\(Character(scalar))'"
    }

    /// What stands more than once in a list, each once, in order.
    static func repeated(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        var found: [String] = []
        for name in names where !seen.insert(name).inserted && !found.contains(name) { found.append(name) }
        return found
    }
}
