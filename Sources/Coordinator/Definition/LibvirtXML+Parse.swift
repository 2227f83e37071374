import PodpModel

extension LibvirtXML {
    /// Reads a domain's XML as libvirt dumps it (`virDomainGetXMLDesc`, running or not), to adopt the domain.
    ///
    /// What podp's own metadata says (revision, weight, cap) is read too; a coordinator that adopts sets its own revision.
    ///
    /// - Returns: The definition, without policy, and what it does not carry: graphics, channels, tuning.
    /// - Throws: `.syntax` or `.tooLarge` for what is no XML, `.missing` and `.invalid` for no domain, `.refused` for a domain that would be another one
    ///   without what podp cannot carry (passed-through devices, qcow2 images, UEFI); always with a location.
    public static func parse(_ text: String, file: String = "domain.xml") throws(DefinitionError) -> (
        definition: DomainDefinition, warnings: [DefinitionWarning]
    ) {
        let source = try SourceText(file: file, bytes: Array(text.utf8), limit: sizeLimit)
        var reader = DomainXMLReader(source: source, root: try XMLReader.read(source))
        let definition = try reader.definition()
        return (definition, reader.warnings)
    }
}

/// Makes a definition of the elements of a domain's XML.
struct DomainXMLReader {
    let source: SourceText
    let root: XMLElement
    private(set) var warnings: [DefinitionWarning] = []

    init(source: SourceText, root: XMLElement) {
        self.source = source
        self.root = root
    }

    mutating func definition() throws(DefinitionError) -> DomainDefinition {
        guard root.name == "domain" else { throw invalid(root, "<\(root.name)> is no <domain>", remedy: "give the output of virsh dumpxml") }
        try survey()
        let nameElement = try require("name")
        let type = try type()
        let name = nameElement.trimmedText
        if let problem = DefinitionLimits.name(name) { throw invalid(nameElement, problem, remedy: "rename the domain: virsh domrename") }
        let uuidElement = try require("uuid")
        guard let uuid = ID128(uuidElement.trimmedText), uuid != .zero else { throw invalid(uuidElement, "\(uuidElement.trimmedText.quoted) is no UUID") }
        let memoryElement = try require("memory")
        let maxMemory = try amount(memoryElement)
        let memory = try root.child("currentMemory").map { element throws(DefinitionError) in try amount(element) } ?? maxMemory
        let maxVCPUs =
            try root.child("vcpu").map { element throws(DefinitionError) in try number(element, element.trimmedText, in: DefinitionLimits.vcpus) } ?? 1
        var vcpus = maxVCPUs
        if let element = root.child("vcpu"), let current = element["current"] { vcpus = try number(element, current, in: DefinitionLimits.vcpus) }
        guard vcpus <= maxVCPUs else { throw invalid(root.child("vcpu") ?? root, "more vCPUs are online (\(vcpus)) than there are (\(maxVCPUs))") }

        var definition = DomainDefinition(
            id: DomainID(uuid), name: name, type: type, memory: min(memory, maxMemory), maxMemory: maxMemory, vcpus: vcpus, maxVCPUs: maxVCPUs,
            boot: try boot(of: type))
        try readDevices(into: &definition)
        definition.onPowerOff = try exit("on_poweroff") ?? .destroy
        definition.onReboot = try exit("on_reboot") ?? .restart
        definition.onCrash = try exit("on_crash") ?? .destroy
        readTuning(into: &definition)
        readMetadata(into: &definition)
        if let problem = DefinitionLimits.violations(of: definition).first { throw invalid(root, problem) }
        return definition
    }

    // MARK: - What is there at all

    /// Elements that say nothing a definition lacks: libvirt's own bookkeeping, and defaults.
    private static let known: Set<String> = [
        "name", "uuid", "metadata", "memory", "currentMemory", "vcpu", "os", "bootloader", "bootloader_args", "features", "clock", "on_poweroff", "on_reboot",
        "on_crash", "on_lockfailure", "devices", "resource", "seclabel", "cputune", "cpu", "vcpus", "genid", "pm", "iothreads", "title", "description",
    ]
    private static let refused: [String: String] = [
        "launchSecurity": "its memory is encrypted for one host's CPU, so that it could not be moved",
        "qemu:commandline": "podp carries no QEMU arguments", "xen:commandline": "podp carries no device model arguments",
    ]

