/// An instance of the machine reassignment problem (Google, ROADEF/EURO challenge 2012): processes on machines, where each is now, and what may and
/// should change. It is checked whole when it is read: every index is within its array, every cost fits 2^52, and the assignment breaks no constraint.
///
/// Arrays by machine and resource are indexed `machine * resources + resource`, those by process and resource `process * resources + resource`.
public struct Reassignment: Sendable {
    /// Rewards free amounts of two resources that stand in a ratio: `weight * max(0, target * free(first) - free(second))` for each machine.
    public struct Balance: Hashable, Sendable {
        public var first: Int
        public var second: Int
        public var target: Int
        public var weight: Int
    }

    public internal(set) var resources = 0
    public internal(set) var machines = 0
    public internal(set) var services = 0
    public internal(set) var processes = 0

    // By resource.
    /// Whether a process that leaves goes on using it where it was.
    var isTransient: [Bool] = []
    var loadWeight: [Int] = []

    // By machine. Neighbourhoods and locations are numbered densely.
    var neighbourhood: [Int] = []
    var location: [Int] = []
    var neighbourhoods = 0
    var locations = 0
    /// By machine and resource.
    var capacity: [Int] = []
    var safety: [Int] = []
    /// By machine and machine.
    var machineMoveCost: [Int] = []

    // By service.
    /// Locations that it must be on.
    var spread: [Int] = []
    /// Services that must have a process in each neighbourhood where this one has one.
    var dependencies = Grouping([])

    // By process.
    var service: [Int] = []
    /// By process and resource.
    var need: [Int] = []
    var processMoveCost: [Int] = []
    /// The machine that it is on now.
    public internal(set) var initial: [Int] = []

    var balances: [Balance] = []
    var processMoveWeight = 0
    var serviceMoveWeight = 0
    var machineMoveWeight = 0
}

/// What is wrong with an instance or an assignment, and where.
public struct ReassignmentError: Error, Hashable, CustomStringConvertible {
    public enum Source: String, Sendable {
        case model
        case assignment
    }

    public var source: Source
    /// From 1; `nil` where it is not one line's fault.
    public var line: Int?
    public var message: String

    public var description: String { "\(source.rawValue)\(line.map { ", line \($0)" } ?? ""): \(message)" }
}

/// What an assignment costs, by the challenge's terms, and the first constraint that it breaks.
public struct ReassignmentScore: Hashable, Sendable {
    public var load = 0
    public var balance = 0
    public var processMoves = 0
    public var serviceMoves = 0
    public var machineMoves = 0
    /// Processes that are not where they were.
    public var moved = 0
    /// `nil`: none.
    public var violation: String?

    public var total: Int { load + balance + processMoves + serviceMoves + machineMoves }
}
