import PodpFrame
import PodpModel

// Hosts and what stands on them, in swift-protobuf's form and back.

extension Podp_V1_HypervisorFacts {
    init(_ facts: HypervisorFacts) {
        kind = .init(facts.kind)
        version = facts.version
        libvirtVersion = facts.libvirtVersion
        liveMigration = facts.liveMigration.sorted { $0.key.wireNumber < $1.key.wireNumber }.map { entry in
            .with {
                $0.type = .init(entry.key)
                $0.ability = Podp_V1_Ability(entry.value)
            }
        }
    }
}

extension Podp_V1_Ability {
    init(_ ability: Ability) {
        switch ability {
        case .yes: yes = Podp_V1_Empty()
        case .no(let reason): no = Podp_V1_Reason(reason)
        }
    }
}

extension Podp_V1_CpuModel {
    init(_ cpu: CPUModel) {
        vendor = cpu.vendor
        model = cpu.model
        features = cpu.features
    }
}

extension Podp_V1_HostInventory {
    init(_ host: HostInventory) {
        cpus = Int64(host.cpus)
        threadsPerCore = Int64(host.threadsPerCore)
        sockets = Int64(host.sockets)
        cpuMegahertz = Int64(host.cpuMegahertz)
        memory = host.memory.count
        dom0Memory = host.dom0Memory.count
        dom0Vcpus = Int64(host.dom0VCPUs)
        bridges = host.bridges
        storage = host.storage.map { device in
            .with {
                $0.path = device.path
                $0.size = device.size.count
                $0.serial = device.serial
            }
        }
        nics = host.nics.map { nic in
            .with {
                $0.name = nic.name
                $0.mac = nic.mac
                $0.isUp = nic.isUp
                $0.megabitsPerSecond = Int64(nic.megabitsPerSecond)
            }
        }
        migrationAddress = host.migrationAddress
        migrationEncrypted = host.migrationEncrypted
    }
}

extension Podp_V1_DomainInventory {
    init(_ domain: DomainInventory) {
        id = domain.id.uuid.data
        name = domain.name
        if let domainNumber = domain.number { number = domainNumber }
        state = .init(domain.state)
        type = .init(domain.type)
        vcpus = Int64(domain.vcpus)
        maxVcpus = Int64(domain.maxVCPUs)
        memory = domain.memory.count
        maxMemory = domain.maxMemory.count
        disks = domain.disks.map { Podp_V1_Disk($0) }
        nics = domain.nics.map { Podp_V1_Nic($0) }
        liveMigration = Podp_V1_Ability(domain.liveMigration)
        autostart = domain.autostart
        persistent = domain.persistent
    }
}

extension Podp_V1_Inventory {
    init(_ inventory: Inventory) {
        revision = inventory.revision
        readAt = inventory.readAt.nanoseconds
        host = Podp_V1_HostInventory(inventory.host)
        domains = inventory.domains.map { Podp_V1_DomainInventory($0) }
        findings = inventory.findings.map { finding in
            .with {
                $0.code = finding.code
                $0.severity = .init(finding.severity)
                $0.what = fittingWords(finding.what)
                $0.remedy = fittingWords(finding.remedy)
            }
        }
        if let observation = inventory.answers { answers = observation }
    }
}

extension HypervisorFacts {
    init(_ raw: Podp_V1_HypervisorFacts) throws(WireError) {
        var abilities: [VirtualisationType: Ability] = [:]
        for entry in raw.liveMigration {
            let type: VirtualisationType = try value(entry.type)
            guard abilities.updateValue(try Ability(entry.ability), forKey: type) == nil else {
                throw WireError(.duplicate, "\(type) is given twice", at: "hello.hypervisor.live_migration")
            }
        }
        self.init(kind: try value(raw.kind), version: raw.version, libvirtVersion: raw.libvirtVersion, liveMigration: abilities)
    }
}

extension Ability {
    init(_ raw: Podp_V1_Ability) throws(WireError) {
        switch raw.ability {
        case .yes: self = .yes
        case .no(let reason): self = .no(reason: reason.words)
        case nil: throw missing("ability")
        }
    }
}

extension CPUModel {
    init(_ raw: Podp_V1_CpuModel) { self.init(vendor: raw.vendor, model: raw.model, features: raw.features) }
}

extension HostInventory {
    init(_ raw: Podp_V1_HostInventory) {
        self.init(
            cpus: Int(clamping: raw.cpus), threadsPerCore: Int(clamping: raw.threadsPerCore), sockets: Int(clamping: raw.sockets),
            cpuMegahertz: Int(clamping: raw.cpuMegahertz), memory: Bytes(raw.memory), dom0Memory: Bytes(raw.dom0Memory),
            dom0VCPUs: Int(clamping: raw.dom0Vcpus), bridges: raw.bridges,
            storage: raw.storage.map { BlockDevice(path: $0.path, size: Bytes($0.size), serial: $0.serial) },
            nics: raw.nics.map { HostNIC(name: $0.name, mac: $0.mac, isUp: $0.isUp, megabitsPerSecond: Int(clamping: $0.megabitsPerSecond)) },
            migrationAddress: raw.migrationAddress, migrationEncrypted: raw.migrationEncrypted)
    }
}

extension DomainInventory {
    init(_ raw: Podp_V1_DomainInventory) throws(WireError) {
        var number: UInt32?
        if case .number(let given) = raw.numberIf { number = given }
        self.init(
            id: DomainID(try PodpWireSwift.id(raw.id)), name: raw.name, number: number, state: try value(raw.state), type: try value(raw.type),
            vcpus: Int(clamping: raw.vcpus), maxVCPUs: Int(clamping: raw.maxVcpus), memory: Bytes(raw.memory), maxMemory: Bytes(raw.maxMemory),
            disks: raw.disks.map { Disk($0) }, nics: raw.nics.map { NIC($0) }, liveMigration: try Ability(raw.liveMigration), autostart: raw.autostart,
            persistent: raw.persistent)
    }
}

extension Inventory {
    init(_ raw: Podp_V1_Inventory) throws(WireError) {
        var answers: UInt64?
        if case .answers(let observation) = raw.answersIf { answers = observation }
        self.init(
            revision: raw.revision, readAt: Instant(nanoseconds: raw.readAt), host: HostInventory(raw.host),
            domains: try map(raw.domains) { (domain) throws(WireError) in try DomainInventory(domain) },
            findings: try map(raw.findings) { (finding) throws(WireError) in
                Finding(code: finding.code, severity: try value(finding.severity), what: finding.what, remedy: finding.remedy)
            },
            answers: answers)
    }
}
