/// What a blade did in one interval: rates, already made from counters by the agent.
public struct Report: Hashable, Sendable, Codable {
    /// Grows by one a report within a boot of the agent.
    public var sequence: UInt64
    /// The interval's end, on the blade's `CLOCK_BOOTTIME`.
    public var sampledAt: Instant
    public var interval: Duration
    public var host: HostSample
    /// Sorted by id. Domains that hold memory, and no others.
    public var domains: [DomainSample]
    /// Why the numbers cannot be relied on, in words; `nil` when they can. A report that says so decides nothing.
    public var invalid: String?

    public init(sequence: UInt64, sampledAt: Instant, interval: Duration, host: HostSample, domains: [DomainSample], invalid: String? = nil) {
        self.sequence = sequence
        self.sampledAt = sampledAt
        self.interval = interval
        self.host = host
        self.domains = domains
        self.invalid = invalid
    }
}

/// The host's part of a report. `nil` is "not measured", never 0.
public struct HostSample: Hashable, Sendable, Codable {
    /// Physical CPUs' busy time, all of them together.
    public var cpu: MilliCPU
    /// dom0's own part of it.
    public var dom0CPU: MilliCPU?
    /// Free for new domains, as the hypervisor says.
    public var memoryFree: Bytes
    /// Free inside dom0.
    public var dom0MemoryFree: Bytes?
    public var disk: DiskRates?
    public var network: NetworkRates?
    /// The agent's own use.
    public var agentCPU: MilliCPU?
    public var agentMemory: Bytes?

    public init(
        cpu: MilliCPU, dom0CPU: MilliCPU? = nil, memoryFree: Bytes, dom0MemoryFree: Bytes? = nil, disk: DiskRates? = nil, network: NetworkRates? = nil,
        agentCPU: MilliCPU? = nil, agentMemory: Bytes? = nil
    ) {
        self.cpu = cpu
        self.dom0CPU = dom0CPU
        self.memoryFree = memoryFree
        self.dom0MemoryFree = dom0MemoryFree
        self.disk = disk
        self.network = network
        self.agentCPU = agentCPU
        self.agentMemory = agentMemory
    }
}

/// Per second, over an interval.
public struct DiskRates: Hashable, Sendable, Codable {
    public var readBytes: UInt64
    public var writtenBytes: UInt64
    public var reads: UInt64
    public var writes: UInt64
    /// Times that blkback ran out of requests (`oo_req`): the disk was the bottleneck.
    public var outOfRequests: UInt64

    public init(readBytes: UInt64 = 0, writtenBytes: UInt64 = 0, reads: UInt64 = 0, writes: UInt64 = 0, outOfRequests: UInt64 = 0) {
        self.readBytes = readBytes
        self.writtenBytes = writtenBytes
        self.reads = reads
        self.writes = writes
        self.outOfRequests = outOfRequests
    }
}

/// Per second, over an interval, from the domain's (or host's) point of view.
public struct NetworkRates: Hashable, Sendable, Codable {
    public var receivedBytes: UInt64
    public var sentBytes: UInt64

    public init(receivedBytes: UInt64 = 0, sentBytes: UInt64 = 0) {
        self.receivedBytes = receivedBytes
        self.sentBytes = sentBytes
    }
}

/// One domain's part of a report. `nil` is "not measured", never 0.
public struct DomainSample: Hashable, Sendable, Codable {
    public var id: DomainID
    public var state: DomainState
    public var cpu: MilliCPU
    /// Wanted CPU and did not get it (run queue), sampled: `1 - blocked - used`. `nil` where it is not measured.
    public var ready: MilliCPU?
    public var memory: Bytes
    public var disk: DiskRates?
    public var network: NetworkRates?

    public init(id: DomainID, state: DomainState, cpu: MilliCPU, ready: MilliCPU? = nil, memory: Bytes, disk: DiskRates? = nil, network: NetworkRates? = nil) {
        self.id = id
        self.state = state
        self.cpu = cpu
        self.ready = ready
        self.memory = memory
        self.disk = disk
        self.network = network
    }
}
