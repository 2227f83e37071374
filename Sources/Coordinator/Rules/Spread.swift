import PodpModel

/// In at least k zones: |{zone(blade(a))}| ≥ min(k, members). Blades whose zone is unknown count as one zone.
///
/// One that is on its way is at either end, whichever makes fewer zones. A group in too few zones may be in no fewer.
struct Spread: PlacementRule {
    let name: String
    /// Domains' indices, sorted, each once.
    let members: [Int]
    let zones: Zones
    let wanted: Int
    private let atStart: Int

    init(name: String, members: [DomainID], over kind: Zone, atLeast: Int, fleet: Fleet) {
        self.name = name
        self.members = fleet.indices(of: members)
        zones = Zones(kind, of: fleet, lumped: true)
        wanted = min(max(0, atLeast), self.members.count)
        atStart = Set(self.members.map { [zones] in zones.of[fleet.problem.domains[$0].blade] }).count
    }

    func units(_ at: [Int], in fleet: Fleet) -> Int { max(0, wanted - Set(members.map { zones.of[at[$0]] }).count) }

    func broken(in fleet: Fleet) -> [String] {
        guard atStart < wanted else { return [] }
        let held = Set(members.map { zones.of[fleet.problem.domains[$0].blade] }).sorted()
        return ["\(names(fleet)) are to run in \(wanted) \(zones.kind.pluralWords) or more (\(name)), and run in \(list(held.map { zones.names[$0] })) only"]
    }

    func objections(to arrival: Arrival, in occupancy: Occupancy) -> [String] {
        guard members.contains(arrival.domain) else { return [] }
        var certain: Set<Int> = []
        var choices: [(Int, Int)] = []
        for member in members {
            let here = zones.of[occupancy.at[member]]
            let target = member == arrival.domain ? arrival.target : occupancy.arriving[member]
            let there = target.map { zones.of[$0] } ?? here
            if here == there { certain.insert(here) } else { choices.append((here, there)) }
        }
        let least = Self.fewest(certain, choices[...])
        guard least < min(wanted, atStart) else { return [] }
        return [
            "\(names(occupancy.fleet)) are to run in \(wanted) \(zones.kind.pluralWords) or more (\(name)), and would be in \(least) "
                + "with \(occupancy.fleet.problem.domains[arrival.domain].name) on \(occupancy.fleet.problem.blades[arrival.target].name)"
        ]
    }

    /// The fewest zones that those may come to be in; of more than 12 under way, fewer than there can be.
    private static func fewest(_ held: Set<Int>, _ choices: ArraySlice<(Int, Int)>) -> Int {
        let open = choices.filter { !held.contains($0.0) && !held.contains($0.1) }
        guard let first = open.first else { return max(held.count, 0) }
        if open.count > 12 { return held.count + 1 }
        return min(fewest(held.union([first.0]), open.dropFirst()), fewest(held.union([first.1]), open.dropFirst()))
    }

    private func names(_ fleet: Fleet) -> String { list(members.map { fleet.problem.domains[$0].name }) }
}

/// All within one zone: zone(blade(a)) = zone(blade(b)). Blades whose zone is unknown are near to nobody.
///
/// Domains move one by one, so a group on its way is in two zones for a while if the plan moves it whole; never in three, and never in more than before.
struct Near: PlacementRule {
    let name: String
    /// Domains' indices, sorted, each once.
    let members: [Int]
    let zones: Zones
    private let atStart: Int

    init(name: String, members: [DomainID], within kind: Zone, fleet: Fleet) {
        self.name = name
        self.members = fleet.indices(of: members)
        zones = Zones(kind, of: fleet, lumped: false)
        atStart = Set(self.members.map { [zones] in zones.of[fleet.problem.domains[$0].blade] }).count
    }

    func units(_ at: [Int], in fleet: Fleet) -> Int { max(0, Set(members.map { zones.of[at[$0]] }).count - 1) }

