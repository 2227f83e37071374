import PodpModel

/// Something that podp does to a domain, from its decision to its end.
public struct OperationResource: Documented {
    /// The term's id and the place in that term.
    public var id: OperationID
    /// `start`, `shutdown`, `destroy`, `pause`, `resume`, `reboot`, `set-memory`, `set-vcpus`, `migrate`, `define`, `undefine`.
    public var action: String
    /// Of a migration: whether the domain runs on meanwhile.
    public var live: Bool?
    /// The domain.
    public var domain: DomainID
    /// Its name.
    public var domainName: String
    /// The blade that does it.
    public var blade: BladeID
    /// That blade's name.
    public var bladeName: String
    /// Of a migration: where to.
    public var destination: BladeID?
    /// That blade's name.
    public var destinationName: String?
    /// How it stands.
    public var state: OperationPhase
    /// Why it failed, or why nobody knows.
    public var reason: String?
    /// Who wanted it.
    public var by: String
    /// The plan whose move this is.
    public var plan: String?
    /// When it was decided.
    public var startedAt: Timestamp
    /// When it ended.
    public var endedAt: Timestamp?
    /// How far it is, while it runs.
    public var progress: ProgressResource?

    public init(
        id: OperationID, action: String, live: Bool? = nil, domain: DomainID, domainName: String, blade: BladeID, bladeName: String,
        destination:
            BladeID? = nil, destinationName: String? = nil, state: OperationPhase, reason: String? = nil, by: String, plan: String? = nil,
        startedAt:
            Timestamp, endedAt: Timestamp? = nil, progress: ProgressResource? = nil
    ) {
        self.id = id
        self.action = action
        self.live = live
        self.domain = domain
        self.domainName = domainName
        self.blade = blade
        self.bladeName = bladeName
        self.destination = destination
        self.destinationName = destinationName
        self.state = state
        self.reason = reason
        self.by = by
        self.plan = plan
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.progress = progress
    }

    public static let summary = "Something that podp does to a domain, from its decision to its end."
    public static let fields = [
        "id": "The term's id and the place in that term.",
        "action": "`start`, `shutdown`, `destroy`, `pause`, `resume`, `reboot`, `set-memory`, `set-vcpus`, `migrate`, `define`, `undefine`.",
        "live": "Of a migration: whether the domain runs on meanwhile.",
        "domain": "The domain.",
        "domainName": "Its name.",
        "blade": "The blade that does it.",
        "bladeName": "That blade's name.",
        "destination": "Of a migration: where to.",
        "destinationName": "That blade's name.",
        "state": "How it stands.",
        "reason": "Why it failed, or why nobody knows.",
        "by": "Who wanted it.",
        "plan": "The plan whose move this is.",
        "startedAt": "When it was decided.",
        "endedAt": "When it ended.",
        "progress": "How far it is, while it runs.",
    ]
}

/// How far an operation is, by its blade's latest word.
public struct ProgressResource: Documented {
    /// Sent.
    public var doneBytes: UInt64
    /// To be sent; grows when the guest writes its memory.
    public var remainingBytes: UInt64
    /// Since it began.
    public var elapsedSeconds: Double

    public init(doneBytes: UInt64, remainingBytes: UInt64, elapsedSeconds: Double) {
        self.doneBytes = doneBytes
        self.remainingBytes = remainingBytes
        self.elapsedSeconds = elapsedSeconds
    }

    public static let summary = "How far an operation is, by its blade's latest word."
    public static let fields = [
        "doneBytes": "Sent.",
        "remainingBytes": "To be sent; grows when the guest writes its memory.",
        "elapsedSeconds": "Since it began.",
    ]
}

/// What was begun or done.
public struct Receipt: Documented {
    /// Operations that were begun and end by themselves; empty when it is done already.
    public var operations: [OperationID]
    /// The domain that was created or adopted.
    public var domain: DomainID?
    /// What the coordinator did not take over from a flat file, and the like.
    public var warnings: [String]

    public init(operations: [OperationID], domain: DomainID? = nil, warnings: [String]) {
        self.operations = operations
        self.domain = domain
        self.warnings = warnings
    }

    public static let summary = "What was begun or done."
    public static let fields = [
        "operations": "Operations that were begun and end by themselves; empty when it is done already.",
        "domain": "The domain that was created or adopted.",
        "warnings": "What the coordinator did not take over from a flat file, and the like.",
    ]
}

/// How an operation stands.
public enum OperationPhase: String, StringChoice {
    case running, succeeded, failed
    /// Nobody knows its end yet: podp waits for both blades to tell what they have.
    case indeterminate
}
