import PodpModel

/// N+1, worked out for a placement: which zones' loss could be borne, their domains restarted largest first, each where most is free.
///
/// (`PodpRules` has the rule and a checker of its own.) Only asked about a candidate that is better than all before it: an answer takes
/// O(domains + domains restarted x blades).
struct Cover: Sendable {
    /// By rule: the zone of each blade, -1 where unknown.
    private let zones: [[Int]]
    /// By rule: what one zone that cannot be borne weighs; hard rules are guarded besides.
    private let price: [Double]
    private let isGuarded: [Bool]
    /// By rule and zone (named by its first blade).
    private(set) var atStart: [[Bool]] = []
    /// Domains, largest first; those that no other blade reaches are left out.
    private let order: [Int]
    private let homes: [[Int]]
    private let hard: [Int]
    private let count: Int
    private let capacity: [Int64]
    private let demand: [Int64]
    /// Blades that are off once nothing is left on them: a consolidation's, that had somebody.
    private let isSwitchedOffEmpty: [Bool]
    let isEmpty: Bool
    /// Candidates that one answer is worth.
    let effort: Int

    init(_ problem: Problem, weights: Weights) {
        let rules = problem.rules.compactMap { rule -> (Zone, Double?)? in if case .survive(let zone) = rule.kind { (zone, rule.price) } else { nil } }
        isEmpty = rules.isEmpty || !problem.resources.contains(where: \.hard)
        zones = rules.map { kind, _ in
            let row = RuleTerms.zones(kind, problem, lumped: false)
            return row.indices.map { problem.blades[$0].zone(kind) == nil ? -1 : row[$0] }
        }
        price = rules.map { $0.1.map { max(0, $0.isFinite ? $0 : 0) } ?? weights.broken }
        isGuarded = rules.map { $0.1 == nil }
        count = problem.resources.count
        hard = problem.resources.indices.filter { problem.resources[$0].hard }
        capacity = problem.blades.flatMap(\.capacity)
        demand = problem.domains.flatMap(\.high)
        var hadSomebody = [Bool](repeating: false, count: problem.blades.count)
        if problem.goal == .consolidate { for domain in problem.domains { hadSomebody[domain.blade] = true } }
        isSwitchedOffEmpty = problem.blades.indices.map { hadSomebody[$0] && problem.blades[$0].reserved.allSatisfy { $0 == 0 } }
        effort = max(1, problem.domains.count * problem.blades.count / 64)
        guard !isEmpty, let first = hard.first else {
            (order, homes) = ([], [])
            return
        }
        let reach = Reach(problem, restarting: true)
        let (count, hard) = (count, hard)
        homes = problem.domains.indices.map { domain in
            problem.blades.indices.filter { blade in
                let facts = problem.blades[blade]
                return facts.accepts && problem.goal != .evacuate(facts.id) && reach.allows(domain, blade) && hard.allSatisfy { facts.capacity[$0] > 0 }
            }
        }
        order = problem.domains.indices
            .filter { domain in problem.blades.indices.contains { $0 != problem.domains[domain].blade && reach.allows(domain, $0) } }
            .sorted { (problem.domains[$1].high[first], $0) < (problem.domains[$0].high[first], $1) }
        var used = problem.blades.flatMap(\.reserved)
        for domain in problem.domains { for resource in 0..<count { used[domain.blade * count + resource] += domain.high[resource] } }
        let places = problem.domains.map(\.blade)
        let noneIsOff = [Bool](repeating: false, count: problem.blades.count)
        var level: [[Bool]] = []
        for rule in zones.indices { level.append(covered(rule, at: places, also: [], used: used, isOff: noneIsOff)) }
        atStart = level
    }

    /// What the placement weighs here; `nil` where a zone cannot be lost that could at the start and a hard rule is about it.
    ///
    /// - Parameters:
    ///   - places: by domain.
    ///   - also: domains that count as being on another blade, too.
    ///   - used: of hard resources, by blade and resource.
    ///   - onTheWay: whether more moves follow: what a consolidation empties is on until its end.
    ///   - mover: the only one on its way: where it comes from and where it goes. The loss of either is as it was before or as it will be, and not asked about.
    func cost(
        at places: [Int], also: [(domain: Int, blade: Int)] = [], used: [Int64], onTheWay: Bool = false, mover: (from: Int, to: Int)? = nil
    ) -> Double? {
        var cost = 0.0
        var isOff = isSwitchedOffEmpty
        if onTheWay { isOff = [Bool](repeating: false, count: isOff.count) } else { for place in places { isOff[place] = false } }
        for rule in zones.indices {
            let covered = covered(rule, at: places, also: also, used: used, isOff: isOff)
            let spared = mover.map { [zones[rule][$0.from], zones[rule][$0.to]] } ?? []
            for blade in covered.indices where !covered[blade] && !spared.contains(blade) {
                if isGuarded[rule], atStart[rule][blade] { return nil }
                cost += price[rule]
            }
        }
        return cost
    }

    /// By the zone's first blade; `true` for blades that are not the first of one.
    private func covered(_ rule: Int, at places: [Int], also: [(domain: Int, blade: Int)], used: [Int64], isOff: [Bool]) -> [Bool] {
        let zone = zones[rule]
        var lost = [[Int]](repeating: [], count: zone.count)
        if also.isEmpty {
            for domain in order where zone[places[domain]] >= 0 { lost[zone[places[domain]]].append(domain) }
        } else {
            for domain in order {
                var falls: Set<Int> = [zone[places[domain]]]
                for other in also where other.domain == domain { falls.insert(zone[other.blade]) }
                for zone in falls where zone >= 0 { lost[zone].append(domain) }
            }
        }
        return lost.indices.map { lost[$0].isEmpty || finds(room: lost[$0], outside: $0, zone, used, isOff) }
    }

    private func finds(room domains: [Int], outside lost: Int, _ zone: [Int], _ used: [Int64], _ isOff: [Bool]) -> Bool {
        var used = used
        let first = hard[0]
        for domain in domains {
            var best = -1
            var most = Int64.min
            for blade in homes[domain] where zone[blade] != lost && !isOff[blade] {
                let free = capacity[blade * count + first] - used[blade * count + first]
                if free > most { (best, most) = (blade, free) }
            }
            guard best >= 0 else { return false }
            for resource in hard {
                let needed = demand[domain * count + resource]
                guard needed == 0 || used[best * count + resource] + needed <= capacity[best * count + resource] else { return false }
                used[best * count + resource] += needed
            }
        }
        return true
    }
}
