import AgentCore
import PodpModel

/// What a simulated blade has. Its defaults are those of the blades that podp was made for.
public struct SimulatedSettings: Hashable, Sendable, Codable {
    public var identity: BladeIdentity
    public var cpus = 8
    public var memory = Bytes.gibibytes(24)
    public var dom0Memory = Bytes.gibibytes(1)
    public var dom0VCPUs = 2
    public var bridges = ["br0", "br1"]
    /// Disks must lie on one of these: the path itself, or below it when it ends with a slash.
    public var storage = [
        BlockDevice(path: "/dev/vg0/", size: .gibibytes(2048), serial: "SIMULATED-SAN-1"),
        BlockDevice(path: "/srv/domains/", size: .gibibytes(1024), serial: "SIMULATED-NFS-1"),
    ]
    public var migrationAddress = "127.0.0.1"
    /// A second, of the migration network.
    public var migrationBandwidth = Bytes.mebibytes(110)
    public var dayLength = Duration.seconds(86_400)
    /// What operations' durations are multiplied with, in thousandths; 0: they take no time.
    public var pace = 1000

    public init(identity: BladeIdentity) { self.identity = identity }
}

/// A blade with a hypervisor, as a value: no files, no clock. Time comes in through `advance`.
///
/// The simulator runs it in memory; `SimulatedHypervisor` keeps it in files.
public struct SimulatedHost: Sendable {
    struct Meter: Hashable, Sendable {
        var life: UInt32 = 0
        var cpu: UInt64 = 0
        var disk = DiskCounters()
        var network = NetworkCounters()
        /// Wanted and possible CPU time since the last reading: what is not wanted is blocked.
        var wanted: UInt64 = 0
        var possible: UInt64 = 0
    }

    /// More than any hypervisor gives a domain.
    static let mostVCPUs = 512

    public var settings: SimulatedSettings
    public private(set) var bootID: ID128
    /// Sorted by id.
    public private(set) var domains: [SimulatedDomain] = []
    /// Sorted by id.
    public private(set) var arrivals: [SimulatedArrival] = []
    /// Replaces the day's curve of single domains: thousandths of their vCPUs.
    public var loads: [DomainID: Int] = [:]
    public private(set) var now: Instant
    public private(set) var wall: WallTime
    var meters: [DomainID: Meter] = [:]
    var idle: UInt64 = 0
    var dom0: UInt64 = 0
    var disk = DiskCounters()
    var network = NetworkCounters()

    public init(settings: SimulatedSettings, bootID: ID128, now: Instant, wall: WallTime) {
        self.settings = settings
        self.bootID = bootID
        self.now = now
        self.wall = wall
    }

    public var facts: HostFacts {
        let pv = Ability.no(reason: "a PV domain cannot migrate live: this hypervisor has no shadow paging")
        return HostFacts(
            identity: settings.identity, bootID: bootID,
            hypervisor: HypervisorFacts(kind: .simulated, version: "1.0", liveMigration: [.pv: pv, .pvh: .yes, .hvm: .yes]),
            cpu: CPUModel(vendor: "podp", model: "Simulated CPU", features: ["aes", "sse4_2", "ssse3"]))
    }

    // MARK: - Domains

    public func domain(_ id: DomainID) -> SimulatedDomain? { domains.first { $0.id == id } }

    /// Puts a domain in, or in place of the one with its id.
    public mutating func put(_ domain: SimulatedDomain) {
        remove(domain.id)
        let index = domains.firstIndex { $0.id > domain.id } ?? domains.endIndex
        var bounded = domain
        bounded.vcpus = min(max(0, domain.vcpus), Self.mostVCPUs)
        domains.insert(bounded, at: index)
    }

    public mutating func remove(_ id: DomainID) { domains.removeAll { $0.id == id } }

    public mutating func put(_ arrival: SimulatedArrival) {
        removeArrival(arrival.domain.id)
        let index = arrivals.firstIndex { $0.domain.id > arrival.domain.id } ?? arrivals.endIndex
        arrivals.insert(arrival, at: index)
    }

    public mutating func removeArrival(_ id: DomainID) { arrivals.removeAll { $0.domain.id == id } }

    /// Power off and on: every domain is off afterwards, and what was not persistent is gone.
    public mutating func boot(_ id: ID128, now: Instant, wall: WallTime) {
        bootID = id
        self.now = now
        self.wall = wall
        arrivals = []
        domains = domains.filter(\.persistent).map { domain in
            var off = domain
            off.end()
            return off
        }
        meters = [:]
        (idle, dom0, disk, network) = (0, 0, DiskCounters(), NetworkCounters())
    }

