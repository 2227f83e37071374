import PodpModel

/// One durable thing that the coordinator knows. The Store keeps the latest version of each, by key.
public enum Record: Hashable, Sendable, Codable {
    case term(TermRecord)
    case settings(Settings)
    case blade(BladeRecord)
    case enrolmentToken(EnrolmentToken)
    case apiToken(APIToken)
    case domain(ManagedDomain)
    case operation(OperationRecord)
    case plan(PlanRecord)
    case chassis(ChassisRecord)
    case power(PowerRecord)
    case restored(RestoredMark)
    case removedBlade(RemovedBlade)

    /// Unique among all records: `domain/8cb6f79b-…`.
    public var key: RecordKey {
        switch self {
        case .term: "term"
        case .settings: "settings"
        case .blade(let record): "blade/\(record.id)"
        case .enrolmentToken(let record): "enrolment-token/\(record.secretHash)"
        case .apiToken(let record): "api-token/\(record.name)"
        case .domain(let record): "domain/\(record.id)"
        case .operation(let record): "operation/\(record.id)"
        case .plan(let record): "plan/\(record.id)"
        case .chassis(let record): "chassis/\(record.name)"
        case .power(let record): "power/\(record.id)"
        case .restored: "restored"
        case .removedBlade(let record): "removed-blade/\(record.id)"
        }
    }
}

public typealias RecordKey = String

/// A change of the durable state: all of it or nothing. At most 100 records and 1 MiB.
public struct Batch: Hashable, Sendable, Codable {
    /// Unique within the term; a batch that is asked for again has the same id and content.
    public var id: UInt64
    public var term: Term
    public var puts: [Record]
    public var deletes: [RecordKey]

    public init(id: UInt64, term: Term, puts: [Record] = [], deletes: [RecordKey] = []) {
        self.id = id
        self.term = term
        self.puts = puts
        self.deletes = deletes
    }
}

/// The term that this store's coordinator holds, or last held.
public struct TermRecord: Hashable, Sendable, Codable {
    public var term: Term

    public init(term: Term) { self.term = term }
}

/// Put into a store that was restored from a backup, by `podp-coordinator restore`; taken away by `podp-coordinator recover`.
public struct RestoredMark: Hashable, Sendable, Codable {
    public var at: WallTime
    /// The backup's file.
    public var from: String

    public init(at: WallTime, from: String) {
        self.at = at
        self.from = from
    }
}

/// What stays known of a blade that was removed: certificates of it that have not expired, worth nothing from then on.
public struct RemovedBlade: Hashable, Sendable, Codable {
    public var id: BladeID
    public var name: String
    public var certificates: [BladeRecord.Certificate]

    public init(id: BladeID, name: String, certificates: [BladeRecord.Certificate]) {
        self.id = id
        self.name = name
        self.certificates = certificates
    }
}

/// What the balancer may do by itself.
public enum BalancePolicy: String, Hashable, Sendable, Codable, CaseIterable {
    /// Plans only when asked.
    case manual
    /// Plans by itself, and shows what it would do.
    case advise
    /// Plans and applies by itself.
    case automatic
}

/// Fleet-wide settings.
public struct Settings: Hashable, Sendable, Codable {
    public struct Freeze: Hashable, Sendable, Codable {
        public var by: String
        public var at: WallTime
        public var reason: String

        public init(by: String, at: WallTime, reason: String) {
            self.by = by
            self.at = at
            self.reason = reason
        }
    }

    public struct ChassisPolicy: Hashable, Sendable, Codable {
        public var chassis: String
        public var balance: BalancePolicy

        public init(chassis: String, balance: BalancePolicy) {
            self.chassis = chassis
            self.balance = balance
        }
    }

    /// For chassis that are not in `chassis`.
    public var balance: BalancePolicy = .advise
    public var chassis: [ChassisPolicy] = []
    /// Set: no automation at all, until thawed.
    public var frozen: Freeze?
    /// A balance must improve the objective by this many thousandths.
    public var minimumGainPermille: Int = 50
    /// Automatic moves in any hour, over the whole fleet.
    public var maxMovesPerHour: Int = 60
    /// N+1: zones whose loss is to be borne. Optional, because what an older podp stored lacks it.
    public var survive: [Survive]?

    /// Zones of one kind whose loss is to be borne: always, or as a wish with its price.
    public struct Survive: Hashable, Sendable, Codable {
        public var zone: Zone
        public var price: Double?

        public init(zone: Zone, price: Double? = nil) {
            self.zone = zone
            self.price = price
        }
    }

    public init() {}
}

/// A blade that was enrolled.
public struct BladeRecord: Hashable, Sendable, Codable {
    public struct Certificate: Hashable, Sendable, Codable {
        /// Hexadecimal, as the certificate has it.
        public var serial: String
        public var notAfter: WallTime

        public init(serial: String, notAfter: WallTime) {
            self.serial = serial
            self.notAfter = notAfter
        }
    }

    public var id: BladeID
    public var identity: BladeIdentity
    public var chassis: String
    public var bay: Int?
    public var enrolledAt: WallTime
    /// Oldest first: all that have not expired, and the last few that have, so that a blade that slept can renew.
    public var certificates: [Certificate]
    /// Those that were revoked and have not expired: worth nothing, also when the blade is enrolled again. `nil`: none (records of podp before 0.2).
    public var revokedCertificates: [Certificate]?
    public var revoked: Bool = false
    /// Takes no new domains, and balance does not count on it.
    public var draining: Bool = false
    /// Set: automation leaves this blade alone until an operator releases it. Why, in words.
    public var held: String?
    /// What its disks do together, as an operator has measured it; `nil`: no limit is known (also: records of podp before 0.3).
    public var diskMebibytesPerSecond: Int?
    /// The switch module that its domains' network goes through, as an operator says: no chassis tells. `nil`: not known.
    public var switchModule: String?

