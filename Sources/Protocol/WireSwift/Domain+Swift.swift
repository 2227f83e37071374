import PodpFrame
import PodpModel

// Domains' parts and definitions, in swift-protobuf's form and back.

extension Podp_V1_Disk {
    init(_ disk: Disk) {
        target = disk.target
        source = disk.source
        isFile = disk.isFile
        readOnly = disk.readOnly
        shared = disk.shared
        isCdrom = disk.isCDROM
    }
}

extension Podp_V1_Nic {
    init(_ nic: NIC) {
        if let address = nic.mac { mac = address }
        bridge = nic.bridge
        if let card = nic.model { model = card }
    }
}

extension Podp_V1_DomainImage {
    init(_ image: DomainImage) {
        definition = Podp_V1_DomainDefinition(image.definition)
        libvirtXml = image.libvirtXML
    }
}

extension Podp_V1_DomainDefinition {
    init(_ definition: DomainDefinition) {
        id = definition.id.uuid.data
        name = definition.name
        type = .init(definition.type)
        revision = definition.revision
        memory = definition.memory.count
        maxMemory = definition.maxMemory.count
        vcpus = Int64(definition.vcpus)
        maxVcpus = Int64(definition.maxVCPUs)
        switch definition.boot {
        case .kernel(let path, let ramdisk, let commandLine):
            kernel = .with {
                $0.path = path
                if let ramdisk { $0.ramdisk = ramdisk }
                $0.commandLine = commandLine
            }
        case .bootloader(let path): bootloader = .with { $0.path = path }
        case .firmware(let order): firmware = .with { $0.order = order }
        }
        disks = definition.disks.map { Podp_V1_Disk($0) }
        nics = definition.nics.map { Podp_V1_Nic($0) }
        onPowerOff = .init(definition.onPowerOff)
        onReboot = .init(definition.onReboot)
        onCrash = .init(definition.onCrash)
        cpuWeight = Int64(definition.cpuWeight)
        cpuCap = Int64(definition.cpuCap)
        policy = Podp_V1_DomainPolicy(definition.policy)
    }
}

extension Podp_V1_DomainPolicy {
    init(_ policy: DomainPolicy) {
        if let downtime = policy.allowedDowntime { allowedDowntime = downtime.nanoseconds }
        stays = policy.stays
        apart = policy.apart
        together = policy.together
        onlyOn = policy.onlyOn
        priority = Int64(policy.priority)
        neverOn = policy.neverOn
        guard !(policy.spread.isEmpty && policy.near.isEmpty && policy.exclusive.isEmpty && policy.prices.isEmpty) else { return }
        var rules = Podp_V1_ZoneRules()
        rules.spread = policy.spread
        rules.near = policy.near
        rules.exclusive = policy.exclusive
        rules.prices = policy.prices
        zoneRules = rules
    }
}

extension Disk {
    init(_ raw: Podp_V1_Disk) {
        self.init(target: raw.target, source: raw.source, isFile: raw.isFile, readOnly: raw.readOnly, shared: raw.shared, isCDROM: raw.isCdrom)
    }
}

extension NIC {
    init(_ raw: Podp_V1_Nic) {
        var mac: String?
        var model: String?
        if case .mac(let address) = raw.macIf { mac = address }
        if case .model(let card) = raw.modelIf { model = card }
        self.init(mac: mac, bridge: raw.bridge, model: model)
    }
}

extension DomainImage {
    init(_ raw: Podp_V1_DomainImage) throws(WireError) {
        self.init(definition: try DomainDefinition(raw.definition), libvirtXML: raw.libvirtXml)
    }
}

extension DomainDefinition {
    init(_ raw: Podp_V1_DomainDefinition) throws(WireError) {
        self.init(
            id: DomainID(try PodpWireSwift.id(raw.id)), name: raw.name, type: try value(raw.type), memory: Bytes(raw.memory),
            maxMemory: Bytes(raw.maxMemory), vcpus: Int(clamping: raw.vcpus), maxVCPUs: Int(clamping: raw.maxVcpus), boot: try DomainBoot(raw.boot))
        revision = raw.revision
        disks = raw.disks.map { Disk($0) }
        nics = raw.nics.map { NIC($0) }
        onPowerOff = try value(raw.onPowerOff)
        onReboot = try value(raw.onReboot)
        onCrash = try value(raw.onCrash)
        cpuWeight = Int(clamping: raw.cpuWeight)
        cpuCap = Int(clamping: raw.cpuCap)
        policy = DomainPolicy(raw.policy)
    }
}

extension DomainBoot {
    init(_ raw: Podp_V1_DomainDefinition.OneOf_Boot?) throws(WireError) {
        switch raw {
        case .kernel(let kernel):
            var ramdisk: String?
            if case .ramdisk(let path) = kernel.ramdiskIf { ramdisk = path }
            self = .kernel(path: kernel.path, ramdisk: ramdisk, commandLine: kernel.commandLine)
        case .bootloader(let bootloader): self = .bootloader(bootloader.path)
        case .firmware(let firmware): self = .firmware(order: firmware.order)
        case nil: throw missing("boot")
        }
    }
}

extension DomainPolicy {
    init(_ raw: Podp_V1_DomainPolicy) {
        self.init()
        if case .allowedDowntime(let nanoseconds) = raw.allowedDowntimeIf { allowedDowntime = .nanoseconds(nanoseconds) }
        stays = raw.stays
        apart = raw.apart
        together = raw.together
        onlyOn = raw.onlyOn
        priority = Int(clamping: raw.priority)
        neverOn = raw.neverOn
        guard raw.hasZoneRules else { return }
        spread = raw.zoneRules.spread
        near = raw.zoneRules.near
        exclusive = raw.zoneRules.exclusive
        prices = raw.zoneRules.prices
    }
}
