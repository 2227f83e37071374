import PodpModel

extension FlatFile {
    /// Writes a definition as a flat file that xl 4.17 reads too (except type `kvm`, which it does not know). `parse` makes the same definition of it, with
    /// revision 0: the revision is the coordinator's.
    ///
    /// Throws `.inexpressible` for a definition that breaks `DefinitionLimits`.
    public static func write(_ definition: DomainDefinition) throws(DefinitionError) -> String {
        if let problem = DefinitionLimits.violations(of: definition).first {
            throw DefinitionError(.inexpressible, "the domain \(definition.name.quoted) fits into no flat file: \(problem)", remedy: "correct its definition")
        }
        var lines = [
            "name = \(string(definition.name))",
            "uuid = \(string(definition.id.description))",
            "type = \(string(definition.type.rawValue))",
        ]
        lines += amount(definition.memory, key: "memory", exact: "podp_memory_kib")
        if definition.maxMemory != definition.memory { lines += amount(definition.maxMemory, key: "maxmem", exact: "podp_maxmem_kib") }
        lines.append("vcpus = \(definition.vcpus)")
        if definition.maxVCPUs != definition.vcpus { lines.append("maxvcpus = \(definition.maxVCPUs)") }
        if definition.cpuWeight != 256 { lines.append("cpu_weight = \(definition.cpuWeight)") }
        if definition.cpuCap != 0 { lines.append("cap = \(definition.cpuCap)") }
        lines += boot(definition.boot)
        lines += list("disk", definition.disks.map(disk))
        lines += list("vif", definition.nics.map(nic))
        lines.append("on_poweroff = \(string(definition.onPowerOff.rawValue))")
        lines.append("on_reboot = \(string(definition.onReboot.rawValue))")
        lines.append("on_crash = \(string(definition.onCrash.rawValue))")
        lines += list("podp_shared", definition.disks.filter(\.shared).map(\.target))
        lines += policy(definition.policy)
        return lines.joined(separator: "\n") + "\n"
    }

    /// In quotation marks. Control characters are beyond the limits, so that a quotation mark and the backslash are all there is to escape.
    private static func string(_ text: String) -> String {
        var quoted = "\""
        for character in text.unicodeScalars {
            if character == "\"" || character == "\\" { quoted.unicodeScalars.append("\\") }
            quoted.unicodeScalars.append(character)
        }
        return quoted + "\""
    }

    private static func list(_ key: String, _ items: [String]) -> [String] {
        switch items.count {
        case 0: []
        case 1: ["\(key) = [ \(items.map(string).joined()) ]"]
        default: ["\(key) = ["] + items.map { "    \(string($0))," } + ["]"]
        }
    }

    private static func amount(_ bytes: Bytes, key: String, exact: String) -> [String] {
        let kibibytes = bytes.kibibytes
        guard kibibytes % 1024 != 0 else { return ["\(key) = \(bytes.mebibytes)"] }
        return ["\(key) = \(bytes.mebibytes + 1)", "\(exact) = \(kibibytes)"]
    }

    private static func boot(_ boot: DomainBoot) -> [String] {
        switch boot {
        case .kernel(let path, let ramdisk, let commandLine):
            var lines = ["kernel = \(string(path))"]
            if let ramdisk { lines.append("ramdisk = \(string(ramdisk))") }
            if !commandLine.isEmpty { lines.append("cmdline = \(string(commandLine))") }
            return lines
        case .bootloader(let program): return ["bootloader = \(string(program))"]
        case .firmware(let order): return ["boot = \(string(order))"]
        }
    }

    /// `target=` comes last: it takes the rest of the string, commas and all.
    private static func disk(_ disk: Disk) -> String {
        var parts = ["vdev=\(disk.target)", "format=raw", "access=\(disk.readOnly ? "ro" : "rw")"]
        if disk.isCDROM { parts.append("devtype=cdrom") }
        let looksLikeFile = !disk.source.isEmpty && !disk.source.hasPrefix("/dev/")
        if disk.isFile != looksLikeFile { parts.append("backendtype=\(disk.isFile ? "qdisk" : "phy")") }
        if disk.source.isEmpty {
            parts.removeAll { $0 == "format=raw" }
        } else {
            parts.append("target=\(disk.source)")
        }
        return parts.joined(separator: ", ")
    }

    private static func nic(_ nic: NIC) -> String {
        var parts = nic.mac.map { ["mac=\($0)"] } ?? []
        parts.append("bridge=\(nic.bridge)")
        if let model = nic.model { parts.append(model == "netfront" ? "type=vif" : "model=\(model)") }
        return parts.joined(separator: ",")
    }

    private static func policy(_ policy: DomainPolicy) -> [String] {
        var lines: [String] = []
        if let downtime = policy.allowedDowntime { lines.append("podp_allowed_downtime = \(string(Amount.text(downtime)))") }
        if policy.stays { lines.append("podp_stays = 1") }
        lines += list("podp_apart", policy.apart)
        lines += list("podp_together", policy.together)
        lines += list("podp_only_on", policy.onlyOn)
        lines += list("podp_never_on", policy.neverOn)
        lines += list("podp_spread", policy.spread)
        lines += list("podp_near", policy.near)
        lines += list("podp_exclusive", policy.exclusive)
        lines += list("podp_prices", policy.prices)
        // xl's language has no signs.
        if policy.priority != 0 { lines.append("podp_priority = \(policy.priority < 0 ? string("\(policy.priority)") : "\(policy.priority)")") }
        return lines
    }
}
