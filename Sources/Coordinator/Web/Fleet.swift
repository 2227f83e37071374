import PodpAPI
import PodpCore
import PodpModel

/// All that the web knows of the world. The daemon implements it over the core, the Store and the History; tests implement it in memory.
///
/// Every function may be called from many tasks at once. None may block a thread of the cooperative pool.
public protocol Fleet: Sendable {
    /// The committed state, as the core sees it now.
    func view() async -> FleetView
    /// What is short in a view, worst first; before that which losses could not be borne, where some are to be survived.
    func verdicts(of view: FleetView) async -> [Verdict]
    /// The tokens of the API. Asked with every request that carries one: must not cost a whole view.
    func apiTokens() async -> [APIToken]
    /// Whether an operator stopped all automation. Asked with every request: must not cost a whole view.
    func isFrozen() async -> Bool
    /// Asks the core. Returns when the answer is durable.
    func ask(_ request: Request, by actor: Actor) async -> Answer
    /// Reads an xl flat file; `file` is its name, for messages. Throws a fault with every problem's line and column.
    /// `replaces`: the definition takes over the UUID of podp's domain of that name, and the MAC addresses that the file does not say.
    func definition(flatFile text: String, file: String, replaces: Bool) async throws(Fault) -> ReadDefinition
    /// Takes an unmanaged domain under podp's care: describes it, reads what libvirt says, and asks the core.
    func adopt(_ domain: DomainID, on blade: BladeID, by actor: Actor) async -> Answer
    /// Makes a one-time token for a blade's enrolment, and its text: the addresses to enrol at, the authority's SHA-256, expiry and secret.
    func makeBladeToken(_ order: BladeTokenOrder, lifetime: Duration, by actor: Actor) async throws(Fault) -> BladeTokenSecret
    /// Reads a chassis' URL, and looks at its secrets' file. Throws a fault that says what is wrong with either.
    func chassis(_ addition: ChassisAddition, by actor: Actor) async throws(Fault) -> ChassisRecord
    /// How fast what is used has grown, by resource, where History has some days of it.
    func growth() async -> [Growth]
    /// Lines of the audit log that the query asks for, oldest first, at most its `limit`. Throws when History does not answer.
    func audit(_ query: AuditQuery) async throws(Fault) -> [AuditLine]
    /// The id of the newest line, whenever there is a newer one that `audit` finds. A wake-up, not the lines: bounded to the newest one
    /// (`.bufferingNewest(1)`), so that a slow reader holds nothing and loses nothing. Ends when the daemon stops.
    func auditChanges() async -> AsyncStream<Int64>
}

/// A flat file that was read.
public struct ReadDefinition: Hashable, Sendable {
    public var definition: DomainDefinition
    /// Keys that podp does not take over, and the like, in words.
    public var warnings: [String]

    public init(_ definition: DomainDefinition, warnings: [String] = []) {
        self.definition = definition
        self.warnings = warnings
    }
}

/// Which lines of the audit log are wanted.
public struct AuditQuery: Hashable, Sendable {
    /// Lines after this one. `nil`: the newest `limit` lines.
    public var after: Int64?
    public var blade: BladeID?
    public var domain: DomainID?
    /// Lines of exactly this kind.
    public var kind: String?
    /// Lines of this severity and worse.
    public var severity: AuditEntry.Severity?
    public var limit: Int

    public init(
        after: Int64? = nil, blade: BladeID? = nil, domain: DomainID? = nil, kind: String? = nil, severity: AuditEntry.Severity? = nil, limit: Int = 100
    ) {
        self.after = after
        self.blade = blade
        self.domain = domain
        self.kind = kind
        self.severity = severity
        self.limit = limit
    }
}

/// A line of the audit log, and its id: it grows with every line and is never used twice.
public struct AuditLine: Hashable, Sendable {
    public var id: Int64
    public var entry: AuditEntry

    public init(id: Int64, entry: AuditEntry) {
        self.id = id
        self.entry = entry
    }
}