    private mutating func survey() throws(DefinitionError) {
        for element in root.children where !Self.known.contains(element.name) {
            if let reason = Self.refused[element.name] { throw refuse(element, "podp does not carry <\(element.name)>: \(reason)") }
            warn(element, "<\(element.name)> is not carried")
        }
        if let args = root.child("bootloader_args"), !args.trimmedText.isEmpty {
            throw refuse(args, "podp carries no arguments of the bootloader: another kernel might start without them")
        }
        for name in ["title", "description"] {
            if let element = root.child(name), !element.trimmedText.isEmpty { warn(element, "<\(name)> is not carried") }
        }
        if let clock = root.child("clock"), clock["offset"] != "utc", !(clock["offset"] == "variable" && clock["basis"] != "localtime") {
            throw refuse(
                clock, "podp's domains have their clocks in UTC: this one's would jump", remedy: "set <clock offset='utc'/>, and the zone in the domain")
        }
        // KVM's default is host-model here; what another model says would be lost.
        if let cpu = root.child("cpu"), root["type"] != "xen", let mode = cpu["mode"], mode != "host-model" {
            warn(cpu, "the CPU model '\(mode)' is not carried: podp uses host-model")
        }
        if root.child("os")?.child("type")?.trimmedText == "hvm", let missing = ["acpi", "apic"].first(where: { root.child("features")?.child($0) == nil }) {
            warn(root.child("features") ?? root, "the domain has no <\(missing)/>: podp gives it one")
        }
        if let features = root.child("features") {
            for feature in features.children
            where !["acpi", "apic", "pae", "hap", "viridian", "vmport", "xen", "hyperv", "kvm", "pvspinlock"].contains(feature.name) {
                warn(feature, "the feature '\(feature.name)' is not carried")
            }
            if let hyperv = features.child("hyperv") ?? features.child("viridian") {
                throw refuse(hyperv, "podp carries no Hyper-V features, which Windows may rely on")
            }
        }
    }

    private func type() throws(DefinitionError) -> VirtualisationType {
        let system = root.child("os")?.child("type")
        switch (root["type"], system?.trimmedText) {
        case ("xen", "linux"), ("xen", "xen"): return .pv
        case ("xen", "xenpvh"): return .pvh
        case ("xen", "hvm"): return .hvm
        case ("kvm", "hvm"): return .kvm
        case ("test", _):
            // The test driver knows no types; podp's metadata does.
            return metadata?["type"].flatMap(VirtualisationType.init(rawValue:)) ?? .hvm
        case ("xen", let other), ("kvm", let other): throw invalid(system ?? root, "the system type \((other ?? "").quoted) is none that podp runs")
        case (let other, _): throw refuse(root, "podp manages no domains of type \((other ?? "").quoted)", remedy: "use xen or kvm")
        }
    }

    // MARK: - Boot

    private mutating func boot(of type: VirtualisationType) throws(DefinitionError) -> DomainBoot {
        let system = root.child("os")
        if let loader = system?.child("loader"), loader["type"] == "pflash" || system?["firmware"] == "efi" { throw refuse(loader, Self.firmwareProblem) }
        if let system, system["firmware"] == "efi" || system.child("nvram") != nil { throw refuse(system, Self.firmwareProblem) }
        let commandLine = system?.child("cmdline")
        if let element = root.child("bootloader"), !element.trimmedText.isEmpty, type == .pv || type == .pvh {
            if let commandLine, !commandLine.trimmedText.isEmpty {
                throw refuse(commandLine, "podp keeps no kernel command line beside a bootloader", remedy: "set it in the domain's own boot menu")
            }
            try check(element, DefinitionLimits.bootloader(element.trimmedText))
            return .bootloader(element.trimmedText)
        }
        if let kernel = system?.child("kernel"), !kernel.trimmedText.isEmpty {
            try check(kernel, DefinitionLimits.source(kernel.trimmedText))
            let ramdisk = system?.child("initrd")
            if let ramdisk { try check(ramdisk, DefinitionLimits.source(ramdisk.trimmedText)) }
            let text = commandLine?.trimmedText ?? ""
            try check(commandLine ?? kernel, DefinitionLimits.commandLine(text))
            return .kernel(path: kernel.trimmedText, ramdisk: ramdisk?.trimmedText, commandLine: text)
        }
        switch type {
        // What libvirt's libxl driver does then.
        case .pv: return .bootloader("pygrub")
        case .pvh: throw invalid(system ?? root, "a PVH domain needs a kernel or a bootloader")
        case .hvm, .kvm, .unknown: return .firmware(order: bootOrder(system))
        }
    }

    private static let firmwareProblem = "podp carries no firmware but the default BIOS: the domain would not start with another"

    /// From `<boot dev=…>`, or else from the devices' own `<boot order=…>`.
    private mutating func bootOrder(_ system: XMLElement?) -> String {
        var letters: [Character] = []
        for element in system?.children("boot") ?? [] {
            switch element["dev"] {
            case "hd": letters.append("c")
            case "cdrom": letters.append("d")
            case "network": letters.append("n")
            case "fd": letters.append("a")
            default: warn(element, "the boot device \((element["dev"] ?? "").quoted) is not carried")
            }
        }
        if letters.isEmpty {
            let devices = root.child("devices")?.children ?? []
            let ordered = devices.compactMap { device in device.child("boot")?["order"].flatMap { Int($0) }.map { (order: $0, device: device) } }
            letters = ordered.sorted { $0.order < $1.order }.map { $0.device.name == "interface" ? "n" : $0.device["device"] == "cdrom" ? "d" : "c" }
        }
        var order = ""
        for letter in letters where !order.contains(letter) { order.append(letter) }
        return order.isEmpty ? "c" : order
    }

