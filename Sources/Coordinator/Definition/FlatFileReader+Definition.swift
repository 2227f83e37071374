import PodpModel

extension FlatFileReader {
    /// The domain that the settings describe.
    mutating func definition(newID: ID128) throws(DefinitionError) -> DomainDefinition {
        guard let name = try string("name") else { throw missing("name", "the domain has no name", remedy: "add: name = \"web-1\"") }
        try check("name", DefinitionLimits.name(name), remedy: "choose another name")
        let type = try type()
        let (memory, maxMemory) = try memory()
        let online = try number("vcpus", in: DefinitionLimits.vcpus) ?? 1
        let maximum = try number("maxvcpus", in: DefinitionLimits.vcpus) ?? online
        guard maximum >= online else {
            throw invalid("maxvcpus", "'maxvcpus' is \(maximum), below 'vcpus', which is \(online)", remedy: "raise it or remove it")
        }

        var definition = DomainDefinition(
            id: DomainID(try uuid() ?? newID), name: name, type: type, memory: memory, maxMemory: maxMemory, vcpus: online, maxVCPUs: maximum,
            boot: try boot(of: type))
        definition.cpuWeight = try number("cpu_weight", in: DefinitionLimits.cpuWeight) ?? 256
        definition.cpuCap = try number("cap", in: DefinitionLimits.cpuCap, unit: " percent of a CPU") ?? 0
        definition.disks = try disks()
        definition.nics = try nics()
        definition.onPowerOff = try exit("on_poweroff") ?? .destroy
        definition.onReboot = try exit("on_reboot") ?? .restart
        definition.onCrash = try exit("on_crash") ?? .destroy
        definition.policy = try policy()
        // What no single key shows; the checks above have caught everything that has a place of its own.
        if let problem = DefinitionLimits.violations(of: definition).first {
            throw source.error(.invalid, at: 0, problem, remedy: "see docs/flat-files.md")
        }
        return definition
    }

    private func uuid() throws(DefinitionError) -> ID128? {
        guard let text = try string("uuid") else { return nil }
        guard let uuid = ID128(text), uuid != .zero else {
            throw invalid("uuid", "\(text.quoted) is no UUID", remedy: "write 32 hexadecimal digits as uuidgen prints them, or remove the key")
        }
        return uuid
    }

    private mutating func type() throws(DefinitionError) -> VirtualisationType {
        let named: VirtualisationType? =
            switch try string("type") {
            case nil: nil
            case "pv": .pv
            case "pvh": .pvh
            case "hvm": .hvm
            case "kvm": .kvm
            case .some(let other): throw invalid("type", "\(other.quoted) is no type", remedy: "write pv, pvh, hvm, or kvm (podp's own, for KVM)")
            }
        let built: VirtualisationType? =
            switch try string("builder") {
            case nil: nil
            case "generic", "linux": .pv
            case "hvm": .hvm
            case .some(let other): throw invalid("builder", "\(other.quoted) is no builder", remedy: "write type = \"pvh\", \"pv\" or \"hvm\" instead")
            }
        if let named, let built, named != built {
            throw invalid("builder", "'builder' and 'type' contradict each other", remedy: "remove 'builder', which is the old form")
        }
        return named ?? built ?? .pv
    }

    private func memory() throws(DefinitionError) -> (Bytes, Bytes) {
        guard let memory = try amount("memory", exactly: "podp_memory_kib") else {
            throw missing("memory", "the domain has no memory", remedy: "add, in MiB: memory = 1024")
        }
        guard let maximum = try amount("maxmem", exactly: "podp_maxmem_kib") else { return (memory, memory) }
        guard maximum >= memory else {
            throw invalid("maxmem", "'maxmem' is \(Amount.text(maximum)), below 'memory', which is \(Amount.text(memory))", remedy: "raise it or remove it")
        }
        return (memory, maximum)
    }

    /// xl counts memory in MiB; an amount that is none stands beside it in KiB, and is only taken while the two agree.
    private func amount(_ key: String, exactly exact: String) throws(DefinitionError) -> Bytes? {
        guard let mebibytes = try number(key, in: 1...(16 << 20), unit: " MiB") else { return nil }
        guard let kibibytes = try number(exact, in: 1024...(16 << 30), unit: " KiB") else { return .mebibytes(UInt64(mebibytes)) }
        guard (kibibytes + 1023) / 1024 == mebibytes else {
            throw invalid(exact, "'\(exact)' is \(kibibytes) KiB, and '\(key)' says \(mebibytes) MiB", remedy: "remove '\(exact)'")
        }
        return .kibibytes(UInt64(kibibytes))
    }

    // MARK: - Boot

