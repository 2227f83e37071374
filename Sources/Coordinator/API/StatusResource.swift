import PodpModel

/// The chassis as one machine: what it has, what is used, what is free, what is short.
public struct StatusResource: Documented {
    /// podp's version.
    public var version: String
    /// When this was read, by the coordinator's clock.
    public var at: Timestamp
    /// Grows with every change that people could see.
    public var revision: UInt64
    /// Number of the term that this coordinator holds; absent before it has one.
    public var term: UInt64?
    /// Present: nothing is decided, and why.
    public var readOnly: String?
    /// Present: all automation is stopped until `podp thaw`.
    public var frozen: FreezeResource?
    /// What the balancer may do by itself, for chassis without a policy of their own.
    public var balance: BalanceMode
    /// How many blades there are, by what they can do now.
    public var blades: BladeCounts
    /// How many domains there are, by what they do now.
    public var domains: DomainCounts
    /// CPU, memory, disk and network of the blades that take part, added up.
    public var resources: [ResourceUse]
    /// Memory promised to domains that run or are on their way, on blades that take part.
    public var memoryPromisedBytes: UInt64
    /// What is short, where, with the numbers that say so; worst first.
    public var shortages: [VerdictResource]
    /// What an operator should know about this fleet: unencrypted migrations, clocks that are off, incidents.
    public var notices: [NoticeResource]
    /// Operations that have not ended.
    public var operationsRunning: Int
    /// Of those, the ones whose end nobody knows yet.
    public var operationsIndeterminate: Int
    /// Reports that were refused since the coordinator's start.
    public var refusedReports: UInt64

    public init(
        version: String, at: Timestamp, revision: UInt64, term: UInt64? = nil, readOnly: String? = nil, frozen: FreezeResource? = nil,
        balance:
            BalanceMode, blades: BladeCounts, domains: DomainCounts, resources: [ResourceUse], memoryPromisedBytes: UInt64, shortages: [VerdictResource],
        notices: [NoticeResource], operationsRunning: Int, operationsIndeterminate: Int, refusedReports: UInt64
    ) {
        self.version = version
        self.at = at
        self.revision = revision
        self.term = term
        self.readOnly = readOnly
        self.frozen = frozen
        self.balance = balance
        self.blades = blades
        self.domains = domains
        self.resources = resources
        self.memoryPromisedBytes = memoryPromisedBytes
        self.shortages = shortages
        self.notices = notices
        self.operationsRunning = operationsRunning
        self.operationsIndeterminate = operationsIndeterminate
        self.refusedReports = refusedReports
    }

    public static let summary = "The chassis as one machine: what it has, what is used, what is free, what is short."
    public static let fields = [
        "version": "podp's version.",
        "at": "When this was read, by the coordinator's clock.",
        "revision": "Grows with every change that people could see.",
        "term": "Number of the term that this coordinator holds; absent before it has one.",
        "readOnly": "Present: nothing is decided, and why.",
        "frozen": "Present: all automation is stopped until `podp thaw`.",
        "balance": "What the balancer may do by itself, for chassis without a policy of their own.",
        "blades": "How many blades there are, by what they can do now.",
        "domains": "How many domains there are, by what they do now.",
        "resources": "CPU, memory, disk and network of the blades that take part, added up.",
        "memoryPromisedBytes": "Memory promised to domains that run or are on their way, on blades that take part.",
        "shortages": "What is short, where, with the numbers that say so; worst first.",
        "notices": "What an operator should know about this fleet: unencrypted migrations, clocks that are off, incidents.",
        "operationsRunning": "Operations that have not ended.",
        "operationsIndeterminate": "Of those, the ones whose end nobody knows yet.",
        "refusedReports": "Reports that were refused since the coordinator's start.",
    ]
}

/// Who stopped all automation, when and why.
public struct FreezeResource: Documented {
    /// Who.
    public var by: String
    /// When.
    public var at: Timestamp
    /// Why; empty when no reason was given.
    public var reason: String

    public init(by: String, at: Timestamp, reason: String) {
        self.by = by
        self.at = at
        self.reason = reason
    }

    public static let summary = "Who stopped all automation, when and why."
    public static let fields = [
        "by": "Who.",
        "at": "When.",
        "reason": "Why; empty when no reason was given.",
    ]
}

/// Blades, counted. A blade can be counted under more than one state.
public struct BladeCounts: Documented {
    /// All blades that are enrolled.
    public var total: Int
    /// Their agent answers.
    public var connected: Int
    /// Their agent does not answer: their domains may run on.
    public var unknown: Int
    /// Their certificates were revoked.
    public var revoked: Int
    /// Nothing is planned on them.
    public var held: Int
    /// They take no new domains.
    public var draining: Int

    public init(total: Int, connected: Int, unknown: Int, revoked: Int, held: Int, draining: Int) {
        self.total = total
        self.connected = connected
        self.unknown = unknown
        self.revoked = revoked
        self.held = held
        self.draining = draining
    }