    // MARK: - Scheduling, exits, metadata

    private mutating func readTuning(into definition: inout DomainDefinition) {
        guard let tuning = root.child("cputune") else { return }
        var period = 100_000
        if let element = tuning.child("global_period"), let value = Int(element.trimmedText), (1000...1_000_000).contains(value) { period = value }
        for element in tuning.children {
            let value = Int(element.trimmedText) ?? 0
            switch element.name {
            case "global_period": break
            // The inverse of what `render` writes: cgroup v2's 100 is Xen's 256.
            case "shares" where (1...10_000).contains(value): definition.cpuWeight = max(value * 256 / 100, 1)
            case "global_quota" where (1...1_000_000_000).contains(value):
                let percent = value * 100 / period
                if DefinitionLimits.cpuCap.contains(percent) { definition.cpuCap = max(percent, 1) }
            default: warn(element, "<\(element.name)> is not carried: podp and the hypervisor place vCPUs themselves")
            }
        }
    }

    private var metadata: XMLElement? {
        root.child("metadata")?.children.first { $0.name == "podp:domain" && $0["xmlns:podp"] == LibvirtXML.namespace }
    }

    /// Values out of their range are passed over: the element may have been written by hand.
    private mutating func readMetadata(into definition: inout DomainDefinition) {
        guard let metadata else { return }
        if let revision = metadata["revision"].flatMap({ UInt64($0) }) { definition.revision = revision }
        if let weight = metadata["weight"].flatMap({ Int($0) }), DefinitionLimits.cpuWeight.contains(weight) { definition.cpuWeight = weight }
        if let cap = metadata["cap"].flatMap({ Int($0) }), DefinitionLimits.cpuCap.contains(cap) { definition.cpuCap = cap }
    }

    private mutating func exit(_ name: String) throws(DefinitionError) -> DomainExit? {
        guard let element = root.child(name) else { return nil }
        let action = element.trimmedText
        if let exit = DomainExit(rawValue: action) { return exit }
        switch action {
        case "rename-restart", "coredump-restart":
            warn(element, "'\(action)' is taken as 'restart'")
            return .restart
        case "coredump-destroy":
            warn(element, "'\(action)' is taken as 'destroy'")
            return .destroy
        default: throw invalid(element, "\(action.quoted) is no action that podp carries")
        }
    }

    // MARK: - Values

    private func require(_ name: String) throws(DefinitionError) -> XMLElement {
        guard let element = root.child(name) else {
            throw source.error(.missing, at: root.offset, "the domain has no <\(name)>", remedy: "give the output of virsh dumpxml")
        }
        return element
    }

    func number(_ element: XMLElement, _ text: String, in range: ClosedRange<Int>) throws(DefinitionError) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw invalid(element, "\(text.quoted) in <\(element.name)> is no number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static let units: [String: UInt64] = [
        "b": 1, "bytes": 1, "KB": 1000, "k": 1 << 10, "KiB": 1 << 10, "MB": 1_000_000, "M": 1 << 20, "MiB": 1 << 20, "GB": 1_000_000_000, "G": 1 << 30,
        "GiB": 1 << 30, "TB": 1_000_000_000_000, "T": 1 << 40, "TiB": 1 << 40,
    ]

    /// KiB where no unit is given; rounded up to whole KiB, as libvirt does.
    private func amount(_ element: XMLElement) throws(DefinitionError) -> Bytes {
        guard let unit = Self.units[element["unit"] ?? "KiB"] else { throw invalid(element, "\((element["unit"] ?? "").quoted) is no unit of memory") }
        guard let count = UInt64(element.trimmedText) else {
            throw invalid(element, "\(element.trimmedText.quoted) in <\(element.name)> is no amount of memory")
        }
        let bytes = Bytes(count).times(unit) + Bytes(1023)
        let whole = Bytes.kibibytes(bytes.kibibytes)
        try check(element, DefinitionLimits.memory(whole, of: "memory"))
        return whole
    }

    func check(_ element: XMLElement, _ problem: String?) throws(DefinitionError) {
        if let problem { throw invalid(element, problem) }
    }

    mutating func warn(_ element: XMLElement, _ message: String) { warnings.append(source.warning(at: element.offset, key: element.name, message)) }

    func invalid(_ element: XMLElement, _ message: String, remedy: String = "") -> DefinitionError {
        source.error(.invalid, at: element.offset, message, remedy: remedy)
    }

    func refuse(_ element: XMLElement, _ message: String, remedy: String = "remove it, or leave this domain unmanaged") -> DefinitionError {
        source.error(.refused, at: element.offset, message, remedy: remedy)
    }
}
