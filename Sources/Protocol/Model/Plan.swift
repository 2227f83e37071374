/// One domain's way from one blade to another, and why.
public struct Move: Hashable, Sendable, Codable {
    public var domain: DomainID
    public var domainName: String
    public var from: BladeID
    public var fromName: String
    public var to: BladeID
    public var toName: String
    public var live: Bool
    /// Sent over the migration network, estimated.
    public var bytes: Bytes
    /// Estimated.
    public var duration: Duration
    /// Stopped for this long, estimated.
    public var downtime: Duration
    /// In words and numbers: `blade-3's CPU is at 93 % of 8 cores (comfort 70 %); web-7 takes 1.4 cores of it; blade-9 is at 31 %, then 49 %`.
    public var reason: String

    public init(
        domain: DomainID, domainName: String, from: BladeID, fromName: String, to: BladeID, toName: String, live: Bool, bytes: Bytes, duration: Duration,
        downtime: Duration, reason: String
    ) {
        self.domain = domain
        self.domainName = domainName
        self.from = from
        self.fromName = fromName
        self.to = to
        self.toName = toName
        self.live = live
        self.bytes = bytes
        self.duration = duration
        self.downtime = downtime
        self.reason = reason
    }
}

/// A blade's load in a state of the fleet, by resource in thousandths of its capacity.
public struct BladeLoad: Hashable, Sendable, Codable {
    public var blade: BladeID
    public var name: String
    public var permille: [Int64]
    public var domains: Int

    public init(blade: BladeID, name: String, permille: [Int64], domains: Int) {
        self.blade = blade
        self.name = name
        self.permille = permille
        self.domains = domains
    }
}

/// What a planner answers. Moves in order; a wave's moves may run side by side.
public struct Plan: Hashable, Sendable, Codable {
    /// Of the problem.
    public var revision: UInt64
    public var goal: Problem.Goal
    public var moves: [Move]
    /// Indices into `moves`, wave after wave; every move once.
    public var waves: [[Int]]
    public var before: [BladeLoad]
    public var after: [BladeLoad]
    /// The objective before and after; lower is better.
    public var costBefore: Double
    public var costAfter: Double
    /// What the blades draw whose power is known, empty ones switched off; `nil` where none is known.
    public var wattsBefore: Int?
    public var wattsAfter: Int?
    /// Why there is no move, or not all that was wanted, in words; empty when there is nothing to say.
    public var remarks: [String]
    /// The plan that this one takes back; its costs are then unknown, for nobody has searched.
    public var undoes: String?

    public init(
        revision: UInt64, goal: Problem.Goal, moves: [Move], waves: [[Int]], before: [BladeLoad], after: [BladeLoad], costBefore: Double, costAfter: Double,
        remarks: [String]
    ) {
        self.revision = revision
        self.goal = goal
        self.moves = moves
        self.waves = waves
        self.before = before
        self.after = after
        self.costBefore = costBefore
        self.costAfter = costAfter
        self.remarks = remarks
    }
}

/// A rule or a limit that a state of a plan breaks.
public struct Violation: Hashable, Sendable, Codable {
    /// After this many moves; 0 is the present state.
    public var step: Int
    public var rule: String
    /// In words and numbers.
    public var sentence: String

    public init(step: Int, rule: String, sentence: String) {
        self.step = step
        self.rule = rule
        self.sentence = sentence
    }
}

/// An independent checker's word that every state of a plan, between its moves too, keeps every rule.
public struct Certificate: Hashable, Sendable, Codable {
    public var states: Int
    public var rulesChecked: Int
    /// What was broken before the plan (a blade over its memory, a pair that is to run apart and does not) and which the plan does not make worse.
    public var tolerated: [Violation]
    /// What is broken still when all moves are done; `nil` in certificates of before this was noted.
    public var left: [Violation]?
    /// After each wave: the loads of the blades that it changed.
    public var waves: [[BladeLoad]]?
    /// Rules with a price that are not kept when all moves are done.
    public var wishes: [Violation]?
    /// Of an evacuation: hard N+1 that is kept now and would not be if the blade were off afterwards.
    public var whenOff: [String]?

    public init(states: Int, rulesChecked: Int, tolerated: [Violation] = []) {
        self.states = states
        self.rulesChecked = rulesChecked
        self.tolerated = tolerated
    }
}

/// What is short, where, with the numbers that say so.
public struct Verdict: Hashable, Sendable, Codable {
    public enum Severity: String, Hashable, Sendable, Codable, CaseIterable { case note, warning, critical }

    /// `cpu`, `memory`, `disk`, `network`; `survival`: a loss that is to be survived could not be borne (N+1); empty when it is none of them.
    public var resource: String
    /// `nil`: the whole fleet.
    public var blade: BladeID?
    public var severity: Severity
    public var sentence: String

    public init(resource: String, blade: BladeID?, severity: Severity, sentence: String) {
        self.resource = resource
        self.blade = blade
        self.severity = severity
        self.sentence = sentence
    }
}
