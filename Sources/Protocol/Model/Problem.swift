/// A resource that blades have and domains want. Index into every `[Int64]` of a `Problem`.
public struct Resource: Hashable, Sendable, Codable {
    /// `cpu`, `memory`, `disk`, `network`.
    public var name: String
    /// Of one unit of every amount: `mCPU`, `KiB`, `KiB/s`.
    public var unit: String
    /// Counted at source and target while a domain migrates.
    public var doubledWhileMoving: Bool
    /// Capacity may never be exceeded, at any step. Otherwise exceeding it costs.
    public var hard: Bool

    public init(name: String, unit: String, doubledWhileMoving: Bool = false, hard: Bool = false) {
        self.name = name
        self.unit = unit
        self.doubledWhileMoving = doubledWhileMoving
        self.hard = hard
    }

    public static let cpu = Resource(name: "cpu", unit: "mCPU")
    public static let memory = Resource(name: "memory", unit: "KiB", doubledWhileMoving: true, hard: true)
    public static let disk = Resource(name: "disk", unit: "KiB/s")
    public static let network = Resource(name: "network", unit: "KiB/s")
    /// The order that podp itself uses; planners take any.
    public static let usual = [cpu, memory, disk, network]
}

/// What a planner is asked: an immutable, versioned snapshot of the fleet with what is wanted of it.
public struct Problem: Hashable, Sendable, Codable {
    public enum Goal: Hashable, Sendable, Codable {
        case balance
        /// Empty as many blades as can be.
        case consolidate
        /// Empty one blade.
        case evacuate(BladeID)
        /// Mend rules that are broken, with as few moves as can be, and nothing else.
        case restore
    }

    public struct Blade: Hashable, Sendable, Codable {
        public var id: BladeID
        public var name: String
        public var chassis: String
        /// What else it falls with, by kind: the name of its power domain, of the one switch module that its bridges hang on. Missing where unknown.
        public var zones: [Zone: String]
        /// By resource; what domains may have, dom0's part taken off. 0 where unknown and not to be judged.
        public var capacity: [Int64]
        /// By resource, in thousandths of the capacity: the load above which waiting begins to hurt.
        public var comfort: [Int64]
        /// Held by domains that are not in `domains` (unmanaged ones), by resource.
        public var reserved: [Int64]
        /// May receive domains.
        public var accepts: Bool
        /// In words, when it does not accept: `draining`, `held: reports 0 CPUs`, `unknown: no report for 40 s`.
        public var reason: String?
        /// Sorted.
        public var cpuFeatures: [String]
        public var bridges: [String]
        /// Paths whose domains' disks are reached here and are the same storage everywhere (serials known and equal). Sorted.
        public var sharedStorage: [String]
        /// What it draws; `nil` where nobody has measured it.
        public var power: BladePower?

        public init(
            id: BladeID, name: String, chassis: String = "", zones: [Zone: String] = [:], capacity: [Int64], comfort: [Int64], reserved: [Int64],
            accepts: Bool = true, reason: String? = nil,
            cpuFeatures: [String] = [], bridges: [String] = [], sharedStorage: [String] = [], power: BladePower? = nil
        ) {
            self.power = power
            self.id = id
            self.name = name
            self.chassis = chassis
            self.zones = zones
            self.capacity = capacity
            self.comfort = comfort
            self.reserved = reserved
            self.accepts = accepts
            self.reason = reason
            self.cpuFeatures = cpuFeatures
            self.bridges = bridges
            self.sharedStorage = sharedStorage
        }
    }

    public struct Domain: Hashable, Sendable, Codable {
        public var id: DomainID
        public var name: String
        /// Where it runs: index into `blades`.
        public var blade: Int
        /// By resource, over the window that was looked at.
        public var mean: [Int64]
        /// By resource: the 95th percentile of the same window; never below `mean`.
        public var high: [Int64]
        public var mobility: Mobility
        /// What a migration has to send.
        public var memory: Bytes
        /// Memory written per second; 0 where unknown.
        public var dirtyBytesPerSecond: UInt64
        /// Features that it may rely on: those of the blade that it was started on. Sorted.
        public var cpuFeatures: [String]
        public var bridges: [String]
        /// Paths of its disks.
        public var storage: [String]