    public var memoryFree: Bytes {
        let held = domains.filter { $0.state(in: bootID).holdsMemory }.map(\.memory) + arrivals.map(\.domain.memory)
        return held.reduce(settings.memory - settings.dom0Memory, -)
    }

    // MARK: - Time

    /// Lets the domains work until an instant, by the wall clock's reading at that instant. Clocks that stand or go back change nothing.
    public mutating func advance(to instant: Instant, wall time: WallTime) {
        let whole = (instant - now).nanoseconds
        defer {
            now = max(now, instant)
            wall = time
        }
        guard whole > 0 else { return }
        let steps = min(64, max(1, whole / 250_000_000))
        let length = UInt64(whole / steps)
        let drift = time.millisecondsSince(wall) / steps
        for step in 0..<steps {
            work(for: length, at: WallTime(milliseconds: wall.milliseconds &+ drift &* (step + 1)))
        }
        // What the division left over is idle time.
        idle &+= UInt64(whole % steps) &* UInt64(min(max(0, settings.cpus), 4096))
    }

    private mutating func work(for length: UInt64, at time: WallTime) {
        let running = domains.filter { $0.state(in: bootID) == .running && $0.vcpus > 0 }
        let demands = running.map { min(wanted($0, at: time) * $0.vcpus, capMilli($0)) }
        let capacity = min(max(0, settings.cpus), 4096) * 1000
        let housekeeping = min(capacity, 40 + demands.reduce(0, +) / 40)
        let granted = Self.share(capacity - housekeeping, demands: demands, weights: running.map { min(max(1, $0.definition.cpuWeight), 65_535) })
        for (index, domain) in running.enumerated() {
            record(domain, demand: demands[index], granted: granted[index], length: length)
        }
        let used = granted.reduce(housekeeping, +)
        dom0 &+= Self.part(length, housekeeping)
        idle &+= Self.part(length, capacity - used)
    }

    private func wanted(_ domain: SimulatedDomain, at time: WallTime) -> Int {
        loads[domain.id].map { min(1000, max(0, $0)) } ?? Load(domain: domain.id, dayLength: settings.dayLength).demand(at: time)
    }

    private func capMilli(_ domain: SimulatedDomain) -> Int { domain.definition.cpuCap > 0 ? min(domain.definition.cpuCap, 1_000_000) * 10 : .max }

    private mutating func record(_ domain: SimulatedDomain, demand: Int, granted: Int, length: UInt64) {
        var meter = meters[domain.id] ?? Meter()
        if meter.life != domain.lives { meter = Meter(life: domain.lives) }
        let used = Self.part(length, granted)
        meter.cpu &+= used
        meter.wanted &+= Self.part(length, demand)
        meter.possible &+= Self.part(length, domain.vcpus * 1000)
        let load = Load(domain: domain.id, dayLength: settings.dayLength)
        let written = UInt64(UInt128(used) * UInt128(load.diskBytes) / 3_000_000_000)
        let sent = UInt64(UInt128(used) * UInt128(load.networkBytes) / 2_000_000_000)
        meter.disk.readBytes &+= written &* 2
        meter.disk.writtenBytes &+= written
        meter.disk.reads = meter.disk.readBytes / 16_384
        meter.disk.writes = meter.disk.writtenBytes / 16_384
        meter.network.sentBytes &+= sent
        meter.network.receivedBytes &+= sent / 2
        disk.readBytes &+= written &* 2
        disk.writtenBytes &+= written
        disk.reads = disk.readBytes / 16_384
        disk.writes = disk.writtenBytes / 16_384
        network.sentBytes &+= sent
        network.receivedBytes &+= sent / 2
        meters[domain.id] = meter
    }

    /// So many thousandths of a length of time.
    private static func part(_ length: UInt64, _ milli: Int) -> UInt64 { UInt64(clamping: UInt128(length) * UInt128(max(0, milli)) / 1000) }

    /// What each gets when all want more than there is: by weight, and nobody more than it wants.
    static func share(_ capacity: Int, demands: [Int], weights: [Int]) -> [Int] {
        var granted = [Int](repeating: 0, count: demands.count)
        var open = demands.indices.filter { demands[$0] > 0 }
        var left = capacity
        while !open.isEmpty, left > 0 {
            let weight = open.reduce(0) { $0 + weights[$1] }
            let satisfied = open.filter { demands[$0] <= left * weights[$0] / weight }
            guard satisfied.isEmpty else {
                for index in satisfied {
                    granted[index] = demands[index]
                    left -= demands[index]
                }
                open.removeAll { satisfied.contains($0) }
                continue
            }
            for index in open { granted[index] = left * weights[index] / weight }
            break
        }
        return granted
    }
}
