import PodpModel

/// N+1: whichever one zone is lost, all its domains find room elsewhere. A zone whose loss can be borne stays such, at every moment of a plan.
///
/// Restarted are, largest first by the first hard resource, all that run in the zone and whose disks and bridges some other blade reaches (others could not be
/// restarted whatever the room); each goes to the blade outside that reaches what it needs, accepts, is allowed by its blade sets and has most free of that
/// resource. It is covered if all hard resources suffice each time. What is on its way counts, and is restarted, at both ends, for where it is lost nobody
/// knows who of several has arrived; alone on its way it is restarted from where it was or from where it will be. Blades whose zone is unknown belong to none,
/// and may receive. When a consolidation has ended, what it has emptied counts as off.
struct Survival: PlacementRule {
    let name: String
    let zones: Zones
    /// By domain: blades that could run it; empty where no blade but its own could.
    private let homes: [[Int]]
    private struct Needs: Hashable {
        var bridges: [String]
        /// Sets of blades that reach its disks.
        var disks: Set<Int>
        var sets: [Int]
    }
    /// By zone.
    private var atStart: [Bool] = []
    private let order: [Int]
    private let hard: [Int]

    init(name: String, _ kind: Zone, fleet: Fleet) {
        self.name = name
        let problem = fleet.problem
        let zones = Zones(kind, of: fleet, lumped: false)
        self.zones = zones
        let hard = problem.resources.indices.filter { problem.resources[$0].hard }
        self.hard = hard
        let sets = problem.rules.filter { $0.price == nil }.compactMap { rule -> BladeSet? in
            switch rule.kind {
            case .onlyOn(let members, let blades): BladeSet(name: "", members: members, blades: blades, inside: true, fleet: fleet)
            case .neverOn(let members, let blades): BladeSet(name: "", members: members, blades: blades, inside: false, fleet: fleet)
            default: nil
            }
        }
        let accepting = problem.blades.indices.filter { index in
            let blade = problem.blades[index]
            return blade.accepts && problem.goal != .evacuate(blade.id) && hard.allSatisfy { blade.capacity[$0] > 0 }
        }
        var setsOf = [[Int]](repeating: [], count: problem.domains.count)
        for (number, set) in sets.enumerated() { for member in set.members { setsOf[member].append(number) } }
        // Domains that need the same share one list.
        var holders = DiskHolders(problem)
        var known: [Needs: (reaching: Set<Int>, homes: [Int])] = [:]
        var homes: [[Int]] = []
        for (index, domain) in problem.domains.enumerated() {
            let needs = Needs(bridges: domain.bridges, disks: Set(domain.storage.map { holders.set(reaching: $0) }), sets: setsOf[index])
            if known[needs] == nil {
                let reaching = problem.blades.indices.filter { position in
                    let blade = problem.blades[position]
                    return needs.bridges.allSatisfy(blade.bridges.contains) && needs.disks.allSatisfy { holders.sets[$0].contains(position) }
                        && needs.sets.allSatisfy { sets[$0].blades.contains(blade.id) == sets[$0].inside }
                }
                known[needs] = (Set(reaching), [-1] + accepting.filter(Set(reaching).contains))
            }
            guard let found = known[needs] else { continue }
            let isShared = needs.disks.allSatisfy { holders.sets[$0].contains(domain.blade) }
            homes.append(isShared && found.reaching.count > (found.reaching.contains(domain.blade) ? 1 : 0) ? found.homes : [])
        }
        self.homes = homes
        order =
            hard.first.map { first in problem.domains.indices.sorted { (problem.domains[$1].high[first], $0) < (problem.domains[$0].high[first], $1) } } ?? []
        let present = Occupancy(fleet)
        let lost = lost(in: present)
        atStart = zones.names.indices.map { covers(lost[$0], of: $0, in: present) }
    }

    func units(_ at: [Int], in fleet: Fleet) -> Int {
        let placed = Occupancy(fleet, at: at)
        let lost = lost(in: placed)
        return zones.names.indices.count { zones.isKnown[$0] && !covers(lost[$0], of: $0, in: placed) }
    }

    func broken(in fleet: Fleet) -> [String] {
        zones.names.indices.filter { zones.isKnown[$0] && !atStart[$0] }.map {
            "the loss of \(called($0)) would leave domains without room elsewhere (\(name))"
        }
    }

