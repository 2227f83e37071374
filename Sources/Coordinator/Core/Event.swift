import PodpModel

/// When something happened: monotonic for deciding, wall for people and certificates.
public struct Moment: Hashable, Sendable, Codable {
    public var instant: Instant
    public var wall: WallTime

    public init(instant: Instant, wall: WallTime) {
        self.instant = instant
        self.wall = wall
    }
}

/// A connection of an agent. Numbers are never used again within a run.
public struct LinkID: Hashable, Comparable, Sendable, Codable {
    public var number: UInt64
    public init(_ number: UInt64) { self.number = number }
    public static func < (a: LinkID, b: LinkID) -> Bool { a.number < b.number }
}

/// A question that waits for an `Effect.answer`. Numbers are never used again within a run.
public struct RequestID: Hashable, Comparable, Sendable, Codable {
    public var number: UInt64
    public init(_ number: UInt64) { self.number = number }
    public static func < (a: RequestID, b: RequestID) -> Bool { a.number < b.number }
}

/// Everything that happens to the coordinator.
public enum Event: Sendable, Codable {
    /// The first event of a run, once: all records of the Store, and a random id for the new term.
    case loaded([Record], newTermID: ID128)
    /// A peer proved to be this blade (certificate's SAN) and sent this hello. `certificate`: its serial, hexadecimal.
    case connected(LinkID, blade: BladeID, certificate: String, Hello)
    case received(LinkID, AgentMessage)
    /// The link is closed, whoever closed it.
    case disconnected(LinkID, reason: String)
    case committed(batch: UInt64)
    /// The batch is not stored and never will be: `permanent`, or another coordinator's term is in the store.
    case commitFailed(batch: UInt64, reason: String)
    /// The planner's answer to `Effect.plan`.
    case planned(ticket: UInt64, Plan)
    /// The certificate authority's answer to `Effect.sign`: a chain in PEM, or why not.
    case signed(ticket: UInt64, SigningResult)
    case request(RequestID, Request, by: Actor)
    /// From whoever speaks to the chassis of this name.
    case chassis(String, ChassisNews)
    /// The moment that `Effect.arm` asked for has come.
    case timer
}

public enum SigningResult: Hashable, Sendable, Codable {
    case certificate(chain: String, authorities: String, serial: String, notAfter: WallTime)
    case refused(reason: String)
}

/// Who asked, as the audit log shows it.
public struct Actor: Hashable, Sendable, Codable {
    /// `uid 1000 (anna)`, `token grafana`, `blade 8cb6…`, `podp`.
    public var name: String
    public var mayOperate: Bool

    public init(name: String, mayOperate: Bool) {
        self.name = name
        self.mayOperate = mayOperate
    }

    /// podp's own automation.
    public static let automation = Actor(name: "podp", mayOperate: true)
}

/// Everything that the coordinator wants done. Effects of one `handle` are performed in order.
public enum Effect: Hashable, Sendable, Codable {
    case send(LinkID, CoordinatorMessage)
    /// Close the link; a `refused` message was sent before where the peer should know why.
    case close(LinkID, reason: String)
    /// Ends as `committed` or `commitFailed`. Batches are stored in the order of their ids.
    case commit(Batch)
    /// Plan on this snapshot, off the core's thread; ends as `planned`.
    case plan(ticket: UInt64, Problem)
    /// Sign a blade's certificate request (PEM); ends as `signed`. The subject and SANs are made from `blade` and `addresses`, not from the request.
    case sign(ticket: UInt64, request: String, blade: BladeIdentity, addresses: [String])
    /// Tell these agents which of the blades' certificates are revoked (serials in hexadecimal): sign a list of them, and send it.
    case revocations([LinkID], serials: [String])
    case answer(RequestID, Answer)
    /// For whoever speaks to the chassis of this name, in order.
    case chassis(String, ChassisOrder)
    /// Send `timer` at this instant; replaces the one armed before.
    case arm(Instant)
    /// Into the audit log, and to everybody who follows events.
    case audit(AuditEntry)
    /// A checked sample, for History and metrics.
    case sample(BladeID, Report)
    /// This process may not decide any more: log it, stop, let the service be restarted.
    case stop(reason: String)
}

/// A line of `podp events`.
public struct AuditEntry: Hashable, Sendable, Codable {
    public enum Severity: String, Hashable, Sendable, Codable, CaseIterable { case info, warning, critical }

    public var at: WallTime
    public var severity: Severity
    /// Short and stable, for scripts: `blade-connected`, `operation-ended`, `plan-proposed`.
    public var kind: String
    public var by: String
    public var blade: BladeID?
    public var domain: DomainID?
    public var operation: OperationID?
    public var sentence: String

    public init(
        at: WallTime, severity: Severity = .info, kind: String, by: String = "podp", blade: BladeID? = nil, domain: DomainID? = nil,
        operation: OperationID? = nil,
        sentence: String
    ) {
        self.at = at
        self.severity = severity
        self.kind = kind
        self.by = by
        self.blade = blade
        self.domain = domain
        self.operation = operation
        self.sentence = sentence
    }
}
