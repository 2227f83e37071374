import PodpModel

/// A plan: moves in order, each with its reason, and the blades' loads before and after.
public struct PlanResource: Documented {
    /// Short hash of its content.
    public var id: String
    /// What it is for.
    public var goal: PlanGoal
    /// Of an evacuation: the blade to empty.
    public var blade: BladeID?
    /// That blade's name.
    public var bladeName: String?
    /// How it stands.
    public var state: PlanPhase
    /// Why it was stopped.
    public var reason: String?
    /// While it is applied: the wave that runs, from 0.
    public var wave: Int?
    /// When it was made.
    public var createdAt: Timestamp
    /// Who asked for it.
    public var by: String
    /// In order.
    public var moves: [MoveResource]
    /// Every blade's load now.
    public var before: [LoadResource]
    /// Every blade's load when all moves are done.
    public var after: [LoadResource]
    /// After each wave, the loads of the blades that it changes.
    public var waves: [[LoadResource]]
    /// The objective before; lower is better. Absent: a rollback's, which is not searched for.
    public var costBefore: Double?
    /// The objective after.
    public var costAfter: Double?
    /// What the blades draw whose watts are measured, empty ones switched off; before, in watts.
    public var wattsBefore: Int?
    /// The same after.
    public var wattsAfter: Int?
    /// Why there is no move, or not all that was wanted.
    public var remarks: [String]
    /// Rules that were broken before the plan and are broken after it, each in words.
    public var broken: [String]
    /// Wishes (rules with a price) that are not kept after it, each in words.
    public var wishes: [String]
    /// Of an evacuation: losses that could be borne now (`podp policy survive`) and could not if the blade were off, each in words.
    public var whenOff: [String]
    /// Of a rollback: the plan that it takes back.
    public var undoes: String?
    /// States of the fleet, between the moves too, that an independent checker found legal.
    public var statesChecked: Int
    /// Rules that each of them was checked against.
    public var rulesChecked: Int

    public init(
        id: String, goal: PlanGoal, blade: BladeID? = nil, bladeName: String? = nil, state: PlanPhase, reason: String? = nil, wave: Int? = nil,
        createdAt: Timestamp, by: String, moves: [MoveResource], before: [LoadResource], after: [LoadResource], waves: [[LoadResource]] = [],
        costBefore: Double? = nil, costAfter: Double? = nil, wattsBefore: Int? = nil, wattsAfter: Int? = nil, remarks: [String], broken: [String] = [],
        wishes: [String] = [], whenOff: [String] = [], undoes: String? = nil, statesChecked: Int, rulesChecked: Int
    ) {
        self.id = id
        self.goal = goal
        self.blade = blade
        self.bladeName = bladeName
        self.state = state
        self.reason = reason
        self.wave = wave
        self.createdAt = createdAt
        self.by = by
        self.moves = moves
        self.before = before
        self.after = after
        self.waves = waves
        self.costBefore = costBefore
        self.costAfter = costAfter
        self.wattsBefore = wattsBefore
        self.wattsAfter = wattsAfter
        self.remarks = remarks
        self.broken = broken
        self.wishes = wishes
        self.whenOff = whenOff
        self.undoes = undoes
        self.statesChecked = statesChecked
        self.rulesChecked = rulesChecked
    }

    public static let summary = "A plan: moves in order, each with its reason, and the blades' loads before and after."
    public static let fields = [
        "id": "Short hash of its content.",
        "goal": "What it is for.",
        "blade": "Of an evacuation: the blade to empty.",
        "bladeName": "That blade's name.",
        "state": "How it stands.",
        "reason": "Why it was stopped.",
        "wave": "While it is applied: the wave that runs, from 0.",
        "createdAt": "When it was made.",
        "by": "Who asked for it.",
        "moves": "In order.",
        "before": "Every blade's load now.",
        "after": "Every blade's load when all moves are done.",
        "waves": "After each wave, the loads of the blades that it changes.",
        "costBefore": "The objective before; lower is better. Absent: a rollback's, which is not searched for.",
        "costAfter": "The objective after.",
        "wattsBefore": "What the blades draw whose watts are measured, empty ones switched off; before, in watts.",
        "wattsAfter": "The same after.",
        "remarks": "Why there is no move, or not all that was wanted.",
        "broken": "Rules that were broken before the plan and are broken after it, each in words.",
        "wishes": "Wishes (rules with a price) that are not kept after it, each in words.",
        "whenOff":
            "Of an evacuation: losses that could be borne now (`podp policy survive`) and could not if the blade were off, each in words.",
        "undoes": "Of a rollback: the plan that it takes back.",
        "statesChecked": "States of the fleet, between the moves too, that an independent checker found legal.",
        "rulesChecked": "Rules that each of them was checked against.",
    ]
}