    private mutating func boot(of type: VirtualisationType) throws(DefinitionError) -> DomainBoot {
        try firmware(of: type)
        var kernel = try string("kernel")
        if type == .hvm, let path = kernel, path.split(separator: "/").last == "hvmloader" {
            warn(at: place(of: "kernel"), key: "kernel", "'kernel' is left out: hvmloader is every HVM domain's firmware, not its kernel")
            kernel = nil
        }
        let bootloader = try string("bootloader")
        if let bootloader, !bootloader.isEmpty {
            if type == .hvm || type == .kvm {
                warn(at: place(of: "bootloader"), key: "bootloader", "'bootloader' is left out: xl ignores it for such a domain, which boots by its firmware")
            } else {
                try check("bootloader", DefinitionLimits.bootloader(bootloader))
                for key in ["kernel", "ramdisk", "cmdline", "root", "extra"] where has(key) {
                    let remedy =
                        key == "kernel" || key == "ramdisk"
                        ? "remove one of them: xl runs the bootloader and ignores '\(key)'" : "set it in the domain's own boot menu"
                    throw invalid(key, "'\(key)' and 'bootloader' are both given", remedy: remedy)
                }
                if has("boot") { warn(at: place(of: "boot"), key: "boot", "'boot' is for HVM and KVM domains: left out") }
                return .bootloader(bootloader)
            }
        }
        let commandLine = try commandLine()
        guard let kernel, !kernel.isEmpty else {
            for key in ["ramdisk", "cmdline", "root", "extra"] where has(key) {
                guard type == .hvm || type == .kvm else { break }
                throw invalid(key, "'\(key)' is given without 'kernel'", remedy: "add 'kernel', or remove '\(key)'")
            }
            guard type == .hvm || type == .kvm else {
                throw missing("kernel", "a \(type.rawValue.uppercased()) domain needs a kernel", remedy: "add kernel = \"/boot/…\", or bootloader = \"pygrub\"")
            }
            let order = try string("boot") ?? "cd"
            try check("boot", DefinitionLimits.bootOrder(order))
            return .firmware(order: order)
        }
        if has("boot"), type == .pv || type == .pvh { warn(at: place(of: "boot"), key: "boot", "'boot' is for HVM and KVM domains: left out") }
        try check("kernel", DefinitionLimits.source(kernel), remedy: "write the kernel's path in dom0")
        let ramdisk = try string("ramdisk").flatMap { $0.isEmpty ? nil : $0 }
        if let ramdisk { try check("ramdisk", DefinitionLimits.source(ramdisk), remedy: "write the ramdisk's path in dom0") }
        return .kernel(path: kernel, ramdisk: ramdisk, commandLine: commandLine)
    }

    private func firmware(of type: VirtualisationType) throws(DefinitionError) {
        for key in ["firmware", "bios"] {
            guard let name = try string(key), !name.isEmpty else { continue }
            if (name == "bios" || name == "seabios") && (type == .hvm || type == .kvm) { continue }
            throw source.error(
                .refused, at: place(of: key), "podp carries no firmware but the default BIOS: the domain would not start with another",
                remedy: "remove '\(key)', or keep this domain out of podp")
        }
    }

    /// `cmdline` wins over `root` and `extra`, as xl has it.
    private mutating func commandLine() throws(DefinitionError) -> String {
        let root = try string("root")
        let extra = try string("extra")
        guard let line = try string("cmdline") else {
            let text = [root.map { "root=" + $0 }, extra].compactMap { $0 }.joined(separator: " ")
            try check(extra == nil ? "root" : "extra", DefinitionLimits.commandLine(text), remedy: "shorten it")
            return text
        }
        for key in ["root", "extra"] where has(key) { warn(at: place(of: key), key: key, "'\(key)' is ignored, by xl too, because there is 'cmdline'") }
        try check("cmdline", DefinitionLimits.commandLine(line), remedy: "shorten it")
        return line
    }

    // MARK: - Devices

    private mutating func disks() throws(DefinitionError) -> [Disk] {
        var disks: [Disk] = []
        var places: [String: Int] = [:]
        let atoms = try list("disk")
        if atoms.count > DefinitionLimits.disks { throw invalid("disk", "more than \(DefinitionLimits.disks) disks") }
        for atom in atoms {
            let (disk, place, more) = try DiskSpec.parse(atom, in: source)
            warn(more)
            if let earlier = places[disk.target] {
                throw source.error(
                    .invalid, at: place, "the disk '\(disk.target)' was already given on line \(source.line(of: earlier))", remedy: "call one of them otherwise"
                )
            }
            places[disk.target] = place
            disks.append(disk)
        }
        for atom in try names("podp_shared") {
            guard let index = disks.firstIndex(where: { $0.target == atom.text }) else {
                throw source.error(
                    .invalid, at: atom.offset, "there is no disk \(atom.text.quoted) to share", remedy: "name disks as the domain sees them: xvdb")
            }
            disks[index].shared = true
        }
        return disks
    }

