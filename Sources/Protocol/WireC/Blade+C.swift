import CWire
import PodpFrame
import PodpModel

// Hosts and what stands on them, in libprotobuf-c's form and back.

extension Arena {
    func raw(_ facts: HypervisorFacts) throws(WireError) -> UnsafeMutablePointer<Podp__V1__HypervisorFacts> {
        let raw = try new(podp__v1__hypervisor_facts__init)
        raw.pointee.kind = .init(rawValue: facts.kind.cNumber)
        raw.pointee.version = try text(facts.version)
        raw.pointee.libvirt_version = try text(facts.libvirtVersion)
        let abilities = facts.liveMigration.sorted { $0.key.wireNumber < $1.key.wireNumber }
        raw.pointee.n_live_migration = abilities.count
        raw.pointee.live_migration = try list(abilities) { (entry) throws(WireError) in
            let live = try new(podp__v1__live_migration__init)
            live.pointee.type = .init(rawValue: entry.key.cNumber)
            live.pointee.ability = try self.raw(entry.value)
            return live
        }
        return raw
    }

    func raw(_ ability: Ability) throws(WireError) -> UnsafeMutablePointer<Podp__V1__Ability> {
        let raw = try new(podp__v1__ability__init)
        switch ability {
        case .yes:
            raw.pointee.ability_case = PODP__V1__ABILITY__ABILITY_YES
            raw.pointee.yes = try new(podp__v1__empty__init)
        case .no(let reason):
            raw.pointee.ability_case = PODP__V1__ABILITY__ABILITY_NO
            raw.pointee.no = try self.raw(reason: reason)
        }
        return raw
    }

    func raw(_ cpu: CPUModel) throws(WireError) -> UnsafeMutablePointer<Podp__V1__CpuModel> {
        let raw = try new(podp__v1__cpu_model__init)
        raw.pointee.vendor = try text(cpu.vendor)
        raw.pointee.model = try text(cpu.model)
        raw.pointee.n_features = cpu.features.count
        raw.pointee.features = try list(cpu.features, text)
        return raw
    }

    func raw(_ host: HostInventory) throws(WireError) -> UnsafeMutablePointer<Podp__V1__HostInventory> {
        let raw = try new(podp__v1__host_inventory__init)
        raw.pointee.cpus = Int64(host.cpus)
        raw.pointee.threads_per_core = Int64(host.threadsPerCore)
        raw.pointee.sockets = Int64(host.sockets)
        raw.pointee.cpu_megahertz = Int64(host.cpuMegahertz)
        raw.pointee.memory = host.memory.count
        raw.pointee.dom0_memory = host.dom0Memory.count
        raw.pointee.dom0_vcpus = Int64(host.dom0VCPUs)
        raw.pointee.n_bridges = host.bridges.count
        raw.pointee.bridges = try list(host.bridges, text)
        raw.pointee.n_storage = host.storage.count
        raw.pointee.storage = try list(host.storage) { (device) throws(WireError) in
            let storage = try new(podp__v1__block_device__init)
            storage.pointee.path = try text(device.path)
            storage.pointee.size = device.size.count
            storage.pointee.serial = try text(device.serial)
            return storage
        }
        raw.pointee.n_nics = host.nics.count
        raw.pointee.nics = try list(host.nics) { (card) throws(WireError) in
            let nic = try new(podp__v1__host_nic__init)
            nic.pointee.name = try text(card.name)
            nic.pointee.mac = try text(card.mac)
            nic.pointee.is_up = card.isUp ? 1 : 0
            nic.pointee.megabits_per_second = Int64(card.megabitsPerSecond)
            return nic
        }
        raw.pointee.migration_address = try text(host.migrationAddress)
        raw.pointee.migration_encrypted = host.migrationEncrypted ? 1 : 0
        return raw
    }

    func raw(_ domain: DomainInventory) throws(WireError) -> UnsafeMutablePointer<Podp__V1__DomainInventory> {
        let raw = try new(podp__v1__domain_inventory__init)
        raw.pointee.id = try id(domain.id.uuid)
        raw.pointee.name = try text(domain.name)
        if let number = domain.number {
            raw.pointee.number_if_case = PODP__V1__DOMAIN_INVENTORY__NUMBER_IF_NUMBER
            raw.pointee.number = number
        }
        raw.pointee.state = .init(rawValue: domain.state.cNumber)
        raw.pointee.type = .init(rawValue: domain.type.cNumber)
        raw.pointee.vcpus = Int64(domain.vcpus)
        raw.pointee.max_vcpus = Int64(domain.maxVCPUs)
        raw.pointee.memory = domain.memory.count
        raw.pointee.max_memory = domain.maxMemory.count
        raw.pointee.n_disks = domain.disks.count
        raw.pointee.disks = try list(domain.disks, self.raw)
        raw.pointee.n_nics = domain.nics.count
        raw.pointee.nics = try list(domain.nics, self.raw)
        raw.pointee.live_migration = try self.raw(domain.liveMigration)
        raw.pointee.autostart = domain.autostart ? 1 : 0
        raw.pointee.persistent = domain.persistent ? 1 : 0
        return raw
    }

