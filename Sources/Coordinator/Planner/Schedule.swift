import PodpModel

/// Brings the moves from one placement to another into an order in which every step is legal, as waves that may run side by side.
///
/// A move of a wave is legal if it would be even when all of its wave have set off and none has arrived, so any order of ends is.
/// Where nothing can set off because each waits for another, one domain steps aside to a third blade.
struct Schedule {
    struct Step: Equatable {
        var domain: Int
        var from: Int
        var to: Int
        /// For whom it steps aside; `nil` when it goes where it is to be.
        var aside: Int?
    }

    private(set) var steps: [Step] = []
    private(set) var waves: [[Int]] = []
    /// Domains that could not be brought where they were to be; none of their group has been moved, or some have (`at` says).
    private(set) var left: [Int] = []
    /// By domain.
    private(set) var at: [Int]

    private let problem: Problem
    private let board: Board
    private let reach: Reach
    private let limits: PlanLimits
    private let partners: [[Int]]
    private let guards: Guards
    private var claim: [Int]
    private var high: [Int64]
    private var stepsAside: Set<Int> = []
    /// Moves that groups which have set off still need.
    private var promised = 0
    private let itemOf: [Int]

    /// - Parameters:
    ///   - places: by item, where it is to be.
    ///   - priority: by item; higher goes first.
    init(_ problem: Problem, board: Board, reach: Reach, to places: [Int], priority: [Double]) {
        self.problem = problem
        self.board = board
        self.reach = reach
        limits = problem.limits
        at = problem.domains.map(\.blade)
        claim = Array(repeating: -1, count: at.count)
        high = problem.blades.flatMap(\.reserved)
        let count = board.resources
        for domain in problem.domains { for resource in 0..<count { high[domain.blade * count + resource] += domain.high[resource] } }
        var itemOf = [Int](repeating: 0, count: at.count)
        for item in 0..<board.items { for domain in board.domains[item] { itemOf[domain] = item } }
        self.itemOf = itemOf
        partners = Self.partners(problem)
        guards = Guards(problem, index: board.indexOfDomain)
        run(to: places, priority: priority)
    }

    private static func partners(_ problem: Problem) -> [[Int]] {
        var groups = [[Int]](repeating: [], count: problem.domains.count)
        let index = Dictionary(uniqueKeysWithValues: problem.domains.enumerated().map { ($1.id, $0) })
        for (number, rule) in problem.rules.enumerated() {
            guard case .apart(let members) = rule.kind, rule.price == nil else { continue }
            for member in members { if let domain = index[member] { groups[domain].append(number) } }
        }
        return groups
    }

    // MARK: - Waves

    private mutating func run(to places: [Int], priority: [Double]) {
        var pending = (0..<board.items).filter { places[$0] != board.origin[$0] }
            .sorted { (priority[$1], $0) < (priority[$0], $1) }
            .map { (item: $0, domains: Array(board.domains[$0])) }
        while !pending.isEmpty, steps.count < limits.maxMoves {
            var wave: [Int] = []
            var taking = [Int](repeating: 0, count: board.blades)
            for position in pending.indices {
                let target = places[pending[position].item]
                // A group sets off only if all of it can follow; from then on its room is kept.
                let started = pending[position].domains.contains { claim[$0] >= 0 }
                let size = pending[position].domains.count
                guard started || (steps.count + promised + size <= limits.maxMoves && mayEnter(pending[position].domains, target)) else { continue }
                var waiting: [Int] = []
                for domain in pending[position].domains {
                    let source = at[domain]
                    guard taking[source] < limits.movesPerBlade, taking[target] < limits.movesPerBlade else {
                        waiting.append(domain)
                        continue
                    }
                    // The first to set off claims the room for all of its group.
                    for member in pending[position].domains where claim[member] < 0 { enter(member, target) }
                    taking[source] += 1
                    taking[target] += 1
                    wave.append(steps.count)
                    steps.append(Step(domain: domain, from: source, to: target, aside: nil))
                }
                if started { promised -= size - waiting.count } else if waiting.count < size { promised += waiting.count }
                pending[position].domains = waiting
            }
            if wave.isEmpty {
                guard let aside = stepAside(pending.map { (domain: $0.domains[0], target: places[$0.item]) }) else { break }
                enter(aside.domain, aside.to)
                wave = [steps.count]
                steps.append(aside)
            }
            for index in wave { arrive(steps[index]) }
            waves.append(wave)
            pending.removeAll { $0.domains.isEmpty }
        }
        left = pending.flatMap(\.domains)
    }

    // MARK: - Legality