    func objections(to arrival: Arrival, in occupancy: Occupancy) -> [String] {
        var exposed = Set(exposed(in: occupancy, arrival: arrival))
        // Alone on its way it is, whichever of its ends is lost, where it was, which has been judged, or where it will be.
        if !exposed.isEmpty, !occupancy.isAnybodyUnderWay {
            var after = occupancy
            after.start(arrival.domain, to: arrival.target)
            after.settle()
            exposed.subtract([zones.of[occupancy.at[arrival.domain]], zones.of[arrival.target]])
            exposed.formUnion(self.exposed(in: after))
        }
        return exposed.sorted().map { zone in
            "with \(occupancy.fleet.problem.domains[arrival.domain].name) on \(occupancy.fleet.problem.blades[arrival.target].name), "
                + "the loss of \(called(zone)) would leave domains without room elsewhere, and would not now (\(name))"
        }
    }

    func worsened(at rest: Occupancy) -> [String] {
        exposed(in: rest).map { "the loss of \(called($0)) would leave domains without room elsewhere, and would not have before (\(name))" }
    }

    func leftBroken(at end: Occupancy) -> [String] {
        let problem = end.fleet.problem
        guard problem.goal == .consolidate else { return [] }
        let inUse = Set(end.at)
        let emptied = Set(problem.domains.map(\.blade)).subtracting(inUse).filter { blade in problem.blades[blade].reserved.allSatisfy { $0 == 0 } }
        guard !emptied.isEmpty else { return [] }
        let names =
            emptied.sorted().prefix(4).map { problem.blades[$0].name }.joined(separator: ", ") + (emptied.count > 4 ? " and \(emptied.count - 4) more" : "")
        return exposed(in: end, off: emptied).map {
            "with \(names) off, the loss of \(called($0)) would leave domains without room elsewhere, and would not have before (\(name))"
        }
    }

    private func called(_ zone: Int) -> String { zones.kind == .blade ? zones.names[zone] : "\(zones.kind.words) \(zones.names[zone])" }

    private func exposed(in occupancy: Occupancy, arrival: Arrival? = nil, off: Set<Int> = []) -> [Int] {
        let lost = lost(in: occupancy, arrival: arrival)
        return zones.names.indices.filter { zones.isKnown[$0] && atStart[$0] && !covers(lost[$0], of: $0, in: occupancy, arrival: arrival, off: off) }
    }

    /// By zone: whom its loss takes, the largest first; what is on its way is lost with either end.
    private func lost(in occupancy: Occupancy, arrival: Arrival? = nil) -> [[Int]] {
        var lost = [[Int]](repeating: [], count: zones.names.count)
        for domain in order where !homes[domain].isEmpty {
            let here = zones.of[occupancy.at[domain]]
            lost[here].append(domain)
            let there = occupancy.arriving[domain].map { zones.of[$0] }
            if let there, there != here { lost[there].append(domain) }
            guard let arrival, arrival.domain == domain else { continue }
            let target = zones.of[arrival.target]
            if target != here, target != there { lost[target].append(domain) }
        }
        return lost
    }

    /// Whether all that a zone's loss takes finds room.
    private func covers(_ lost: [Int], of zone: Int, in occupancy: Occupancy, arrival: Arrival? = nil, off: Set<Int> = []) -> Bool {
        guard let first = hard.first, !lost.isEmpty else { return true }
        let problem = occupancy.fleet.problem
        let count = problem.resources.count
        var used = occupancy.used
        if let arrival { for resource in hard { used[arrival.target * count + resource] += problem.domains[arrival.domain].high[resource] } }
        // By blade, of the first hard resource.
        var free = problem.blades.indices.map { problem.blades[$0].capacity[first] - used[$0 * count + first] }
        for domain in lost {
            var best = -1
            for blade in homes[domain] where blade >= 0 && (best < 0 || free[blade] > free[best]) && zones.of[blade] != zone && !off.contains(blade) {
                best = blade
            }
            guard best >= 0 else { return false }
            let demand = problem.domains[domain].high
            for resource in hard {
                guard demand[resource] == 0 || used[best * count + resource] + demand[resource] <= problem.blades[best].capacity[resource] else { return false }
                used[best * count + resource] += demand[resource]
            }
            free[best] -= demand[first]
        }
        return true
    }
}
