import PodpModel

extension LibvirtXML {
    /// Writes a definition as libvirt's XML.
    ///
    /// - Xen (libxl driver): `xenpv`, `xenpvh` or `xenfv`; block devices by the `phy` backend, files and CD-ROM drives by QEMU. libxl's driver has no
    ///   element for weight and cap: they stand in podp's metadata, to be set through the scheduler after a start (libvirt's own is 1000).
    /// - KVM: machine `q35` with virtio. PV and PVH domains are Xen's alone.
    /// - libvirt's test driver, and podp's simulated hypervisor: a domain of any type, which never runs.
    ///
    /// Throws `.inexpressible` for what the hypervisor cannot run and for a definition that breaks `DefinitionLimits`.
    public static func render(_ definition: DomainDefinition, for hypervisor: HypervisorKind) throws(DefinitionError) -> Rendering {
        if let problem = DefinitionLimits.violations(of: definition).first ?? mismatch(definition, hypervisor) {
            throw DefinitionError(
                .inexpressible, "the domain \(definition.name.quoted) fits into no \(hypervisor.rawValue) XML: \(problem)", remedy: "correct its definition")
        }
        let renderer = Renderer(definition: definition, hypervisor: hypervisor)
        try renderer.checkTargets()
        var writer = XMLWriter()
        renderer.domain(&writer)
        return Rendering(xml: writer.text, notes: renderer.notes)
    }

    private static func mismatch(_ definition: DomainDefinition, _ hypervisor: HypervisorKind) -> String? {
        switch (hypervisor, definition.type) {
        case (.xen, .kvm): "a KVM domain does not run on Xen: its type must be pv, pvh or hvm"
        case (.kvm, .pv), (.kvm, .pvh): "a \(definition.type.rawValue.uppercased()) domain runs on Xen only"
        default: nil
        }
    }
}

private struct Renderer {
    let definition: DomainDefinition
    let hypervisor: HypervisorKind
    private(set) var notes: [String] = []

    init(definition: DomainDefinition, hypervisor: HypervisorKind) {
        self.definition = definition
        self.hypervisor = hypervisor
        for disk in definition.disks where name(disk) != disk.target {
            notes.append("the disk \(disk.target) is called \(name(disk)) on \(hypervisor == .kvm ? "KVM" : "Xen")")
        }
    }

    private func name(_ disk: Disk) -> String { LibvirtXML.target(disk.target, on: hypervisor) }

    /// Renaming may make two disks one; KVM has no partitions as disks.
    func checkTargets() throws(DefinitionError) {
        let names = definition.disks.map(name)
        if let twice = DefinitionLimits.repeated(names).first {
            throw DefinitionError(.inexpressible, "two disks of \(definition.name.quoted) would be called \(twice.quoted)", remedy: "rename one")
        }
        if hypervisor == .kvm, let partition = names.first(where: { $0.utf8.last?.isDigit == true }) {
            throw DefinitionError(
                .inexpressible, "KVM gives whole disks to domains, not partitions such as \(partition.quoted)",
                remedy: "rename it to \(partition.filter { !$0.isNumber }.quoted)")
        }
    }

    func domain(_ xml: inout XMLWriter) {
        let kind =
            switch hypervisor {
            case .xen: "xen"
            case .kvm: "kvm"
            case .test, .simulated: "test"
            }
        xml.element("domain", ["type": kind]) { xml in
            xml.element("name", text: definition.name)
            xml.element("uuid", text: definition.id.description)
            xml.element("metadata") { xml in
                xml.element(
                    "podp:domain",
                    [
                        "xmlns:podp": LibvirtXML.namespace, "revision": "\(definition.revision)", "type": definition.type.rawValue,
                        "weight": "\(definition.cpuWeight)",
                        "cap": "\(definition.cpuCap)",
                    ])
            }
            xml.element("memory", ["unit": "KiB"], text: "\(definition.maxMemory.kibibytes)")
            xml.element("currentMemory", ["unit": "KiB"], text: "\(definition.memory.kibibytes)")
            xml.element(
                "vcpu", ["placement": "static", "current": definition.vcpus == definition.maxVCPUs ? nil : "\(definition.vcpus)"],
                text: "\(definition.maxVCPUs)")
            tuning(&xml)
            if case .bootloader(let program) = definition.boot { xml.element("bootloader", text: program) }
            system(&xml)
            if isFullyVirtual {
                xml.element("features") { xml in
                    xml.element("acpi")
                    xml.element("apic")
                    if hypervisor != .kvm { xml.element("pae") }
                }
            }
            if hypervisor == .kvm { xml.element("cpu", ["mode": "host-model"]) }
            xml.element("clock", ["offset": "utc"])
            xml.element("on_poweroff", text: definition.onPowerOff.rawValue)
            xml.element("on_reboot", text: definition.onReboot.rawValue)
            xml.element("on_crash", text: definition.onCrash.rawValue)
            xml.element("devices") { xml in devices(&xml) }
        }
    }

