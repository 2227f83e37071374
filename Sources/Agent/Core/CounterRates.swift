import PodpModel

/// What the agent's own process has used, cumulative since its start.
public struct AgentUse: Hashable, Sendable {
    public var cpuNanoseconds: UInt64
    public var memory: Bytes

    public init(cpuNanoseconds: UInt64, memory: Bytes) {
        self.cpuNanoseconds = cpuNanoseconds
        self.memory = memory
    }
}

/// Makes reports of counters: each report is the difference of two readings.
///
/// What cannot be right is never averaged away. Where it touches the whole host, the report says so in `invalid`; where it touches one
/// domain, that domain's part is left out (its memory stands in the inventory), and where it touches one part of a domain, that part is `nil`.
public struct CounterRates: Sendable {
    /// Counters of one reading are not read at one instant: used time may exceed what the interval has by this part and this much.
    static let tolerance = 0.05
    static let slack: Double = 50_000_000
    static let shortest = Duration.milliseconds(10)
    static let longest = Duration.seconds(3600)
    static let mostCPUs = 16_384
    static let mostVCPUs = 4_096

    private var previous: Counters?
    private var previousUse: AgentUse?
    private var sequence: UInt64 = 0

    public init() {}

    /// The report of the interval between the last reading and this one; `nil` for the first reading.
    public mutating func report(_ counters: Counters, use: AgentUse? = nil) -> Report? {
        defer {
            previous = counters
            previousUse = use ?? previousUse
        }
        guard let before = previous else { return nil }
        let interval = counters.readAt - before.readAt
        sequence &+= 1
        var report = Report(
            sequence: sequence, sampledAt: counters.readAt, interval: interval, host: HostSample(cpu: 0, memoryFree: counters.host.memoryFree), domains: [])
        if let reason = Self.intervalFault(interval) ?? Self.hostFault(before.host, counters.host, interval) ?? Self.identityFault(counters.domains) {
            report.invalid = reason
            return report
        }
        report.host = hostSample(before, counters, interval: interval, use: use)
        report.domains = Self.domainSamples(before.domains, counters.domains, interval: interval)
        report.invalid = Self.sumFault(report, cpus: counters.host.cpus)
        return report
    }

    /// A report that says only why there is none: the hypervisor did not answer, for example.
    public mutating func failure(_ reason: String, at now: Instant) -> Report {
        sequence &+= 1
        previous = nil
        return Report(sequence: sequence, sampledAt: now, interval: .zero, host: HostSample(cpu: 0, memoryFree: .zero), domains: [], invalid: reason)
    }

    // MARK: - What cannot be right

    private static func intervalFault(_ interval: Duration) -> String? {
        if interval <= .zero { return "the blade's clock stood still or went backwards between two readings" }
        if interval < shortest { return "two readings only \(interval.nanoseconds / 1000) µs apart" }
        if interval > longest { return "\(interval.nanoseconds / 1_000_000_000) s between two readings" }
        return nil
    }

    private static func hostFault(_ before: HostCounters, _ now: HostCounters, _ interval: Duration) -> String? {
        guard now.cpus > 0 else { return "the hypervisor says that the blade has \(now.cpus) CPUs" }
        guard now.cpus <= mostCPUs else { return "the hypervisor says that the blade has \(now.cpus) CPUs, more than any has" }
        guard before.cpus == now.cpus else { return "the number of CPUs changed from \(before.cpus) to \(now.cpus)" }
        guard now.idleNanoseconds >= before.idleNanoseconds else { return "the CPUs' idle time went backwards" }
        let idle = Double(now.idleNanoseconds - before.idleNanoseconds)
        guard idle <= most(now.cpus, interval) else { return "the CPUs were idle for longer than the interval was" }
        return nil
    }

    private static func identityFault(_ domains: [DomainCounters]) -> String? {
        var seen = Set<DomainID>()
        for domain in domains where !seen.insert(domain.id).inserted { return "two domains with the id \(domain.id)" }
        return nil
    }

    private static func sumFault(_ report: Report, cpus: Int) -> String? {
        let capacity = Double(cpus) * 1000
        let used = report.domains.reduce(0.0) { $0 + Double($1.cpu) } + Double(report.host.dom0CPU ?? 0)
        let slackMilli = slack / max(1, Double(report.interval.nanoseconds)) * 1000 * Double(cpus)
        guard used <= capacity * (1 + tolerance) + slackMilli else { return "the domains used more CPU than the blade has" }
        return nil
    }

    /// The most CPU time that so many CPUs can give in an interval, with what is forgiven.
    private static func most(_ cpus: Int, _ interval: Duration) -> Double {
        Double(cpus) * (Double(interval.nanoseconds) * (1 + tolerance) + slack)
    }

    // MARK: - The host's part

