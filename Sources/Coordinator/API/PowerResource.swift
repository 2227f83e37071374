import PodpModel

/// What may be said of a blade's power.
public enum PowerWord: String, StringChoice {
    case on
    case off
    case standby
    case unknown
}

/// How a request for power stands.
public enum PowerPhase: String, StringChoice {
    case running
    /// Read back.
    case confirmed
    case refused
    /// Nobody can say what the blade does.
    case unknown
}

/// A blade that was to be switched, and what came of it.
public struct PowerResource: Documented {
    /// The term's id and the place in that term.
    public var id: OperationID
    /// The chassis.
    public var chassis: String
    /// The bay.
    public var bay: Int
    /// The blade.
    public var blade: BladeID
    /// Its name.
    public var bladeName: String
    /// `on`, `softOff` or `hardOff`.
    public var request: String
    /// How it stands.
    public var state: PowerPhase
    /// What was read back.
    public var confirmed: PowerWord?
    /// Whether it took a request; false: it was so already.
    public var requested: Bool?
    /// Why it was refused, or is not known.
    public var reason: String?
    /// Of a refused start: the watts that were missing.
    public var missingWatts: Int?
    /// Who wanted it.
    public var by: String
    /// When it was decided.
    public var startedAt: Timestamp
    /// When it ended.
    public var endedAt: Timestamp?
    /// Of a `softOff`: after how many seconds a blade that does not obey is switched off hard.
    public var escalateAfterSeconds: Int?
    /// When that was decided.
    public var escalatedAt: Timestamp?
    /// The readings that its end relies on, or the last one.
    public var readings: [PowerReadingResource]

    public init(
        id: OperationID, chassis: String, bay: Int, blade: BladeID, bladeName: String, request: String, state: PowerPhase, confirmed: PowerWord? = nil,
        requested: Bool? = nil, reason: String? = nil, missingWatts: Int? = nil, by: String, startedAt: Timestamp, endedAt: Timestamp? = nil,
        escalateAfterSeconds: Int? = nil, escalatedAt: Timestamp? = nil, readings: [PowerReadingResource]
    ) {
        self.id = id
        self.chassis = chassis
        self.bay = bay
        self.blade = blade
        self.bladeName = bladeName
        self.request = request
        self.state = state
        self.confirmed = confirmed
        self.requested = requested
        self.reason = reason
        self.missingWatts = missingWatts
        self.by = by
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.escalateAfterSeconds = escalateAfterSeconds
        self.escalatedAt = escalatedAt
        self.readings = readings
    }

    public static let summary = "A blade that was to be switched, and what came of it."
    public static let fields = [
        "id": "The term's id and the place in that term.",
        "chassis": "The chassis.",
        "bay": "The bay.",
        "blade": "The blade.",
        "bladeName": "Its name.",
        "request": "`on`, `softOff` or `hardOff`.",
        "state": "How it stands.",
        "confirmed": "What was read back.",
        "requested": "Whether it took a request; false: it was so already.",
        "reason": "Why it was refused, or is not known.",
        "missingWatts": "Of a refused start: the watts that were missing.",
        "by": "Who wanted it.",
        "startedAt": "When it was decided.",
        "endedAt": "When it ended.",
        "escalateAfterSeconds": "Of a `softOff`: after how many seconds a blade that does not obey is switched off hard.",
        "escalatedAt": "When that was decided.",
        "readings": "The readings that its end relies on, or the last one.",
    ]
}

/// One look at one bay's power.
public struct PowerReadingResource: Documented {
    /// Who said it: the management module, the console, measured watts, the outlets.
    public var source: String
    /// What may be believed.
    public var state: PowerWord
    /// What was said.
    public var reported: PowerWord
    /// Why it is not believed.
    public var reason: String?
    /// The bay's health, as it was told beside it.
    public var health: String?

    public init(source: String, state: PowerWord, reported: PowerWord, reason: String? = nil, health: String? = nil) {
        self.source = source
        self.state = state
        self.reported = reported
        self.reason = reason
        self.health = health
    }

    public static let summary = "One look at one bay's power."
    public static let fields = [
        "source": "Who said it: the management module, the console, measured watts, the outlets.",
        "state": "What may be believed.",
        "reported": "What was said.",
        "reason": "Why it is not believed.",
        "health": "The bay's health, as it was told beside it.",
    ]
}

/// How to switch a blade off.
public struct PowerOrder: Documented {
    /// At once, and not by its operating system's shutdown.
    public var hard: Bool?
    /// Even though nobody can say what runs on the blade, for its agent is silent: what runs there is lost.
    public var unknownDomains: Bool?
    /// Hard, if it is not off this many seconds after it was asked softly; 1 to 3600. Without it never.
    public var escalateAfterSeconds: Int?
    /// Even though a loss that the fleet is to survive (hard N+1) could not be borne without the blade, and can be with it.
    public var despitePolicy: Bool?

    public init(hard: Bool? = nil, unknownDomains: Bool? = nil, escalateAfterSeconds: Int? = nil, despitePolicy: Bool? = nil) {
        self.hard = hard
        self.unknownDomains = unknownDomains
        self.escalateAfterSeconds = escalateAfterSeconds
        self.despitePolicy = despitePolicy
    }

    public static let summary = "How to switch a blade off."
    public static let fields = [
        "hard": "At once, and not by its operating system's shutdown.",
        "unknownDomains": "Even though nobody can say what runs on the blade, for its agent is silent: what runs there is lost.",
        "escalateAfterSeconds": "Hard, if it is not off this many seconds after it was asked softly; 1 to 3600. Without it never.",
        "despitePolicy": "Even though a loss that the fleet is to survive (hard N+1) could not be borne without the blade, and can be with it.",
    ]
}
