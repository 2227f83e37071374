import PodpModel

/// What a host tells about itself once: all that `Hello` needs from a hypervisor.
public struct HostFacts: Hashable, Sendable {
    public var identity: BladeIdentity
    public var bootID: ID128
    public var hypervisor: HypervisorFacts
    public var cpu: CPUModel

    public init(identity: BladeIdentity, bootID: ID128, hypervisor: HypervisorFacts, cpu: CPUModel) {
        self.identity = identity
        self.bootID = bootID
        self.hypervisor = hypervisor
        self.cpu = cpu
    }
}

/// A failure of a hypervisor, its libraries or its tools, with what people need to act on it.
public struct HypervisorError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        /// The hypervisor, libvirtd or xenstored does not answer: try again later.
        case unavailable
        case noSuchDomain
        case unsupported
        /// It refused or failed, and says why.
        case failed
        /// What it answered makes no sense.
        case malformed
    }

    public var code: Code
    /// What was tried, where, and the real reason: `start web-1: /dev/vdb is mounted in a guest domain (libxl-driver.log)`.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

/// Counters as they stand at one instant; `CounterRates` makes a `Report` of two of them.
///
/// `nil` is "not measured". All times in nanoseconds, all sizes in bytes, all counters cumulative since their own start.
public struct Counters: Hashable, Sendable {
    /// `CLOCK_BOOTTIME`.
    public var readAt: Instant
    public var host: HostCounters
    public var domains: [DomainCounters]

    public init(readAt: Instant, host: HostCounters, domains: [DomainCounters]) {
        self.readAt = readAt
        self.host = host
        self.domains = domains
    }
}

public struct HostCounters: Hashable, Sendable {
    public var cpus: Int
    /// Idle time of all physical CPUs together.
    public var idleNanoseconds: UInt64
    public var dom0CPUNanoseconds: UInt64?
    public var memoryFree: Bytes
    public var dom0MemoryFree: Bytes?
    public var disk: DiskCounters?
    public var network: NetworkCounters?

    public init(
        cpus: Int, idleNanoseconds: UInt64, dom0CPUNanoseconds: UInt64? = nil, memoryFree: Bytes, dom0MemoryFree: Bytes? = nil, disk: DiskCounters? = nil,
        network: NetworkCounters? = nil
    ) {
        self.cpus = cpus
        self.idleNanoseconds = idleNanoseconds
        self.dom0CPUNanoseconds = dom0CPUNanoseconds
        self.memoryFree = memoryFree
        self.dom0MemoryFree = dom0MemoryFree
        self.disk = disk
        self.network = network
    }
}

public struct DiskCounters: Hashable, Sendable {
    public var readBytes: UInt64
    public var writtenBytes: UInt64
    public var reads: UInt64
    public var writes: UInt64
    public var outOfRequests: UInt64

    public init(readBytes: UInt64 = 0, writtenBytes: UInt64 = 0, reads: UInt64 = 0, writes: UInt64 = 0, outOfRequests: UInt64 = 0) {
        self.readBytes = readBytes
        self.writtenBytes = writtenBytes
        self.reads = reads
        self.writes = writes
        self.outOfRequests = outOfRequests
    }
}

/// From the domain's (or host's) point of view: what it received and sent.
public struct NetworkCounters: Hashable, Sendable {
    public var receivedBytes: UInt64
    public var sentBytes: UInt64

    public init(receivedBytes: UInt64 = 0, sentBytes: UInt64 = 0) {
        self.receivedBytes = receivedBytes
        self.sentBytes = sentBytes
    }
}

public struct DomainCounters: Hashable, Sendable {
    public var id: DomainID
    /// Tells one life of the domain on this host from the next (the hypervisor's number): counters start anew with it.
    public var number: UInt32
    public var state: DomainState
    public var vcpus: Int
    public var cpuNanoseconds: UInt64
    /// Of the samples taken since the last counters: vCPU samples that were blocked, and all. `nil`: not sampled.
    public var blockedSamples: UInt32?
    public var samples: UInt32?
    public var memory: Bytes
    public var disk: DiskCounters?
    public var network: NetworkCounters?

    public init(
        id: DomainID, number: UInt32, state: DomainState, vcpus: Int, cpuNanoseconds: UInt64, blockedSamples: UInt32? = nil, samples: UInt32? = nil,
        memory: Bytes,
        disk: DiskCounters? = nil, network: NetworkCounters? = nil
    ) {
        self.id = id
        self.number = number
        self.state = state
        self.vcpus = vcpus
        self.cpuNanoseconds = cpuNanoseconds
        self.blockedSamples = blockedSamples
        self.samples = samples
        self.memory = memory
        self.disk = disk
        self.network = network
    }
}

/// The measuring half of a hypervisor.
public protocol Telemetry: Sendable {
    /// Throws `.unavailable` when the hypervisor does not answer.
    func facts() async throws(HypervisorError) -> HostFacts
    /// `revision` and `answers` are set by the caller; domains come sorted by id.
    func inventory() async throws(HypervisorError) -> Inventory
    func counters() async throws(HypervisorError) -> Counters
    /// Yields when the set of domains, or a domain's state, may have changed. Bounded, newest kept; ends when the hypervisor is closed.
    func changes() -> AsyncStream<Void>
}

/// The acting half of a hypervisor.
public protocol Actuator: Sendable {
    /// Runs one action to its end. Never throws: what went wrong is the outcome. May take minutes; other calls go on meanwhile.
    func execute(_ command: Command, progress: @escaping @Sendable (Progress) -> Void) async -> Outcome
    /// Asks for a running operation to stop; its `execute` then ends, however it ends. `false` when it cannot be cancelled.
    func cancel(_ operation: OperationID) async -> Bool
    /// What a command came to that an earlier process of the agent began: looks, never executes.
    func observe(_ command: Command) async -> Outcome
    /// libvirt's XML of a domain as it is now (for adopting it). Throws `.unsupported` where there is no libvirt.
    func describe(_ domain: DomainID) async throws(HypervisorError) -> String
}