    func broken(in fleet: Fleet) -> [String] { sentence(fleet, Set(members.map { zones.of[fleet.problem.domains[$0].blade] }), allowed: 1, "run in") }

    func objections(to arrival: Arrival, in occupancy: Occupancy) -> [String] {
        guard members.contains(arrival.domain) else { return [] }
        var held: Set<Int> = [zones.of[arrival.target]]
        for member in members {
            held.insert(zones.of[occupancy.at[member]])
            if let target = occupancy.arriving[member] { held.insert(zones.of[target]) }
        }
        return sentence(occupancy.fleet, held, allowed: max(2, atStart), "would be in")
    }

    func leftBroken(at end: Occupancy) -> [String] { sentence(end.fleet, Set(members.map { zones.of[end.at[$0]] }), allowed: max(1, atStart), "are left in") }

    private func sentence(_ fleet: Fleet, _ held: Set<Int>, allowed: Int, _ verb: String) -> [String] {
        guard held.count > allowed else { return [] }
        let names = list(members.map { fleet.problem.domains[$0].name })
        return ["\(names) are to run in one \(zones.kind.words) (\(name)), and \(verb) \(list(held.sorted().map { zones.names[$0] }))"]
    }
}

/// Nobody else on their blades: blade(a) = blade(b), a a member ⇒ b a member. What podp does not manage is somebody else.
struct Exclusive: PlacementRule {
    let name: String
    /// Domains' indices, sorted, each once.
    let members: [Int]
    private let isMember: [Bool]

    init(name: String, members: [DomainID], fleet: Fleet) {
        self.name = name
        self.members = fleet.indices(of: members)
        var isMember = [Bool](repeating: false, count: fleet.problem.domains.count)
        for member in self.members { isMember[member] = true }
        self.isMember = isMember
    }

    /// Strangers on members' blades; what podp does not manage counts as one a blade.
    func units(_ at: [Int], in fleet: Fleet) -> Int {
        let taken = Set(members.map { at[$0] })
        return at.indices.count { !isMember[$0] && taken.contains(at[$0]) } + taken.count { Self.holdsOthers(fleet.problem.blades[$0]) }
    }

    private static func holdsOthers(_ blade: Problem.Blade) -> Bool { blade.reserved.contains { $0 > 0 } }

    func broken(in fleet: Fleet) -> [String] {
        let problem = fleet.problem
        return Set(members.map { problem.domains[$0].blade }).sorted().compactMap { blade in
            let here = problem.domains.indices.filter { problem.domains[$0].blade == blade }
            var strangers = here.filter { !isMember[$0] }.map { problem.domains[$0].name }
            if Self.holdsOthers(problem.blades[blade]) { strangers.append("what podp does not manage") }
            guard !strangers.isEmpty else { return nil }
            return "\(list(here.filter { isMember[$0] }.map { problem.domains[$0].name })) are to share \(problem.blades[blade].name) with nobody (\(name)), "
                + "and \(list(strangers)) run there"
        }
    }

    func objections(to arrival: Arrival, in occupancy: Occupancy) -> [String] {
        guard !members.isEmpty else { return [] }
        let problem = occupancy.fleet.problem
        let (domain, blade) = (problem.domains[arrival.domain], problem.blades[arrival.target])
        if isMember[arrival.domain], Self.holdsOthers(blade) {
            return ["\(domain.name) is to share its blade with nobody (\(name)), and \(blade.name) holds what podp does not manage"]
        }
        let others = isMember.indices.filter { other in
            other != arrival.domain && isMember[other] != isMember[arrival.domain] && occupancy.mayBe(other, on: arrival.target)
        }
        guard !others.isEmpty else { return [] }
        let names = list(others.map { problem.domains[$0].name })
        if isMember[arrival.domain] { return ["\(domain.name) is to share its blade with nobody (\(name)), and \(names) may be on \(blade.name)"] }
        return ["\(blade.name) is for \(names) alone (\(name)), and \(domain.name) is sent there"]
    }
}
