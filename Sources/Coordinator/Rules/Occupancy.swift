import PodpModel

/// Who is where at a moment of a plan, counted at its worst: a domain that is on its way counts at both ends.
struct Occupancy {
    let fleet: Fleet
    /// By domain: where it runs; while it is on its way, where it comes from.
    private(set) var at: [Int]
    /// By domain: where it is on its way to.
    private(set) var arriving: [Int?]
    /// High demands and reserves, by blade and resource, with what is on its way counted at both ends.
    private(set) var used: [Int64]
    /// Of `used`, what is about to leave.
    private(set) var leaving: [Int64]

    init(_ fleet: Fleet) {
        let count = fleet.resourceCount
        self.fleet = fleet
        at = fleet.problem.domains.map(\.blade)
        arriving = Array(repeating: nil, count: fleet.problem.domains.count)
        used = fleet.problem.blades.flatMap(\.reserved)
        leaving = Array(repeating: 0, count: used.count)
        for domain in fleet.problem.domains {
            for resource in 0..<count { used[domain.blade * count + resource] += domain.high[resource] }
        }
    }

    /// All at rest, domains where the list says.
    init(_ fleet: Fleet, at places: [Int]) {
        self.init(fleet)
        for domain in at.indices where places[domain] != at[domain] { start(domain, to: places[domain]) }
        settle()
    }

    func used(on blade: Int, _ resource: Int) -> Int64 { used[blade * fleet.resourceCount + resource] }
    /// What is used once everything that is on its way has left.
    func settled(on blade: Int, _ resource: Int) -> Int64 { used(on: blade, resource) - leaving[blade * fleet.resourceCount + resource] }
    /// Whether the domain runs on the blade or is on its way there or from there.
    func mayBe(_ domain: Int, on blade: Int) -> Bool { at[domain] == blade || arriving[domain] == blade }
    func isUnderWay(_ domain: Int) -> Bool { arriving[domain] != nil }
    var isAnybodyUnderWay: Bool { arriving.contains { $0 != nil } }

    /// Names of the domains that are about to leave a blade, for a sentence.
    func leavers(of blade: Int) -> [String] {
        at.indices.filter { at[$0] == blade && arriving[$0] != nil }.map { fleet.problem.domains[$0].name }
    }

    /// The domain sets off: from now on it counts at both ends.
    mutating func start(_ domain: Int, to blade: Int) {
        arriving[domain] = blade
        let count = fleet.resourceCount
        for resource in 0..<count {
            let amount = fleet.problem.domains[domain].high[resource]
            used[blade * count + resource] += amount
            leaving[at[domain] * count + resource] += amount
        }
    }

    /// Everything that was on its way has arrived.
    mutating func settle() {
        let count = fleet.resourceCount
        for domain in arriving.indices {
            guard let target = arriving[domain] else { continue }
            for resource in 0..<count {
                let amount = fleet.problem.domains[domain].high[resource]
                used[at[domain] * count + resource] -= amount
                leaving[at[domain] * count + resource] -= amount
            }
            at[domain] = target
            arriving[domain] = nil
        }
    }
}

/// A domain about to set off.
struct Arrival {
    var domain: Int
    var target: Int
    var live: Bool
    var downtime: Duration
}

/// One rule that placements keep.
///
/// A placement that breaks a rule before a plan starts is tolerated and named; so only arrivals can be objected to: a departure never makes a rule worse.
protocol PlacementRule {
    /// Short and stable: what a `Violation` calls it.
    var name: String { get }
    /// What the fleet breaks before anything is moved, a sentence each.
    func broken(in fleet: Fleet) -> [String]
    /// Why the domain may not set off for the blade while `occupancy` is as it is, a sentence each.
    func objections(to arrival: Arrival, in occupancy: Occupancy) -> [String]
    /// What is worse than it was when a wave has ended, a sentence each.
    func worsened(at rest: Occupancy) -> [String]
    /// What is not as it was when a plan has ended, a sentence each.
    func leftBroken(at end: Occupancy) -> [String]
    /// By how many units a placement (blades by domain) breaks it; 0: it keeps it.
    func units(_ at: [Int], in fleet: Fleet) -> Int
}

extension PlacementRule {
    func broken(in fleet: Fleet) -> [String] { [] }
    func worsened(at rest: Occupancy) -> [String] { [] }
    func units(_ at: [Int], in fleet: Fleet) -> Int { 0 }
    func leftBroken(at end: Occupancy) -> [String] { [] }
}
