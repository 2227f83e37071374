import PodpModel
import PodpPower

/// A chassis that podp watches and may switch.
public struct ChassisRecord: Hashable, Sendable, Codable {
    /// The label of the blade that a bay had when it was last looked at.
    public struct Seat: Hashable, Sendable, Codable {
        public var bay: Int
        public var uuid: ID128?
        public var serial: String?
        /// Of its interfaces; `nil`: they were not stored.
        public var macs: [String]?
        /// The enrolled blade that it is.
        public var blade: BladeID?

        public init(bay: Int, uuid: ID128?, serial: String?, macs: [String]? = nil, blade: BladeID?) {
            self.bay = bay
            self.uuid = uuid
            self.serial = serial
            self.macs = macs
            self.blade = blade
        }
    }

    /// Unique; also what policies and blades name.
    public var name: String
    /// `amm+snmpv3://podp@192.0.2.10?auth=sha&priv=aes`. SNMP v1's has its community in it: `address` is for showing.
    public var url: String
    /// The URL without what opens the chassis.
    public var address: String
    /// Where the coordinator's host keeps what opens it; the file's content is never stored here.
    public var secretFile: String?
    /// Must say "off" too before podp relies on it.
    public var secondSources: [PowerSource.Kind] = []
    /// The Switched PDUs whose outlets feed its bays, each its own: `pdu+snmpv3://podp@192.0.2.11?bay1=3,4`; cut with the blade.
    public var feeds: String?
    /// Where the coordinator's host keeps what opens them.
    public var feedSecretFile: String?
    public var addedAt: WallTime
    public var addedBy: String
    /// By bay, those that have a blade.
    public var seats: [Seat] = []
    /// The newest lines of its event log that were told, newest first; at most four. `nil`: none yet.
    public var newestLog: [ChassisLogEntry]?
    /// The chassis that answers at this address is watched under that name already: nothing in it is matched, and nothing switched, by this one.
    public var sameAs: String?

    public init(name: String, url: String, address: String, secretFile: String? = nil, addedAt: WallTime, addedBy: String) {
        self.name = name
        self.url = url
        self.address = address
        self.secretFile = secretFile
        self.addedAt = addedAt
        self.addedBy = addedBy
    }
}

/// A blade that was to be switched, and what came of it.
public struct PowerRecord: Hashable, Sendable, Codable {
    public enum State: Hashable, Sendable, Codable {
        case running
        /// Read back; `requested`: it took a request, it was not so already.
        case confirmed(PowerState, requested: Bool)
        case refused(PowerRefusal)
        /// Nobody can say what the blade does; why, in words.
        case unknown(reason: String)

        public var isEnded: Bool { self != .running }
    }

    public var id: OperationID
    public var chassis: String
    public var bay: Int
    public var blade: BladeID
    public var bladeName: String
    public var request: PowerRequest
    public var state: State
    public var by: String
    public var startedAt: WallTime
    public var endedAt: WallTime?
    /// How often the chassis was asked; stored before it is asked.
    public var requests: Int?
    /// Whether it accepted.
    public var isAccepted: Bool?
    /// Of a soft-off: whether that was asked, and not only that a start be taken back. `nil`: as often as anything was.
    public var hasAskedSoftly: Bool?
    /// Of a soft-off: since when the operating system may shut down. `nil`: it was not asked, or that is over.
    public var shutdownSince: WallTime?
    /// The label of the blade that is meant, as the chassis told it (`ChassisBay.label`).
    public var label: String?
    /// Of a soft-off: when a blade that does not obey is switched off hard; `nil`: never.
    public var escalateAfter: Duration?
    /// That this was decided; stored before the chassis is asked.
    public var escalatedAt: WallTime?
    /// Off even though nobody could say what runs on the blade.
    public var unknownDomains: Bool?
    /// The boot that the blade's agent had told of; `nil`: none since podp started.
    public var boot: ID128?
    /// Of a start: a boot of the blade that began after it was asked for. Only that closes it.
    public var bootSince: ID128?
    /// Of a confirmed off: when the blade was next seen to run without podp having started it; what was confirmed is over.
    public var lifeSince: WallTime?
    /// Those that its end relies on, or the last one before a deadline.
    public var readings: [PowerReading] = []

    /// Whether it was asked for later. Operations' numbers grow; a clock may be set back.
    func isNewer(than other: PowerRecord) -> Bool { (id.sequence, id.term) > (other.id.sequence, other.id.term) }

    public init(
        id: OperationID, chassis: String, bay: Int, blade: BladeID, bladeName: String, request: PowerRequest, state: State = .running, by: String,
        startedAt: WallTime
    ) {
        self.id = id
        self.chassis = chassis
        self.bay = bay
        self.blade = blade
        self.bladeName = bladeName
        self.request = request
        self.state = state
        self.by = by
        self.startedAt = startedAt
    }
}

/// What happened at a chassis, told by whoever speaks to it.
public enum ChassisNews: Hashable, Sendable, Codable {
    /// A poll's answer. `inventory` and `capabilities`: when they were asked for, or something changed.
    case polled(ChassisReadings, inventory: ChassisInventory?, capabilities: ChassisCapabilities?)
    /// Nothing answered the poll, and why.
    case silent(String)
    /// The answer to `look`: one reading of each source.
    case looked(OperationID, [PowerReading])
    /// The answer to `request`.
    case requested(OperationID, RequestOutcome)
}

/// What is wanted of whoever speaks to a chassis. Looks and requests come before polls.
public enum ChassisOrder: Hashable, Sendable, Codable {
    /// Get ready to speak to it: the first order.
    case watch(ChassisRecord)
    /// The last one.
    case forget
    /// Ends as `polled` or `silent`. `inventory`: read the slow tables, too.
    case poll(inventory: Bool)
    /// Ends as `looked`.
    case look(OperationID, bay: Int, [PowerSource.Kind])
    /// Made once, within its limits; ends as `requested`. What it is for is stored.
    case request(OperationID, bay: Int, PowerRequest, RequestLimits)
}

/// When a request that was given out is made no more.
public struct RequestLimits: Hashable, Sendable, Codable {
    /// Nothing is asked of a blade with another label than this; `nil`: the chassis tells none.
    public var label: String?
    /// Its request for power has ended then.
    public var notAfter: Instant

    public init(label: String?, notAfter: Instant) {
        self.label = label
        self.notAfter = notAfter
    }
}
