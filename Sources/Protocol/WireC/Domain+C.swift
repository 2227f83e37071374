import CWire
import PodpFrame
import PodpModel

// Domains' parts and definitions, in libprotobuf-c's form and back.

extension Arena {
    func raw(_ disk: Disk) throws(WireError) -> UnsafeMutablePointer<Podp__V1__Disk> {
        let raw = try new(podp__v1__disk__init)
        raw.pointee.target = try text(disk.target)
        raw.pointee.source = try text(disk.source)
        raw.pointee.is_file = disk.isFile ? 1 : 0
        raw.pointee.read_only = disk.readOnly ? 1 : 0
        raw.pointee.shared = disk.shared ? 1 : 0
        raw.pointee.is_cdrom = disk.isCDROM ? 1 : 0
        return raw
    }

    func raw(_ nic: NIC) throws(WireError) -> UnsafeMutablePointer<Podp__V1__Nic> {
        let raw = try new(podp__v1__nic__init)
        if let mac = nic.mac {
            raw.pointee.mac_if_case = PODP__V1__NIC__MAC_IF_MAC
            raw.pointee.mac = try text(mac)
        }
        raw.pointee.bridge = try text(nic.bridge)
        if let model = nic.model {
            raw.pointee.model_if_case = PODP__V1__NIC__MODEL_IF_MODEL
            raw.pointee.model = try text(model)
        }
        return raw
    }

    func raw(_ image: DomainImage) throws(WireError) -> UnsafeMutablePointer<Podp__V1__DomainImage> {
        let raw = try new(podp__v1__domain_image__init)
        raw.pointee.definition = try self.raw(image.definition)
        raw.pointee.libvirt_xml = try text(image.libvirtXML)
        return raw
    }

    func raw(_ definition: DomainDefinition) throws(WireError) -> UnsafeMutablePointer<Podp__V1__DomainDefinition> {
        let raw = try new(podp__v1__domain_definition__init)
        raw.pointee.id = try id(definition.id.uuid)
        raw.pointee.name = try text(definition.name)
        raw.pointee.type = .init(rawValue: definition.type.cNumber)
        raw.pointee.revision = definition.revision
        raw.pointee.memory = definition.memory.count
        raw.pointee.max_memory = definition.maxMemory.count
        raw.pointee.vcpus = Int64(definition.vcpus)
        raw.pointee.max_vcpus = Int64(definition.maxVCPUs)
        switch definition.boot {
        case .kernel(let path, let ramdisk, let commandLine):
            let kernel = try new(podp__v1__kernel_boot__init)
            kernel.pointee.path = try text(path)
            if let ramdisk {
                kernel.pointee.ramdisk_if_case = PODP__V1__KERNEL_BOOT__RAMDISK_IF_RAMDISK
                kernel.pointee.ramdisk = try text(ramdisk)
            }
            kernel.pointee.command_line = try text(commandLine)
            raw.pointee.boot_case = PODP__V1__DOMAIN_DEFINITION__BOOT_KERNEL
            raw.pointee.kernel = kernel
        case .bootloader(let path):
            let bootloader = try new(podp__v1__bootloader_boot__init)
            bootloader.pointee.path = try text(path)
            raw.pointee.boot_case = PODP__V1__DOMAIN_DEFINITION__BOOT_BOOTLOADER
            raw.pointee.bootloader = bootloader
        case .firmware(let order):
            let firmware = try new(podp__v1__firmware_boot__init)
            firmware.pointee.order = try text(order)
            raw.pointee.boot_case = PODP__V1__DOMAIN_DEFINITION__BOOT_FIRMWARE
            raw.pointee.firmware = firmware
        }
        raw.pointee.n_disks = definition.disks.count
        raw.pointee.disks = try list(definition.disks, self.raw)
        raw.pointee.n_nics = definition.nics.count
        raw.pointee.nics = try list(definition.nics, self.raw)
        raw.pointee.on_power_off = .init(rawValue: definition.onPowerOff.cNumber)
        raw.pointee.on_reboot = .init(rawValue: definition.onReboot.cNumber)
        raw.pointee.on_crash = .init(rawValue: definition.onCrash.cNumber)
        raw.pointee.cpu_weight = Int64(definition.cpuWeight)
        raw.pointee.cpu_cap = Int64(definition.cpuCap)
        raw.pointee.policy = try self.raw(definition.policy)
        return raw
    }