        public init(
            id: DomainID, name: String, blade: Int, mean: [Int64], high: [Int64], mobility: Mobility = .live, memory: Bytes, dirtyBytesPerSecond: UInt64 = 0,
            cpuFeatures: [String] = [], bridges: [String] = [], storage: [String] = []
        ) {
            self.id = id
            self.name = name
            self.blade = blade
            self.mean = mean
            self.high = high
            self.mobility = mobility
            self.memory = memory
            self.dirtyBytesPerSecond = dirtyBytesPerSecond
            self.cpuFeatures = cpuFeatures
            self.bridges = bridges
            self.storage = storage
        }
    }

    public enum Mobility: Hashable, Sendable, Codable {
        case live
        /// Cannot migrate live; may be stopped for as long as this.
        case stopAndGo(downtime: Duration)
        /// Stays, and why in words.
        case fixed(reason: String)
    }

    /// Of the fleet's state that this was made from.
    public var revision: UInt64
    public var goal: Goal
    public var resources: [Resource]
    public var blades: [Blade]
    public var domains: [Domain]
    public var rules: [Rule]
    public var limits: PlanLimits

    public init(
        revision: UInt64, goal: Goal, resources: [Resource] = Resource.usual, blades: [Blade], domains: [Domain], rules: [Rule] = [],
        limits: PlanLimits = PlanLimits()
    ) {
        self.revision = revision
        self.goal = goal
        self.resources = resources
        self.blades = blades
        self.domains = domains
        self.rules = rules
        self.limits = limits
    }
}

/// What a plan may cost, and when it is not worth it.
public struct PlanLimits: Hashable, Sendable, Codable {
    public var maxMoves: Int = 64
    /// Moves side by side that one blade takes part in.
    public var movesPerBlade: Int = 1
    /// Moves side by side that leave or enter one chassis, over its uplink.
    public var movesPerUplink: Int = 4
    /// What one move gets of its blades' links.
    public var migrationBytesPerSecond: UInt64 = 100_000_000
    /// Hysteresis: a balance whose objective improves by less than this many thousandths proposes nothing.
    public var minimumGainPermille: Int = 50
    /// What blades draw counts, too; an empty one draws nothing, for it can be switched off.
    public var weighsWatts = false
    /// A budget in steps makes a planner deterministic.
    public var steps: Int = 200_000
    public var seed: UInt64 = 1

    public init() {}
}

/// Blades that fall as one: what groups are spread over or kept within, and whose loss N+1 is about.
public enum Zone: String, Hashable, Sendable, Codable, CaseIterable, CodingKeyRepresentable {
    case blade, chassis
    /// A power domain: the bays that one set of power modules feeds.
    case power
    /// A switch module that is some blades' only way to the network.
    case network
}

extension Problem.Blade {
    /// The `reason` of one that an operator drains: it runs, and would take domains again as soon as that ends.
    public static let draining = "draining"

    /// The name of what it falls with; `nil` where unknown.
    public func zone(_ kind: Zone) -> String? {
        switch kind {
        case .blade: id.description
        case .chassis: chassis.isEmpty ? nil : chassis
        case .power, .network: zones[kind].flatMap { $0.isEmpty ? nil : $0 }
        }
    }
}

/// A placement rule, as data. `PodpRules` has its checker and its sentence for people.
public struct Rule: Hashable, Sendable, Codable {
    public enum Kind: Hashable, Sendable, Codable {
        /// No two of them on one blade.
        case apart([DomainID])
        /// All of them on one blade.
        case together([DomainID])
        /// Only on these blades.
        case onlyOn([DomainID], blades: [BladeID])
        /// Never on these blades.
        case neverOn([DomainID], blades: [BladeID])
        /// In at least so many zones of the kind, or in as many as there are members.
        case spread([DomainID], over: Zone, atLeast: Int)
        /// All of them in one zone of the kind.
        case near([DomainID], within: Zone)
        /// Nobody else on the blades where they run.
        case exclusive([DomainID])
        /// N+1: whichever one zone of the kind is lost, all its domains could be restarted elsewhere.
        case survive(Zone)
    }

    public var name: String
    public var kind: Kind
    /// What each unit that it is broken by weighs, in requests that wait (the objective's unit); `nil`: it is never broken.
    public var price: Double?

    public init(name: String, kind: Kind, price: Double? = nil) {
        self.name = name
        self.kind = kind
        self.price = price
    }
}
