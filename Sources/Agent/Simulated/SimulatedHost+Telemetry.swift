import AgentCore
import PodpModel

extension SimulatedHost {
    /// The counters as of the last `advance`. The sampled parts begin anew.
    public mutating func counters() -> Counters {
        let host = HostCounters(
            cpus: settings.cpus, idleNanoseconds: idle, dom0CPUNanoseconds: dom0, memoryFree: memoryFree,
            dom0MemoryFree: .mebibytes(settings.dom0Memory.mebibytes / 2),
            disk: disk, network: network)
        var counted: [DomainCounters] = []
        for domain in domains {
            let state = domain.state(in: bootID)
            guard state.holdsMemory, let number = domain.number(in: bootID) else { continue }
            var meter = meters[domain.id] ?? Meter()
            if meter.life != domain.lives { meter = Meter(life: domain.lives) }
            let blocked = meter.possible > 0 ? 1000 - min(1000, UInt128(meter.wanted) * 1000 / UInt128(meter.possible)) : nil
            meter.wanted = 0
            meter.possible = 0
            meters[domain.id] = meter
            counted.append(
                DomainCounters(
                    id: domain.id, number: number, state: state, vcpus: domain.vcpus, cpuNanoseconds: meter.cpu, blockedSamples: blocked.map { UInt32($0) },
                    samples: blocked == nil ? nil : 1000, memory: domain.memory, disk: meter.disk, network: meter.network))
        }
        return Counters(readAt: now, host: host, domains: counted)
    }

    /// The inventory as it stands; `revision` is the caller's.
    public var inventory: Inventory {
        let host = HostInventory(
            cpus: settings.cpus, cpuMegahertz: 2333, memory: settings.memory, dom0Memory: settings.dom0Memory, dom0VCPUs: settings.dom0VCPUs,
            bridges: settings.bridges, storage: settings.storage,
            nics: [HostNIC(name: "eth0", mac: mac, isUp: true, megabitsPerSecond: 1000)], migrationAddress: settings.migrationAddress)
        let here = domains.map { entry($0, state: $0.state(in: bootID)) }
        let coming = arrivals.filter { domain($0.domain.id) == nil }.map { entry($0.domain, state: .incoming) }
        return Inventory(revision: 0, readAt: now, host: host, domains: (here + coming).sorted { $0.id < $1.id })
    }

    private var mac: String {
        let bytes = settings.identity.id.uuid.bytes.suffix(3).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count < 2 ? "0" + digits : digits
        }
        return "00:16:3e:" + bytes.joined(separator: ":")
    }

    private func entry(_ domain: SimulatedDomain, state: DomainState) -> DomainInventory {
        let definition = domain.definition
        return DomainInventory(
            id: domain.id, name: definition.name, number: state == .incoming ? nil : domain.number(in: bootID), state: state, type: definition.type,
            vcpus: domain.vcpus, maxVCPUs: definition.maxVCPUs, memory: domain.memory, maxMemory: definition.maxMemory, disks: definition.disks,
            nics: definition.nics, liveMigration: ability(definition.type), autostart: false, persistent: domain.persistent)
    }

    func ability(_ type: VirtualisationType) -> Ability {
        facts.hypervisor.liveMigration[type] ?? .no(reason: "the simulated hypervisor has no \(type.rawValue) domains")
    }
}