    /// Whether all of them may set off for the blade now, with everything that has set off counted at both ends.
    private func mayEnter(_ domains: [Int], _ blade: Int) -> Bool {
        let count = board.resources
        for resource in 0..<count where board.isHard[resource] {
            let needed = domains.reduce(Int64(0)) { $0 + problem.domains[$1].high[resource] }
            if needed > 0, high[blade * count + resource] + needed > board.room[blade * count + resource] { return false }
        }
        guard domains.allSatisfy({ reach.allows($0, blade) && !meets($0, blade) }) else { return false }
        return guards.allow(domains, on: blade, at: at, claim: claim) && keepsCover(domains, blade)
    }

    /// N+1 with everything on its way counted at both ends, and once it has arrived.
    private func keepsCover(_ domains: [Int], _ blade: Int) -> Bool {
        guard !board.cover.isEmpty else { return true }
        let count = board.resources
        var both = high
        for domain in domains { for resource in 0..<count { both[blade * count + resource] += problem.domains[domain].high[resource] } }
        var also = claim.indices.filter { claim[$0] >= 0 && at[$0] >= 0 }.map { (domain: $0, blade: claim[$0]) }
        also += domains.map { (domain: $0, blade: blade) }
        let places = at.indices.map { at[$0] >= 0 ? at[$0] : problem.domains[$0].blade }
        guard board.cover.cost(at: places, also: also, used: both) != nil else { return false }
        var (rest, used) = (places, both)
        for (domain, target) in also {
            for resource in 0..<count { used[rest[domain] * count + resource] -= problem.domains[domain].high[resource] }
            rest[domain] = target
        }
        return board.cover.cost(at: rest, used: used) != nil
    }

    private func meets(_ domain: Int, _ blade: Int) -> Bool {
        for group in partners[domain] {
            for other in members(of: group) where other != domain && (at[other] == blade || claim[other] == blade) { return true }
        }
        return false
    }

    private func members(of rule: Int) -> [Int] {
        guard case .apart(let ids) = problem.rules[rule].kind else { return [] }
        return ids.compactMap { board.indexOfDomain[$0] }
    }

    private mutating func enter(_ domain: Int, _ blade: Int) {
        claim[domain] = blade
        for resource in 0..<board.resources { high[blade * board.resources + resource] += problem.domains[domain].high[resource] }
    }

    private mutating func arrive(_ step: Step) {
        for resource in 0..<board.resources { high[step.from * board.resources + resource] -= problem.domains[step.domain].high[resource] }
        at[step.domain] = step.to
        claim[step.domain] = -1
    }

    // MARK: - Cycles

    /// The cheapest single domain among those that wait whose stepping aside lets another one of them go; each steps aside once.
    private mutating func stepAside(_ waiting: [(domain: Int, target: Int)]) -> Step? {
        var best: (step: Step, cost: Double)?
        for (domain, _) in waiting where board.domains.count(itemOf[domain]) == 1 && !stepsAside.contains(domain) && claim[domain] < 0 {
            let cost = board.moveCost[itemOf[domain]]
            guard cost < best?.cost ?? .infinity else { continue }
            // Its own move and the one that it makes possible must be allowed still.
            guard steps.count + 1 + waiting.count <= limits.maxMoves else { continue }
            let source = at[domain]
            var waitsForIt: Int?
            for other in waiting where other.domain != domain && other.target == source {
                if mayEnterAfter(leaving: domain, other.domain, source) {
                    waitsForIt = other.domain
                    break
                }
            }
            guard let waitsForIt else { continue }
            let targets = Set(waiting.map(\.target))
            let third = (0..<board.blades).filter { $0 != source && mayEnter([domain], $0) && board.allows(itemOf[domain], $0) }
                .min { (targets.contains($0) ? 1 : 0, $0) < (targets.contains($1) ? 1 : 0, $1) }
            guard let third else { continue }
            best = (Step(domain: domain, from: source, to: third, aside: waitsForIt), cost)
        }
        if let best { stepsAside.insert(best.step.domain) }
        return best?.step
    }

    private mutating func mayEnterAfter(leaving: Int, _ domain: Int, _ blade: Int) -> Bool {
        let source = at[leaving]
        for resource in 0..<board.resources { high[blade * board.resources + resource] -= problem.domains[leaving].high[resource] }
        at[leaving] = -1
        defer {
            for resource in 0..<board.resources { high[blade * board.resources + resource] += problem.domains[leaving].high[resource] }
            at[leaving] = source
        }
        return mayEnter([domain], blade)
    }
}