    public static let summary = "Blades, counted. A blade can be counted under more than one state."
    public static let fields = [
        "total": "All blades that are enrolled.",
        "connected": "Their agent answers.",
        "unknown": "Their agent does not answer: their domains may run on.",
        "revoked": "Their certificates were revoked.",
        "held": "Nothing is planned on them.",
        "draining": "They take no new domains.",
    ]
}

/// Domains, counted. A domain can be counted under more than one state.
public struct DomainCounts: Documented {
    /// Managed and unmanaged.
    public var total: Int
    /// Created or adopted by podp.
    public var managed: Int
    /// Shown and counted, never touched.
    public var unmanaged: Int
    /// Their vCPUs run.
    public var running: Int
    /// Their blade does not answer.
    public var unknown: Int
    /// Automation leaves them alone until an operator releases them.
    public var held: Int

    public init(total: Int, managed: Int, unmanaged: Int, running: Int, unknown: Int, held: Int) {
        self.total = total
        self.managed = managed
        self.unmanaged = unmanaged
        self.running = running
        self.unknown = unknown
        self.held = held
    }

    public static let summary = "Domains, counted. A domain can be counted under more than one state."
    public static let fields = [
        "total": "Managed and unmanaged.",
        "managed": "Created or adopted by podp.",
        "unmanaged": "Shown and counted, never touched.",
        "running": "Their vCPUs run.",
        "unknown": "Their blade does not answer.",
        "held": "Automation leaves them alone until an operator releases them.",
    ]
}

/// One resource's capacity and use over the planning window. Amounts are in `unit`.
public struct ResourceUse: Documented {
    /// `cpu`, `memory`, `disk` or `network`.
    public var resource: String
    /// `mCPU` (thousandths of a processor), `KiB` or `KiB/s`.
    public var unit: String
    /// What domains may have; absent when it is not known.
    public var capacity: Int64?
    /// Used on average.
    public var mean: Int64
    /// Used at the 95th percentile; for the fleet the sum of the blades' own.
    public var high: Int64
    /// Capacity less the mean, not below 0; absent when the capacity is not known.
    public var free: Int64?

    public init(resource: String, unit: String, capacity: Int64? = nil, mean: Int64, high: Int64, free: Int64? = nil) {
        self.resource = resource
        self.unit = unit
        self.capacity = capacity
        self.mean = mean
        self.high = high
        self.free = free
    }

    public static let summary = "One resource's capacity and use over the planning window. Amounts are in `unit`."
    public static let fields = [
        "resource": "`cpu`, `memory`, `disk` or `network`.",
        "unit": "`mCPU` (thousandths of a processor), `KiB` or `KiB/s`.",
        "capacity": "What domains may have; absent when it is not known.",
        "mean": "Used on average.",
        "high": "Used at the 95th percentile; for the fleet the sum of the blades' own.",
        "free": "Capacity less the mean, not below 0; absent when the capacity is not known.",
    ]
}

/// What is short, where, with the numbers that say so.
public struct VerdictResource: Documented {
    /// `cpu`, `memory`, `disk`, `network`; `survival`: a loss that is to be survived could not be borne (N+1); empty when it is none of them.
    public var resource: String
    /// The blade; absent when it is the whole fleet.
    public var blade: BladeID?
    /// Its name.
    public var bladeName: String?
    /// How bad it is.
    public var severity: Severity
    /// In words and numbers.
    public var sentence: String

    public init(resource: String, blade: BladeID? = nil, bladeName: String? = nil, severity: Severity, sentence: String) {
        self.resource = resource
        self.blade = blade
        self.bladeName = bladeName
        self.severity = severity
        self.sentence = sentence
    }

    public static let summary = "What is short, where, with the numbers that say so."
    public static let fields = [
        "resource": "`cpu`, `memory`, `disk`, `network`; `survival`: a loss that is to be survived could not be borne (N+1); empty when it is none of them.",
        "blade": "The blade; absent when it is the whole fleet.",
        "bladeName": "Its name.",
        "severity": "How bad it is.",
        "sentence": "In words and numbers.",
    ]
}

/// Something that an operator should know.
public struct NoticeResource: Documented {
    /// Short and stable, for scripts: `migration-not-encrypted`.
    public var code: String
    /// How bad it is.
    public var severity: Severity
    /// In words.
    public var sentence: String
    /// What to do; empty when there is nothing to do.
    public var remedy: String

    public init(code: String, severity: Severity, sentence: String, remedy: String) {
        self.code = code
        self.severity = severity
        self.sentence = sentence
        self.remedy = remedy
    }

    public static let summary = "Something that an operator should know."
    public static let fields = [
        "code": "Short and stable, for scripts: `migration-not-encrypted`.",
        "severity": "How bad it is.",
        "sentence": "In words.",
        "remedy": "What to do; empty when there is nothing to do.",
    ]
}

/// How bad something is.
public enum Severity: String, StringChoice { case note, info, warning, critical }

/// What the balancer may do by itself.
public enum BalanceMode: String, StringChoice {
    /// Plans only when asked.
    case manual
    /// Plans by itself and shows what it would do.
    case advise
    /// Plans and applies by itself.
    case automatic
}