    func raw(_ policy: DomainPolicy) throws(WireError) -> UnsafeMutablePointer<Podp__V1__DomainPolicy> {
        let raw = try new(podp__v1__domain_policy__init)
        if let downtime = policy.allowedDowntime {
            raw.pointee.allowed_downtime_if_case = PODP__V1__DOMAIN_POLICY__ALLOWED_DOWNTIME_IF_ALLOWED_DOWNTIME
            raw.pointee.allowed_downtime = downtime.nanoseconds
        }
        raw.pointee.stays = policy.stays ? 1 : 0
        raw.pointee.n_apart = policy.apart.count
        raw.pointee.apart = try list(policy.apart, text)
        raw.pointee.n_together = policy.together.count
        raw.pointee.together = try list(policy.together, text)
        raw.pointee.n_only_on = policy.onlyOn.count
        raw.pointee.only_on = try list(policy.onlyOn, text)
        raw.pointee.priority = Int64(policy.priority)
        raw.pointee.n_never_on = policy.neverOn.count
        raw.pointee.never_on = try list(policy.neverOn, text)
        if !(policy.spread.isEmpty && policy.near.isEmpty && policy.exclusive.isEmpty && policy.prices.isEmpty) {
            let rules = try new(podp__v1__zone_rules__init)
            rules.pointee.n_spread = policy.spread.count
            rules.pointee.spread = try list(policy.spread, text)
            rules.pointee.n_near = policy.near.count
            rules.pointee.near = try list(policy.near, text)
            rules.pointee.n_exclusive = policy.exclusive.count
            rules.pointee.exclusive = try list(policy.exclusive, text)
            rules.pointee.n_prices = policy.prices.count
            rules.pointee.prices = try list(policy.prices, text)
            raw.pointee.zone_rules = rules
        }
        return raw
    }
}

extension Disk {
    init(_ raw: Podp__V1__Disk) throws(WireError) {
        self.init(
            target: try text(raw.target), source: try text(raw.source), isFile: raw.is_file != 0, readOnly: raw.read_only != 0, shared: raw.shared != 0,
            isCDROM: raw.is_cdrom != 0)
    }
}

extension NIC {
    init(_ raw: Podp__V1__Nic) throws(WireError) {
        var mac: String?
        var model: String?
        if raw.mac_if_case == PODP__V1__NIC__MAC_IF_MAC { mac = try text(raw.mac) }
        if raw.model_if_case == PODP__V1__NIC__MODEL_IF_MODEL { model = try text(raw.model) }
        self.init(mac: mac, bridge: try text(raw.bridge), model: model)
    }
}

extension DomainImage {
    init(_ raw: Podp__V1__DomainImage) throws(WireError) {
        self.init(definition: try DomainDefinition(message(raw.definition)), libvirtXML: try text(raw.libvirt_xml))
    }
}

extension DomainDefinition {
    init(_ raw: Podp__V1__DomainDefinition) throws(WireError) {
        self.init(
            id: DomainID(try PodpWireC.id(raw.id)), name: try text(raw.name), type: try value(raw.type.rawValue), memory: Bytes(raw.memory),
            maxMemory: Bytes(raw.max_memory), vcpus: Int(clamping: raw.vcpus), maxVCPUs: Int(clamping: raw.max_vcpus), boot: try DomainBoot(raw))
        revision = raw.revision
        disks = try list(raw.n_disks, raw.disks) { (disk) throws(WireError) in try Disk(disk.pointee) }
        nics = try list(raw.n_nics, raw.nics) { (nic) throws(WireError) in try NIC(nic.pointee) }
        onPowerOff = try value(raw.on_power_off.rawValue)
        onReboot = try value(raw.on_reboot.rawValue)
        onCrash = try value(raw.on_crash.rawValue)
        cpuWeight = Int(clamping: raw.cpu_weight)
        cpuCap = Int(clamping: raw.cpu_cap)
        policy = try DomainPolicy(message(raw.policy))
    }
}

extension DomainBoot {
    init(_ raw: Podp__V1__DomainDefinition) throws(WireError) {
        switch raw.boot_case {
        case PODP__V1__DOMAIN_DEFINITION__BOOT_KERNEL:
            let kernel = try message(raw.kernel)
            var ramdisk: String?
            if kernel.ramdisk_if_case == PODP__V1__KERNEL_BOOT__RAMDISK_IF_RAMDISK { ramdisk = try text(kernel.ramdisk) }
            self = .kernel(path: try text(kernel.path), ramdisk: ramdisk, commandLine: try text(kernel.command_line))
        case PODP__V1__DOMAIN_DEFINITION__BOOT_BOOTLOADER: self = .bootloader(try text(message(raw.bootloader).path))
        case PODP__V1__DOMAIN_DEFINITION__BOOT_FIRMWARE: self = .firmware(order: try text(message(raw.firmware).order))
        default: throw missing("boot")
        }
    }
}

extension DomainPolicy {
    init(_ raw: Podp__V1__DomainPolicy) throws(WireError) {
        self.init()
        if raw.allowed_downtime_if_case == PODP__V1__DOMAIN_POLICY__ALLOWED_DOWNTIME_IF_ALLOWED_DOWNTIME {
            allowedDowntime = .nanoseconds(raw.allowed_downtime)
        }
        stays = raw.stays != 0
        apart = try list(raw.n_apart, raw.apart, text)
        together = try list(raw.n_together, raw.together, text)
        onlyOn = try list(raw.n_only_on, raw.only_on, text)
        priority = Int(clamping: raw.priority)
        neverOn = try list(raw.n_never_on, raw.never_on, text)
        if let rules = raw.zone_rules?.pointee {
            spread = try list(rules.n_spread, rules.spread, text)
            near = try list(rules.n_near, rules.near, text)
            exclusive = try list(rules.n_exclusive, rules.exclusive, text)
            prices = try list(rules.n_prices, rules.prices, text)
        }
    }
}
