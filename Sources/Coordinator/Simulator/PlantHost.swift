import AgentCore
import PodpModel

/// A blade's hypervisor as the plant has it: domains that run, take time and fail. Nothing of podp's own code is in it.
struct PlantHost: Sendable {
    struct Domain: Sendable {
        var definition: DomainDefinition
        var state: DomainState
        /// Of this life on this host.
        var number: UInt32?
        var persistent: Bool
        var memory: Bytes
        var vcpus: Int
        var cpuNanoseconds: UInt64 = 0
        /// An operator had paused it before a migration suspended it.
        var pausedByOperator = false

        var held: Bytes { state.holdsMemory ? memory : .zero }
    }

    let identity: BladeIdentity
    var cpus = 8
    var memory = Bytes.gibibytes(24)
    var dom0Memory = Bytes.gibibytes(2)
    var isOn = false
    var boot = 0
    var bootID = ID128.zero
    var bootedAt = Instant.zero
    var domains: [DomainID: Domain] = [:]
    var jobs: [OperationID: PlantJob] = [:]
    private var nextNumber: UInt32 = 0
    private var countedAt = Instant.zero
    private var idleNanoseconds: UInt64 = 0
    private var dom0Nanoseconds: UInt64 = 0

    /// The lies that a blade may tell.
    var reportsNoCPUs = false
    var countersGoBack = false
    /// A resume that says that it is done, and does nothing: as libvirt does to a domain that was paused behind its back.
    var resumesNothing = false
    /// Of a host whose telemetry hangs: reads are not answered.
    var isMute = false

    init(identity: BladeIdentity) { self.identity = identity }

    /// Never a dictionary's own order: it changes from process to process.
    var sorted: [DomainID] { domains.keys.sorted() }

    var memoryFree: Bytes { memory - dom0Memory - held }
    /// Saturating, so that a sum of lies is one large number.
    var held: Bytes { sorted.reduce(.zero) { $0 + (domains[$1]?.held ?? .zero) } }

    mutating func powerOn(bootID: ID128, at now: Instant) {
        isOn = true
        boot += 1
        self.bootID = bootID
        bootedAt = now
        nextNumber = 0
        countedAt = now
        idleNanoseconds = 0
        dom0Nanoseconds = 0
    }

    /// Domains lose their lives; what libvirt keeps on disk stays defined.
    mutating func powerOff() {
        isOn = false
        jobs = [:]
        for id in sorted {
            if domains[id]?.persistent == true {
                domains[id]?.state = .off
                domains[id]?.number = nil
                domains[id]?.cpuNanoseconds = 0
            } else {
                domains[id] = nil
            }
        }
    }

    func clock(at now: Instant) -> Instant { Instant(nanoseconds: (now - bootedAt).nanoseconds) }

    /// A life begins: running, or incoming by a migration.
    mutating func begin(_ definition: DomainDefinition, state: DomainState, persistent: Bool, memory: Bytes? = nil, vcpus: Int? = nil) {
        nextNumber += 1
        domains[definition.id] = Domain(
            definition: definition, state: state, number: nextNumber, persistent: persistent, memory: memory ?? definition.memory,
            vcpus: vcpus ?? definition.vcpus)
    }

    /// A life ends.
    mutating func end(_ id: DomainID) {
        guard domains[id]?.persistent == true else {
            domains[id] = nil
            return
        }
        domains[id]?.state = .off
        domains[id]?.number = nil
        domains[id]?.cpuNanoseconds = 0
        domains[id]?.pausedByOperator = false
    }

    /// Accounts for the time since the last reading: each running domain gets what it wants, or its share where there is too little.
    mutating func run(until now: Instant, load: PlantLoad) {
        let elapsed = UInt64(max(0, (now - countedAt).nanoseconds))
        countedAt = now
        let order = sorted
        var wanted: UInt64 = 0
        for id in order { if let domain = domains[id], domain.state == .running { wanted += load.demand(of: id, vcpus: domain.vcpus, at: now) } }
        let dom0 = min(1000, 60 + UInt64(order.count) * 5)
        let capacity = UInt64(max(1, cpus)) * 1000 - dom0
        var used: UInt64 = 0
        for id in order {
            guard let domain = domains[id], domain.state == .running else { continue }
            let demand = load.demand(of: id, vcpus: domain.vcpus, at: now)
            let share = wanted > capacity ? demand * capacity / wanted : demand
            used += share
            domains[id]?.cpuNanoseconds += elapsed / 1000 * share
        }
        dom0Nanoseconds += elapsed / 1000 * dom0
        idleNanoseconds += elapsed / 1000 * (capacity - min(capacity, used))
    }