/// One domain's way from one blade to another, and why.
public struct MoveResource: Documented {
    /// The domain.
    public var domain: DomainID
    /// Its name.
    public var domainName: String
    /// The blade that it leaves.
    public var from: BladeID
    /// That blade's name.
    public var fromName: String
    /// The blade that it goes to.
    public var to: BladeID
    /// That blade's name.
    public var toName: String
    /// Whether it runs on meanwhile.
    public var live: Bool
    /// Moves of one wave run side by side; from 0.
    public var wave: Int
    /// Sent over the migration network, estimated.
    public var bytes: UInt64
    /// Estimated.
    public var durationSeconds: Double
    /// Stopped for this long, estimated.
    public var downtimeSeconds: Double
    /// In words and numbers.
    public var reason: String
    /// The operation that carries it out; absent before it is begun.
    public var operation: OperationID?

    public init(
        domain: DomainID, domainName: String, from: BladeID, fromName: String, to: BladeID, toName: String, live: Bool, wave: Int, bytes: UInt64,
        durationSeconds: Double, downtimeSeconds: Double, reason: String, operation: OperationID? = nil
    ) {
        self.domain = domain
        self.domainName = domainName
        self.from = from
        self.fromName = fromName
        self.to = to
        self.toName = toName
        self.live = live
        self.wave = wave
        self.bytes = bytes
        self.durationSeconds = durationSeconds
        self.downtimeSeconds = downtimeSeconds
        self.reason = reason
        self.operation = operation
    }

    public static let summary = "One domain's way from one blade to another, and why."
    public static let fields = [
        "domain": "The domain.",
        "domainName": "Its name.",
        "from": "The blade that it leaves.",
        "fromName": "That blade's name.",
        "to": "The blade that it goes to.",
        "toName": "That blade's name.",
        "live": "Whether it runs on meanwhile.",
        "wave": "Moves of one wave run side by side; from 0.",
        "bytes": "Sent over the migration network, estimated.",
        "durationSeconds": "Estimated.",
        "downtimeSeconds": "Stopped for this long, estimated.",
        "reason": "In words and numbers.",
        "operation": "The operation that carries it out; absent before it is begun.",
    ]
}

/// A blade's load in a state of the fleet, in thousandths of its capacity.
public struct LoadResource: Documented {
    /// The blade.
    public var blade: BladeID
    /// Its name.
    public var name: String
    /// Processors.
    public var cpuPermille: Int64?
    /// Memory.
    public var memoryPermille: Int64?
    /// Disk.
    public var diskPermille: Int64?
    /// Network.
    public var networkPermille: Int64?
    /// Domains on it.
    public var domains: Int

    public init(
        blade: BladeID, name: String, cpuPermille: Int64? = nil, memoryPermille: Int64? = nil, diskPermille: Int64? = nil,
        networkPermille: Int64? =
            nil, domains: Int
    ) {
        self.blade = blade
        self.name = name
        self.cpuPermille = cpuPermille
        self.memoryPermille = memoryPermille
        self.diskPermille = diskPermille
        self.networkPermille = networkPermille
        self.domains = domains
    }

    public static let summary = "A blade's load in a state of the fleet, in thousandths of its capacity."
    public static let fields = [
        "blade": "The blade.",
        "name": "Its name.",
        "cpuPermille": "Processors.",
        "memoryPermille": "Memory.",
        "diskPermille": "Disk.",
        "networkPermille": "Network.",
        "domains": "Domains on it.",
    ]
}

/// A plan that is asked for.
public struct PlanOrder: Documented {
    /// What it is for.
    public var goal: PlanGoal
    /// Of an evacuation: the blade's UUID or whole name.
    public var blade: String?
    /// Of a rollback: the plan that was carried out.
    public var plan: String?
    /// Count what blades draw, too; false where missing.
    public var watts: Bool?
    /// Of an evacuation: hard N+1 counts as a wish; false where missing.
    public var despitePolicy: Bool?

    public init(goal: PlanGoal, blade: String? = nil, plan: String? = nil, watts: Bool? = nil, despitePolicy: Bool? = nil) {
        self.goal = goal
        self.blade = blade
        self.plan = plan
        self.watts = watts
        self.despitePolicy = despitePolicy
    }

    public static let summary = "A plan that is asked for."
    public static let fields = [
        "goal": "What it is for.",
        "blade": "Of an evacuation: the blade's UUID or whole name.",
        "plan": "Of a rollback: the plan that was carried out.",
        "watts": "Count what blades draw, too; an empty one draws nothing. False where missing.",
        "despitePolicy": "Of an evacuation: what is to be survived (hard N+1) counts as a wish. False where missing.",
    ]
}

/// What a plan is for.
public enum PlanGoal: String, StringChoice {
    case balance
    /// Empty as many blades as can be.
    case consolidate
    /// Empty one blade.
    case evacuate
    /// Mend rules that are broken, and nothing else.
    case restore
    /// Undo a plan that was carried out. (The answer is a plan of its own.)
    case rollback
}

/// How a plan stands.
public enum PlanPhase: String, StringChoice { case proposed, applying, done, stopped }
