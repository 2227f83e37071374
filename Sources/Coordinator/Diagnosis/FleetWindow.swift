import PodpModel

/// A quantity over a window of samples.
public struct Reading: Hashable, Sendable, Codable {
    public var mean: Double
    /// The 95th percentile of the samples; never below the mean of a window that holds one sample.
    public var high: Double

    public init(mean: Double, high: Double) {
        self.mean = mean
        self.high = high
    }

    public init(_ constant: Double) { self.init(mean: constant, high: constant) }
}

/// What the fleet did over a window of time: the only thing that a diagnosis sees. `nil` is "not measured", never 0.
public struct FleetWindow: Hashable, Sendable, Codable {
    public struct Blade: Hashable, Sendable, Codable {
        public var id: BladeID
        public var name: String
        /// Why its numbers decide nothing (`held: reports 0 CPUs`, `unknown: no report for 40 s`); `nil` when they count.
        public var excluded: String?
        /// Logical CPUs that domains and dom0 are scheduled on.
        public var cpus: Int
        /// Of the host, dom0 included.
        public var memory: Bytes
        public var dom0VCPUs: Int
        public var dom0Memory: Bytes
        /// The fastest link that is up; 0: unknown.
        public var linkMegabitsPerSecond: Int
        /// Share of all physical CPUs that is busy, 0 to 1, dom0 included.
        public var cpu: Reading
        /// dom0's use, in CPUs.
        public var dom0CPU: Reading?
        /// Free for new domains. Its `high` is not looked at.
        public var memoryFree: Reading
        /// Free inside dom0, in bytes. Its `high` is not looked at.
        public var dom0MemoryFree: Reading?
        /// Times a second that a disk ran out of requests (`oo_req`).
        public var outOfRequests: Reading?
        /// Requests of all disks a second, reads and writes.
        public var diskRequests: Reading?
        /// Bytes a second, the busier direction.
        public var network: Reading?
        public var domains: [Domain]

        public init(
            id: BladeID, name: String, excluded: String? = nil, cpus: Int, memory: Bytes, dom0VCPUs: Int = 1, dom0Memory: Bytes = .zero,
            linkMegabitsPerSecond: Int = 0,
            cpu: Reading, dom0CPU: Reading? = nil, memoryFree: Reading, dom0MemoryFree: Reading? = nil, outOfRequests: Reading? = nil,
            diskRequests: Reading? = nil,
            network: Reading? = nil, domains: [Domain] = []
        ) {
            self.id = id
            self.name = name
            self.excluded = excluded
            self.cpus = cpus
            self.memory = memory
            self.dom0VCPUs = dom0VCPUs
            self.dom0Memory = dom0Memory
            self.linkMegabitsPerSecond = linkMegabitsPerSecond
            self.cpu = cpu
            self.dom0CPU = dom0CPU
            self.memoryFree = memoryFree
            self.dom0MemoryFree = dom0MemoryFree
            self.outOfRequests = outOfRequests
            self.diskRequests = diskRequests
            self.network = network
            self.domains = domains
        }
    }

    public struct Domain: Hashable, Sendable, Codable {
        public var id: DomainID
        public var name: String
        public var vcpus: Int
        /// In CPUs.
        public var cpu: Reading
        /// CPUs that it wanted and did not get.
        public var ready: Reading?
        /// Times a second that its disks ran out of requests.
        public var outOfRequests: Reading?
        /// Requests of its disks a second.
        public var diskRequests: Reading?
        /// Bytes a second, the busier direction.
        public var network: Reading?

        public init(
            id: DomainID, name: String, vcpus: Int, cpu: Reading, ready: Reading? = nil, outOfRequests: Reading? = nil, diskRequests: Reading? = nil,
            network: Reading? = nil
        ) {
            self.id = id
            self.name = name
            self.vcpus = vcpus
            self.cpu = cpu
            self.ready = ready
            self.outOfRequests = outOfRequests
            self.diskRequests = diskRequests
            self.network = network
        }
    }

    /// How long it is.
    public var length: Duration
    public var blades: [Blade]

    public init(length: Duration, blades: [Blade]) {
        self.length = length
        self.blades = blades
    }
}