    private var isFullyVirtual: Bool { definition.type == .hvm || definition.type == .kvm }

    /// cgroup v2's weight, which is 100 where Xen's is 256; the cap in microseconds of each 0.1 s.
    private func tuning(_ xml: inout XMLWriter) {
        guard hypervisor == .kvm, definition.cpuWeight != 256 || definition.cpuCap != 0 else { return }
        xml.element("cputune") { xml in
            if definition.cpuWeight != 256 { xml.element("shares", text: "\(min(max(definition.cpuWeight * 100 / 256, 1), 10_000))") }
            if definition.cpuCap != 0 {
                xml.element("global_period", text: "100000")
                xml.element("global_quota", text: "\(definition.cpuCap * 1000)")
            }
        }
    }

    private func system(_ xml: inout XMLWriter) {
        xml.element("os") { xml in
            switch (hypervisor, definition.type) {
            case (.xen, .pv): xml.element("type", ["arch": "x86_64", "machine": "xenpv"], text: "linux")
            case (.xen, .pvh): xml.element("type", ["arch": "x86_64", "machine": "xenpvh"], text: "xenpvh")
            case (.xen, _): xml.element("type", ["arch": "x86_64", "machine": "xenfv"], text: "hvm")
            case (.kvm, _): xml.element("type", ["arch": "x86_64", "machine": "q35"], text: "hvm")
            case (.test, _), (.simulated, _): xml.element("type", text: "hvm")
            }
            switch definition.boot {
            case .kernel(let path, let ramdisk, let commandLine):
                xml.element("kernel", text: path)
                if let ramdisk { xml.element("initrd", text: ramdisk) }
                if !commandLine.isEmpty { xml.element("cmdline", text: commandLine) }
            case .bootloader: break
            case .firmware(let order):
                for letter in order {
                    let device =
                        switch letter {
                        case "a": "fd"
                        case "d": "cdrom"
                        case "n": "network"
                        default: "hd"
                        }
                    xml.element("boot", ["dev": device])
                }
            }
        }
    }

    // MARK: - Devices

    private func devices(_ xml: inout XMLWriter) {
        for disk in definition.disks { self.disk(disk, &xml) }
        if hypervisor == .kvm { xml.element("controller", ["type": "usb", "model": "none"]) }
        for nic in definition.nics { interface(nic, &xml) }
        if isFullyVirtual || hypervisor == .kvm {
            xml.element("serial", ["type": "pty"]) { $0.element("target", ["port": "0"]) }
            xml.element("console", ["type": "pty"]) { $0.element("target", ["type": "serial", "port": "0"]) }
        } else {
            xml.element("console", ["type": "pty"]) { $0.element("target", ["type": "xen", "port": "0"]) }
        }
        if hypervisor == .kvm { xml.element("memballoon", ["model": "virtio"]) }
    }

    private func disk(_ disk: Disk, _ xml: inout XMLWriter) {
        // An emulated drive, and an empty one, can only be QEMU's.
        let isFile = disk.isFile || disk.source.isEmpty
        let driver = hypervisor == .kvm || isFile || disk.isCDROM ? "qemu" : "phy"
        xml.element("disk", ["type": isFile ? "file" : "block", "device": disk.isCDROM ? "cdrom" : "disk"]) { xml in
            xml.element("driver", ["name": driver, "type": "raw"])
            if !disk.source.isEmpty { xml.element("source", [isFile ? "file" : "dev": disk.source]) }
            xml.element("target", ["dev": name(disk), "bus": bus(of: disk)])
            if disk.readOnly { xml.element("readonly") }
            if disk.shared { xml.element("shareable") }
        }
    }

    private func bus(of disk: Disk) -> String {
        let name = name(disk)
        if name.hasPrefix("xvd") { return "xen" }
        if name.hasPrefix("vd") { return "virtio" }
        // q35 has no IDE, and podp gives no SCSI controller on KVM.
        if hypervisor == .kvm { return "sata" }
        return name.hasPrefix("hd") ? "ide" : "scsi"
    }

    private func interface(_ nic: NIC, _ xml: inout XMLWriter) {
        xml.element("interface", ["type": "bridge"]) { xml in
            if let mac = nic.mac { xml.element("mac", ["address": mac]) }
            xml.element("source", ["bridge": nic.bridge])
            let model = hypervisor == .kvm && (nic.model == nil || nic.model == "netfront") ? "virtio" : nic.model
            if let model { xml.element("model", ["type": model]) }
        }
    }
}