    private mutating func nics() throws(DefinitionError) -> [NIC] {
        var nics: [NIC] = []
        let atoms = try list("vif")
        if atoms.count > DefinitionLimits.nics { throw invalid("vif", "more than \(DefinitionLimits.nics) network interfaces") }
        for atom in atoms {
            let (nic, more) = try NetworkSpec.parse(atom, in: source)
            warn(more)
            if let mac = nic.mac, nics.contains(where: { $0.mac == mac }) {
                throw source.error(
                    .invalid, at: atom.offset, "the MAC \(mac) is given to two interfaces", remedy: "change one, or remove mac= to have one made")
            }
            nics.append(nic)
        }
        return nics
    }

    private mutating func exit(_ key: String) throws(DefinitionError) -> DomainExit? {
        guard let action = try string(key) else { return nil }
        let near: (DomainExit, String)
        switch action {
        case "destroy": return .destroy
        case "restart": return .restart
        case "preserve": return .preserve
        case "rename-restart": near = (.restart, "the old domain is not kept under another name")
        case "coredump-destroy": near = (.destroy, "no core dump is written")
        case "coredump-restart": near = (.restart, "no core dump is written")
        default: throw invalid(key, "\(action.quoted) is no action that podp carries", remedy: "write destroy, restart or preserve")
        }
        warn(at: place(of: key), key: key, "'\(action)' is taken as '\(near.0.rawValue)': \(near.1)")
        return near.0
    }

    // MARK: - podp's own keys

    private mutating func policy() throws(DefinitionError) -> DomainPolicy {
        var policy = DomainPolicy()
        if let text = try string("podp_allowed_downtime") {
            guard let downtime = Amount.duration(text) else {
                throw invalid("podp_allowed_downtime", "\(text.quoted) is no time", remedy: "write a number and its unit: \"30s\", \"5min\", \"1h\"")
            }
            guard DefinitionLimits.allowedDowntime.contains(downtime) else {
                throw invalid("podp_allowed_downtime", "\(text.quoted) is more than 365 days", remedy: "write a shorter time")
            }
            policy.allowedDowntime = downtime
        }
        policy.stays = try flag("podp_stays") ?? false
        policy.priority = try number("podp_priority", in: DefinitionLimits.priority) ?? 0
        policy.apart = try groups("podp_apart")
        policy.together = try groups("podp_together")
        policy.neverOn = try groups("podp_never_on")
        policy.spread = try groups("podp_spread", DefinitionLimits.spread)
        policy.near = try groups("podp_near", DefinitionLimits.near)
        policy.exclusive = try groups("podp_exclusive")
        policy.prices = try groups("podp_prices", DefinitionLimits.price)
        policy.onlyOn = try groups("podp_only_on")
        warnOfStrayPrices(policy)
        if has("podp_only_on"), policy.onlyOn.isEmpty {
            warn(at: place(of: "podp_only_on"), key: "podp_only_on", "'podp_only_on' is empty: the domain may run on every blade")
        }
        return policy
    }

    /// A group may be priced by any of its members' files, but a name that this file has nowhere else is more often a mistake.
    private mutating func warnOfStrayPrices(_ policy: DomainPolicy) {
        let zoned = (policy.spread + policy.near).compactMap { ZoneGroup($0)?.group }
        let known = Set(policy.apart + policy.together + policy.exclusive + zoned + ["only_on", "never_on"])
        for price in policy.prices.compactMap(GroupPrice.init) where !known.contains(price.group) {
            warn(at: place(of: "podp_prices"), key: "podp_prices", "'podp_prices' has '\(price.group)', a group that no other key of this file names")
        }
    }

    private mutating func groups(_ key: String, _ fault: (String) -> String? = DefinitionLimits.group) throws(DefinitionError) -> [String] {
        var names: [String] = []
        for atom in try self.names(key) {
            let name = atom.text
            if let problem = fault(name) { throw source.error(.invalid, at: atom.offset, problem, remedy: "write it as docs/flat-files.md shows") }
            if names.contains(name) {
                warn(at: atom.offset, key: key, "'\(name)' stands twice in '\(key)'")
            } else {
                names.append(name)
            }
            if names.count > DefinitionLimits.policyNames {
                throw source.error(.tooLarge, at: atom.offset, "more than \(DefinitionLimits.policyNames) names in '\(key)'", remedy: "make larger groups")
            }
        }
        return names
    }
}
