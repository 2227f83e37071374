import PodpModel

extension DomainXMLReader {
    /// What libvirt adds by itself, or what a domain does without.
    private static let silent: Set<String> = ["emulator", "controller", "input", "memballoon", "console", "serial", "panic", "video", "audio", "hub"]
    private static let refusals: [String: String] = [
        "hostdev": "it ties the domain to one blade's hardware, so that it could not be moved", "filesystem": "it shares a directory of one blade",
        "tpm": "its state lies on one blade", "shmem": "it shares memory with others on one blade", "lease": "podp holds no leases",
        "memory": "podp plugs no memory modules", "nvram": "its state lies on one blade", "vsock": "podp gives no vsock address",
        "smartcard": "it ties the domain to one blade's hardware", "iommu": "podp passes no devices through",
    ]

    mutating func readDevices(into definition: inout DomainDefinition) throws(DefinitionError) {
        guard let devices = root.child("devices") else { return }
        for device in devices.children {
            switch device.name {
            case "disk":
                guard definition.disks.count < DefinitionLimits.disks else { throw invalid(device, "more than \(DefinitionLimits.disks) disks") }
                let disk = try disk(device)
                if definition.disks.contains(where: { $0.target == disk.target }) { throw invalid(device, "two disks are called \(disk.target.quoted)") }
                definition.disks.append(disk)
            case "interface":
                guard definition.nics.count < DefinitionLimits.nics else { throw invalid(device, "more than \(DefinitionLimits.nics) network interfaces") }
                let nic = try interface(device, type: definition.type)
                if let mac = nic.mac, definition.nics.contains(where: { $0.mac == mac }) { throw invalid(device, "two network interfaces have the MAC \(mac)") }
                definition.nics.append(nic)
            case _ where Self.silent.contains(device.name): break
            default:
                if let reason = Self.refusals[device.name] { throw refuse(device, "podp does not carry <\(device.name)>: \(reason)") }
                warn(
                    device,
                    device.name == "graphics" ? "<graphics> is not carried: podp gives its domains a text console only" : "<\(device.name)> is not carried")
            }
        }
    }

    private mutating func disk(_ element: XMLElement) throws(DefinitionError) -> Disk {
        let kind = element["type"] ?? "file"
        guard kind == "block" || kind == "file" else {
            throw refuse(element, "podp carries disks on block devices and files, not of type \(kind.quoted)", remedy: "leave this domain unmanaged")
        }
        let device = element["device"] ?? "disk"
        guard device == "disk" || device == "cdrom" else { throw refuse(element, "podp carries no \(device.quoted)") }
        guard let target = element.child("target"), let name = target["dev"] else { throw invalid(element, "this disk has no target") }
        try check(target, DefinitionLimits.target(name))
        if let driver = element.child("driver") {
            if let format = driver["type"], format != "raw" {
                throw refuse(driver, "podp carries raw disks only, and would start this one (\(format)) as raw", remedy: "convert it: qemu-img convert -O raw")
            }
            for option in ["cache", "io", "discard", "iothread", "error_policy"] where driver[option] != nil {
                warn(driver, "\(option)='\(driver[option] ?? "")' of the disk \(name) is not carried")
            }
        }
        for (child, reason) in [
            ("backingStore", "it is a layer on another image"), ("mirror", "it is being copied"), ("encryption", "its image is encrypted"),
            ("transient", "its writes are thrown away"),
        ] {
            // libvirt ends a chain with an empty element.
            if let part = element.child(child), child != "backingStore" || !part.children.isEmpty {
                throw refuse(part, "podp does not carry the disk \(name): \(reason)", remedy: "leave this domain unmanaged")
            }
        }
        if let limits = element.child("iotune") { warn(limits, "the limits of the disk \(name) are not carried") }
        let source = element.child("source")
        let path = source?[kind == "file" ? "file" : "dev"] ?? ""
        let isCDROM = device == "cdrom"
        if path.isEmpty {
            if !isCDROM { throw invalid(element, "the disk \(name) has no source") }
        } else {
            try check(source ?? element, DefinitionLimits.source(path))
        }
        return Disk(
            target: name, source: path, isFile: kind == "file" && !path.isEmpty, readOnly: isCDROM || element.child("readonly") != nil,
            shared: element.child("shareable") != nil, isCDROM: isCDROM)
    }

    private mutating func interface(_ element: XMLElement, type: VirtualisationType) throws(DefinitionError) -> NIC {
        let kind = element["type"] ?? ""
        let source = element.child("source")
        guard kind == "bridge" || kind == "network", let bridge = source?["bridge"] else {
            throw refuse(
                element, "podp connects domains to bridges; this interface is of type \(kind.quoted)",
                remedy: "connect it to a bridge that all blades have: <interface type='bridge'>")
        }
        if kind == "network" {
            warn(element, "the network \((source?["network"] ?? "").quoted) is not carried: the interface is connected to its bridge \(bridge.quoted)")
        }
        try check(source ?? element, DefinitionLimits.bridge(bridge))
        var nic = NIC(mac: nil, bridge: bridge)
        if let mac = element.child("mac") {
            let address = MACAddress(mac["address"] ?? "")?.description ?? mac["address"] ?? ""
            try check(mac, DefinitionLimits.mac(address))
            nic.mac = address
        }
        if let model = element.child("model"), let name = model["type"] {
            try check(model, DefinitionLimits.model(name))
            // What `render` writes where a KVM domain names none.
            if !(type == .kvm && name == "virtio") { nic.model = name }
        }
        for part in element.children {
            switch part.name {
            case "vlan", "virtualport": throw refuse(part, "podp sets up no <\(part.name)>: the domain would land in another network")
            case "filterref", "bandwidth", "ip", "script", "port", "mtu": warn(part, "<\(part.name)> of a network interface is not carried")
            default: break
            }
        }
        return nic
    }
}
