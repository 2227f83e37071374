import PodpModel

/// All of a group on one blade: for all members a, b, blade(a) = blade(b).
///
/// Domains move one by one, so a group on its way is split between two blades for a while. That is allowed if the plan moves it whole; never between three,
/// and a group that was split before is never split further. (BtrPlace calls such a rule discrete: it holds at the ends.)
struct Together: PlacementRule {
    let name: String
    /// Domains' indices, sorted, each once.
    let members: [Int]

    init(name: String, members: [DomainID], fleet: Fleet) {
        self.name = name
        self.members = fleet.indices(of: members)
    }

    func broken(in fleet: Fleet) -> [String] {
        let blades = Set(members.map { fleet.problem.domains[$0].blade })
        guard blades.count > 1 else { return [] }
        return ["\(names(in: fleet)) are to run together (\(name)), and run on \(list(blades.sorted().map { fleet.problem.blades[$0].name }))"]
    }

    /// Blades too many.
    func units(_ at: [Int], in fleet: Fleet) -> Int { max(0, Set(members.map { at[$0] }).count - 1) }

    func objections(to arrival: Arrival, in occupancy: Occupancy) -> [String] {
        guard members.contains(arrival.domain) else { return [] }
        var blades: Set<Int> = [arrival.target]
        for member in members {
            blades.insert(occupancy.at[member])
            if let target = occupancy.arriving[member] { blades.insert(target) }
        }
        guard blades.count > max(2, bladesAtStart(occupancy.fleet)) else { return [] }
        return [
            "\(names(in: occupancy.fleet)) are to run together (\(name)), and would be spread over "
                + list(blades.sorted().map { occupancy.fleet.problem.blades[$0].name })
        ]
    }

    func leftBroken(at end: Occupancy) -> [String] {
        let blades = Set(members.map { end.at[$0] })
        guard blades.count > max(1, bladesAtStart(end.fleet)) else { return [] }
        return [
            "\(names(in: end.fleet)) are to run together (\(name)), and are left on \(list(blades.sorted().map { end.fleet.problem.blades[$0].name }))"
        ]
    }

    private func bladesAtStart(_ fleet: Fleet) -> Int { Set(members.map { fleet.problem.domains[$0].blade }).count }
    private func names(in fleet: Fleet) -> String { list(members.map { fleet.problem.domains[$0].name }) }
}