    private func hostSample(_ before: Counters, _ now: Counters, interval: Duration, use: AgentUse?) -> HostSample {
        let capacity = MilliCPU(now.host.cpus) * 1000
        let idle = Rate.perSecond(now.host.idleNanoseconds &- before.host.idleNanoseconds, in: interval, scale: 1000, nanoseconds: true)
        var sample = HostSample(cpu: capacity - MilliCPU(clamping: min(idle, UInt64(capacity))), memoryFree: now.host.memoryFree)
        sample.dom0MemoryFree = now.host.dom0MemoryFree
        sample.dom0CPU = Rate.cpu(before.host.dom0CPUNanoseconds, now.host.dom0CPUNanoseconds, in: interval).flatMap {
            Double($0) <= Self.most(now.host.cpus, interval) / Double(interval.nanoseconds) * 1000 ? min($0, capacity) : nil
        }
        sample.disk = Rate.disk(before.host.disk, now.host.disk, in: interval)
        sample.network = Rate.network(before.host.network, now.host.network, in: interval)
        sample.agentCPU = Rate.cpu(previousUse?.cpuNanoseconds, use?.cpuNanoseconds, in: interval)
        sample.agentMemory = use?.memory
        return sample
    }

    // MARK: - The domains' parts

    private static func domainSamples(_ before: [DomainCounters], _ now: [DomainCounters], interval: Duration) -> [DomainSample] {
        let earlier = Dictionary(before.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        return now.compactMap { domain in earlier[domain.id].flatMap { sample($0, domain, interval: interval) } }.sorted { $0.id < $1.id }
    }

    private static func sample(_ before: DomainCounters, _ now: DomainCounters, interval: Duration) -> DomainSample? {
        guard now.state.holdsMemory, before.number == now.number, now.vcpus > 0, now.vcpus <= mostVCPUs, before.vcpus > 0 else { return nil }
        guard now.cpuNanoseconds >= before.cpuNanoseconds else { return nil }
        // vCPUs may have been unplugged within the interval.
        let vcpus = max(now.vcpus, min(before.vcpus, mostVCPUs))
        let used = now.cpuNanoseconds - before.cpuNanoseconds
        guard Double(used) <= most(vcpus, interval) else { return nil }
        let cpu = min(MilliCPU(clamping: Rate.perSecond(used, in: interval, scale: 1000, nanoseconds: true)), MilliCPU(vcpus) * 1000)
        var sample = DomainSample(id: now.id, state: now.state, cpu: cpu, memory: now.memory)
        if before.state == .running, now.state == .running { sample.ready = ready(now, cpu: cpu) }
        sample.disk = Rate.disk(before.disk, now.disk, in: interval)
        sample.network = Rate.network(before.network, now.network, in: interval)
        return sample
    }

    /// `1 - blocked (sampled) - used (exact)`: sampling "neither blocked nor running" instead is wrong by a factor of two, because the
    /// sampler itself holds a CPU while it looks.
    private static func ready(_ now: DomainCounters, cpu: MilliCPU) -> MilliCPU? {
        guard let samples = now.samples, let blocked = now.blockedSamples, samples > 0, blocked <= samples else { return nil }
        let wanted = UInt64(now.vcpus) * 1000 * UInt64(samples - blocked) / UInt64(samples)
        return MilliCPU(clamping: wanted > UInt64(cpu) ? wanted - UInt64(cpu) : 0)
    }
}

/// Differences of counters per second. Wide in between, saturated at the end.
enum Rate {
    /// `scale * delta / interval`, the interval in seconds; with `nanoseconds`, delta is in nanoseconds too.
    static func perSecond(_ delta: UInt64, in interval: Duration, scale: UInt64 = 1, nanoseconds: Bool = false) -> UInt64 {
        let length = interval.nanoseconds
        guard length > 0 else { return 0 }
        let factor = UInt128(scale) * (nanoseconds ? 1 : 1_000_000_000)
        return UInt64(clamping: UInt128(delta) * factor / UInt128(length))
    }

    /// `nil` when a side is missing or the counter went backwards.
    static func perSecond(_ before: UInt64, _ now: UInt64, in interval: Duration) -> UInt64? {
        now >= before ? perSecond(now - before, in: interval) : nil
    }

    static func cpu(_ before: UInt64?, _ now: UInt64?, in interval: Duration) -> MilliCPU? {
        guard let before, let now, now >= before else { return nil }
        return MilliCPU(clamping: perSecond(now - before, in: interval, scale: 1000, nanoseconds: true))
    }

    static func disk(_ before: DiskCounters?, _ now: DiskCounters?, in interval: Duration) -> DiskRates? {
        guard let before, let now,
            let readBytes = perSecond(before.readBytes, now.readBytes, in: interval),
            let writtenBytes = perSecond(before.writtenBytes, now.writtenBytes, in: interval),
            let reads = perSecond(before.reads, now.reads, in: interval),
            let writes = perSecond(before.writes, now.writes, in: interval),
            let outOfRequests = perSecond(before.outOfRequests, now.outOfRequests, in: interval)
        else { return nil }
        return DiskRates(readBytes: readBytes, writtenBytes: writtenBytes, reads: reads, writes: writes, outOfRequests: outOfRequests)
    }

    static func network(_ before: NetworkCounters?, _ now: NetworkCounters?, in interval: Duration) -> NetworkRates? {
        guard let before, let now,
            let received = perSecond(before.receivedBytes, now.receivedBytes, in: interval),
            let sent = perSecond(before.sentBytes, now.sentBytes, in: interval)
        else { return nil }
        return NetworkRates(receivedBytes: received, sentBytes: sent)
    }
}