    func raw(_ inventory: Inventory) throws(WireError) -> UnsafeMutablePointer<Podp__V1__Inventory> {
        let raw = try new(podp__v1__inventory__init)
        raw.pointee.revision = inventory.revision
        raw.pointee.read_at = inventory.readAt.nanoseconds
        raw.pointee.host = try self.raw(inventory.host)
        raw.pointee.n_domains = inventory.domains.count
        raw.pointee.domains = try list(inventory.domains, self.raw)
        raw.pointee.n_findings = inventory.findings.count
        raw.pointee.findings = try list(inventory.findings) { (model) throws(WireError) in
            let finding = try new(podp__v1__finding__init)
            finding.pointee.code = try text(model.code)
            finding.pointee.severity = .init(rawValue: model.severity.cNumber)
            finding.pointee.what = try words(model.what)
            finding.pointee.remedy = try words(model.remedy)
            return finding
        }
        if let answers = inventory.answers {
            raw.pointee.answers_if_case = PODP__V1__INVENTORY__ANSWERS_IF_ANSWERS
            raw.pointee.answers = answers
        }
        return raw
    }
}

extension HypervisorFacts {
    init(_ raw: Podp__V1__HypervisorFacts) throws(WireError) {
        var abilities: [VirtualisationType: Ability] = [:]
        let entries = try list(raw.n_live_migration, raw.live_migration) { (entry) throws(WireError) -> (VirtualisationType, Ability) in
            (try value(entry.pointee.type.rawValue), try Ability(message(entry.pointee.ability)))
        }
        for (type, ability) in entries {
            guard abilities.updateValue(ability, forKey: type) == nil else {
                throw WireError(.duplicate, "\(type) is given twice", at: "hello.hypervisor.live_migration")
            }
        }
        self.init(
            kind: try value(raw.kind.rawValue), version: try text(raw.version), libvirtVersion: try text(raw.libvirt_version), liveMigration: abilities)
    }
}

extension Ability {
    init(_ raw: Podp__V1__Ability) throws(WireError) {
        switch raw.ability_case {
        case PODP__V1__ABILITY__ABILITY_YES: self = .yes
        case PODP__V1__ABILITY__ABILITY_NO: self = .no(reason: try text(message(raw.no).words))
        default: throw missing("ability")
        }
    }
}

extension CPUModel {
    init(_ raw: Podp__V1__CpuModel) throws(WireError) {
        self.init(vendor: try text(raw.vendor), model: try text(raw.model), features: try list(raw.n_features, raw.features, text))
    }
}

extension HostInventory {
    init(_ raw: Podp__V1__HostInventory) throws(WireError) {
        self.init(
            cpus: Int(clamping: raw.cpus), threadsPerCore: Int(clamping: raw.threads_per_core), sockets: Int(clamping: raw.sockets),
            cpuMegahertz: Int(clamping: raw.cpu_megahertz), memory: Bytes(raw.memory), dom0Memory: Bytes(raw.dom0_memory),
            dom0VCPUs: Int(clamping: raw.dom0_vcpus), bridges: try list(raw.n_bridges, raw.bridges, text),
            storage: try list(raw.n_storage, raw.storage) { (device) throws(WireError) in
                BlockDevice(path: try text(device.pointee.path), size: Bytes(device.pointee.size), serial: try text(device.pointee.serial))
            },
            nics: try list(raw.n_nics, raw.nics) { (nic) throws(WireError) in
                HostNIC(
                    name: try text(nic.pointee.name), mac: try text(nic.pointee.mac), isUp: nic.pointee.is_up != 0,
                    megabitsPerSecond: Int(clamping: nic.pointee.megabits_per_second))
            },
            migrationAddress: try text(raw.migration_address), migrationEncrypted: raw.migration_encrypted != 0)
    }
}

extension DomainInventory {
    init(_ raw: Podp__V1__DomainInventory) throws(WireError) {
        self.init(
            id: DomainID(try PodpWireC.id(raw.id)), name: try text(raw.name),
            number: raw.number_if_case == PODP__V1__DOMAIN_INVENTORY__NUMBER_IF_NUMBER ? raw.number : nil,
            state: try value(raw.state.rawValue), type: try value(raw.type.rawValue), vcpus: Int(clamping: raw.vcpus), maxVCPUs: Int(clamping: raw.max_vcpus),
            memory: Bytes(raw.memory), maxMemory: Bytes(raw.max_memory),
            disks: try list(raw.n_disks, raw.disks) { (disk) throws(WireError) in try Disk(disk.pointee) },
            nics: try list(raw.n_nics, raw.nics) { (nic) throws(WireError) in try NIC(nic.pointee) },
            liveMigration: try Ability(message(raw.live_migration)), autostart: raw.autostart != 0, persistent: raw.persistent != 0)
    }
}

extension Inventory {
    init(_ raw: Podp__V1__Inventory) throws(WireError) {
        self.init(
            revision: raw.revision, readAt: Instant(nanoseconds: raw.read_at), host: try HostInventory(message(raw.host)),
            domains: try list(raw.n_domains, raw.domains) { (domain) throws(WireError) in try DomainInventory(domain.pointee) },
            findings: try list(raw.n_findings, raw.findings) { (finding) throws(WireError) in
                Finding(
                    code: try text(finding.pointee.code), severity: try value(finding.pointee.severity.rawValue), what: try text(finding.pointee.what),
                    remedy: try text(finding.pointee.remedy))
            },
            answers: raw.answers_if_case == PODP__V1__INVENTORY__ANSWERS_IF_ANSWERS ? raw.answers : nil)
    }
}