    public init(id: BladeID, identity: BladeIdentity, chassis: String = "", bay: Int? = nil, enrolledAt: WallTime, certificates: [Certificate] = []) {
        self.id = id
        self.identity = identity
        self.chassis = chassis
        self.bay = bay
        self.enrolledAt = enrolledAt
        self.certificates = certificates
    }
}

/// A one-time token for a blade's enrolment. The secret itself is nowhere: only its SHA-256.
public struct EnrolmentToken: Hashable, Sendable, Codable {
    /// Lower-case hexadecimal.
    public var secretHash: String
    public var expires: WallTime
    public var createdBy: String
    /// For people: which blade it was meant for.
    public var note: String
    public var chassis: String
    public var bay: Int?

    public init(secretHash: String, expires: WallTime, createdBy: String, note: String = "", chassis: String = "", bay: Int? = nil) {
        self.secretHash = secretHash
        self.expires = expires
        self.createdBy = createdBy
        self.note = note
        self.chassis = chassis
        self.bay = bay
    }
}

/// A bearer token for the API. Only its SHA-256 is kept.
public struct APIToken: Hashable, Sendable, Codable {
    public enum Role: String, Hashable, Sendable, Codable, CaseIterable { case read, operate }

    public var name: String
    /// Lower-case hexadecimal.
    public var hash: String
    public var role: Role
    public var createdAt: WallTime
    public var expires: WallTime?

    public init(name: String, hash: String, role: Role, createdAt: WallTime, expires: WallTime?) {
        self.name = name
        self.hash = hash
        self.role = role
        self.createdAt = createdAt
        self.expires = expires
    }
}

/// A domain that podp created or adopted.
public struct ManagedDomain: Hashable, Sendable, Codable {
    public enum Wish: String, Hashable, Sendable, Codable { case running, off }

    public var definition: DomainDefinition
    /// The blade that has it, or had it last.
    public var blade: BladeID?
    public var wish: Wish
    /// Set: automation and plans leave it alone until an operator releases it. Why, in words.
    public var held: String?
    /// When it was last moved; for hysteresis.
    public var movedAt: WallTime?
    /// When a move of it last failed; automation does not try again at once.
    public var moveFailedAt: WallTime?

    public init(definition: DomainDefinition, blade: BladeID?, wish: Wish) {
        self.definition = definition
        self.blade = blade
        self.wish = wish
    }

    public var id: DomainID { definition.id }
}

/// An operation, from its decision to its end.
public struct OperationRecord: Hashable, Sendable, Codable {
    public enum State: Hashable, Sendable, Codable {
        /// Decided; the blade has not ended it.
        case running
        case succeeded
        case failed(reason: String)
        /// Waiting for both ends to tell what they have.
        case indeterminate(reason: String)

        public var isEnded: Bool {
            switch self {
            case .running, .indeterminate: false
            case .succeeded, .failed: true
            }
        }
    }

    public var id: OperationID
    /// What was commanded; `libvirtXML` is left out (empty) in the record.
    public var action: Action
    public var domain: DomainID
    public var domainName: String
    public var blade: BladeID
    public var state: State
    /// The operator, or `podp: balance`.
    public var by: String
    public var startedAt: WallTime
    public var endedAt: WallTime?
    /// The plan whose move this is.
    public var plan: String?
    /// The domain was paused by an operator before it began: a resolution leaves it so.
    public var wasPaused: Bool = false
    /// The boot of the blade that it was sent to: another boot cannot have ended it.
    public var bladeBoot: ID128?
    /// The indeterminate operation that this one resolves.
    public var resolves: OperationID?
    /// It undefines an old copy that is off, or destroys one copy of two, away from the domain's home; the domain is not busy with it. `nil`: no (records of podp before 0.3).
    public var clearsCopy: Bool?

    public init(
        id: OperationID, action: Action, domain: DomainID, domainName: String, blade: BladeID, state: State, by: String, startedAt: WallTime,
        plan: String? = nil,
        wasPaused: Bool = false
    ) {
        self.id = id
        self.action = action
        self.domain = domain
        self.domainName = domainName
        self.blade = blade
        self.state = state
        self.by = by
        self.startedAt = startedAt
        self.plan = plan
        self.wasPaused = wasPaused
    }

    /// It does not make its domain busy: the end of another one, or tidying up.
    public var isAside: Bool { resolves != nil || clearsCopy == true }

    /// The other blade of a migration.
    public var destination: BladeID? {
        // Swift 6.3.1's optimiser aborts where this is inlined (CopyPropagation, "Found outside of lifetime use").
        @inline(never) get { if case .migrate(let migration) = action { migration.destination } else { nil } }
    }
}

/// A plan that was shown, and how far it was carried out.
public struct PlanRecord: Hashable, Sendable, Codable {
    public enum State: Hashable, Sendable, Codable {
        case proposed
        case applying(wave: Int)
        case done
        /// Ended before its end, and why.
        case stopped(reason: String)
    }

    /// Short hash of the content.
    public var id: String
    public var plan: Plan
    public var certificate: Certificate
    public var state: State
    public var createdAt: WallTime
    public var by: String
    /// By move; `nil`: not begun.
    public var operations: [OperationID?]
    /// Hard N+1 was a wish to it, and is while it is carried out.
    public var despitePolicy: Bool?

    public init(id: String, plan: Plan, certificate: Certificate, state: State = .proposed, createdAt: WallTime, by: String) {
        self.id = id
        self.plan = plan
        self.certificate = certificate
        self.state = state
        self.createdAt = createdAt
        self.by = by
        self.operations = Array(repeating: nil, count: plan.moves.count)
    }
}
