import PodpModel

/// The fleet as everybody outside the core sees it: committed state, and what the blades reported. An immutable snapshot.
public struct FleetView: Sendable {
    /// Grows with every change that people could see.
    public var revision: UInt64 = 0
    public var at: Moment
    public var term: Term?
    /// Set: nothing is decided, and why in words.
    public var readOnly: String?
    public var settings = Settings()
    /// Sorted by name, then id.
    public var blades: [BladeView] = []
    /// Managed and unmanaged, sorted by name, then id.
    public var domains: [DomainView] = []
    /// Newest first; ended ones are kept for a while.
    public var operations: [OperationView] = []
    /// Newest first.
    public var plans: [PlanRecord] = []
    /// Sorted by name.
    public var chassis: [ChassisView] = []
    /// Requests for power, newest first; ended ones are kept for a while.
    public var power: [PowerRecord] = []
    public var powerFigures = PowerFigures()
    public var apiTokens: [APIToken] = []
    public var enrolmentTokens: [EnrolmentToken] = []
    /// Reports refused since the start, and why the last one was.
    public var refusedReports: UInt64 = 0

    public init(at: Moment) { self.at = at }
}

public struct BladeView: Sendable {
    public enum Link: Hashable, Sendable {
        case connected(since: WallTime)
        /// No agent answers. Its domains may run on: unknown is not dead.
        case unknown(since: WallTime)
        case revoked
    }

    public var record: BladeRecord
    public var link: Link
    public var hello: Hello?
    public var inventory: Inventory?
    public var report: Report?
    /// Since the last report was received, at the view's moment; `nil`: none was.
    public var reportAge: Duration?
    /// The blade's wall clock minus the coordinator's, when it said hello.
    public var clockOffset: Duration?
    /// Why nothing is planned on it, in words; `nil`: it takes part.
    public var held: String?
    /// Findings of the agent and of the coordinator (clock).
    public var findings: [Finding]
    /// Over the planning window, by `Resource.usual`: mean and 95th percentile of use, and the capacity without dom0.
    public var mean: [Int64]
    public var high: [Int64]
    public var capacity: [Int64]
    /// Promised to domains that run here or are on their way here.
    public var memoryPromised: Bytes

    public init(
        record: BladeRecord, link: Link, hello: Hello?, inventory: Inventory?, report: Report?, reportAge: Duration?, clockOffset: Duration?, held: String?,
        findings: [Finding], mean: [Int64], high: [Int64], capacity: [Int64], memoryPromised: Bytes
    ) {
        self.record = record
        self.link = link
        self.hello = hello
        self.inventory = inventory
        self.report = report
        self.reportAge = reportAge
        self.clockOffset = clockOffset
        self.held = held
        self.findings = findings
        self.mean = mean
        self.high = high
        self.capacity = capacity
        self.memoryPromised = memoryPromised
    }

    public var name: String { record.identity.name }
}

public struct DomainView: Sendable {
    public var id: DomainID
    public var name: String
    /// `nil`: unmanaged; shown and counted, never moved.
    public var managed: ManagedDomain?
    /// The blade that has it; of a managed domain whose blade does not answer, the one that had it last.
    public var blade: BladeID?
    public var bladeName: String?
    /// As its blade says; `.unknown` when the blade does not answer.
    public var state: DomainState
    /// Its blade's word; `nil` when no blade tells of it.
    public var inventory: DomainInventory?
    public var sample: DomainSample?
    /// By `Resource.usual`, over the planning window.
    public var mean: [Int64]
    public var high: [Int64]
    /// The operation that is under way on it.
    public var operation: OperationID?
    /// Differences between podp's definition and the blade's domain, as sentences.
    public var drift: [String]
    /// Every blade that says it has this domain defined or running, when it is more than one.
    public var alsoOn: [BladeID]

    public init(
        id: DomainID, name: String, managed: ManagedDomain?, blade: BladeID?, bladeName: String?, state: DomainState, inventory: DomainInventory?,
        sample: DomainSample?, mean: [Int64], high: [Int64], operation: OperationID?, drift: [String], alsoOn: [BladeID]
    ) {
        self.id = id
        self.name = name
        self.managed = managed
        self.blade = blade
        self.bladeName = bladeName
        self.state = state
        self.inventory = inventory
        self.sample = sample
        self.mean = mean
        self.high = high
        self.operation = operation
        self.drift = drift
        self.alsoOn = alsoOn
    }
}

public struct OperationView: Sendable {
    public var record: OperationRecord
    public var bladeName: String
    public var destinationName: String?
    /// The latest word of its blade, while it runs.
    public var progress: Progress?

    public init(record: OperationRecord, bladeName: String, destinationName: String?, progress: Progress?) {
        self.record = record
        self.bladeName = bladeName
        self.destinationName = destinationName
        self.progress = progress
    }
}