    var hostInventory: HostInventory {
        HostInventory(
            cpus: reportsNoCPUs ? 0 : cpus, cpuMegahertz: 2660, memory: memory, dom0Memory: dom0Memory, bridges: ["xenbr0"],
            storage: [BlockDevice(path: "/srv/san/", size: .gibibytes(4096), serial: "6005076300c0ffee")],
            nics: [HostNIC(name: "eth0", mac: "00:1a:64:00:00:01", isUp: true, megabitsPerSecond: 1000)], migrationAddress: identity.name)
    }

    func inventory(at now: Instant) -> Inventory {
        let list = sorted.compactMap { id -> DomainInventory? in
            guard let domain = domains[id] else { return nil }
            return DomainInventory(
                id: id, name: domain.definition.name, number: domain.number, state: domain.state, type: domain.definition.type, vcpus: domain.vcpus,
                maxVCPUs: domain.definition.maxVCPUs, memory: domain.memory, maxMemory: domain.definition.maxMemory, disks: domain.definition.disks,
                nics: domain.definition.nics,
                liveMigration: domain.definition.type == .pv ? .no(reason: "no shadow paging in this hypervisor") : .yes, persistent: domain.persistent)
        }
        return Inventory(revision: 0, readAt: clock(at: now), host: hostInventory, domains: list)
    }

    func counters(at now: Instant) -> Counters {
        let list = sorted.compactMap { id -> DomainCounters? in
            guard let domain = domains[id], let number = domain.number, domain.state.holdsMemory else { return nil }
            return DomainCounters(
                id: id, number: number, state: domain.state, vcpus: domain.vcpus,
                cpuNanoseconds: countersGoBack ? domain.cpuNanoseconds / 2 : domain.cpuNanoseconds, memory: domain.memory)
        }
        return Counters(
            readAt: clock(at: now),
            host: HostCounters(
                cpus: reportsNoCPUs ? 0 : cpus, idleNanoseconds: countersGoBack ? idleNanoseconds / 2 : idleNanoseconds, dom0CPUNanoseconds: dom0Nanoseconds,
                memoryFree: memoryFree), domains: list)
    }
}

/// What domains want of the CPU: a day's curve with a phase of its own for each, and bursts.
struct PlantLoad: Sendable {
    let seed: UInt64

    /// In thousandths of one CPU, never above its vCPUs. Integer arithmetic: the same on every machine.
    func demand(of id: DomainID, vcpus: Int, at now: Instant) -> UInt64 {
        let own = mixed(id.uuid.high ^ id.uuid.low ^ seed)
        let most = UInt64(max(0, vcpus)) * 1000
        let base = most * (50 + own % 250) / 1000
        let day: UInt64 = 86_400
        let second = UInt64(max(0, now.nanoseconds / 1_000_000_000))
        let phase = (second + own % day) % day
        let height = phase < day / 2 ? phase : day - phase
        let swing = most * (own >> 20 % 400) / 1000 * height / (day / 2)
        let slot = mixed(own &+ second / 120)
        let burst = slot % 100 < 12 ? most * (300 + slot >> 32 % 400) / 1000 : 0
        return min(most, base + swing + burst)
    }

    private func mixed(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// An action that a host is carrying out. It outlives the agent that asked for it, as libvirtd does.
struct PlantJob: Sendable {
    enum Step: Hashable, Sendable {
        /// The action takes effect.
        case act
        // A migration's phases, as libvirt's peer-to-peer protocol has them.
        case prepare, suspend, finish, confirm
        /// The answer goes to whoever still waits for it.
        case end
    }

    var command: Command
    var step: Step
    var startedAt: Instant
    /// Of the agent that asked.
    var agentRun: Int
    var outcome: Outcome?
    var cancelled = false
    var fate = PlantFate.succeeds
    /// Of the target, when the migration began.
    var targetBoot = 0
}

/// How an action is going to go, drawn when it begins.
enum PlantFate: Hashable, Sendable {
    case succeeds
    /// Refused at once; nothing has changed.
    case fails
    /// Fails in a migration's phase and is rolled back; the answer is clear.
    case fallsBack(PlantJob.Step)
    /// Takes effect, or not, and nobody hears.
    case losesAnswer(acted: Bool)
    /// A migration whose answer is lost, with the states that it leaves at source and target; `nil`: no such domain.
    case leaves(source: DomainState?, target: DomainState?)
    /// Never answers until its blade loses power or its agent dies and looks.
    case hangs
}
