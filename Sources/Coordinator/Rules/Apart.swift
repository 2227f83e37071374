import PodpModel

/// No two of a group on one blade: for all members a ≠ b, blade(a) ≠ blade(b). One that is on its way counts at both ends.
struct Apart: PlacementRule {
    let name: String
    /// Domains' indices, sorted, each once.
    let members: [Int]

    init(name: String, members: [DomainID], fleet: Fleet) {
        self.name = name
        self.members = fleet.indices(of: members)
    }

    func broken(in fleet: Fleet) -> [String] {
        let domains = fleet.problem.domains
        let shared = Dictionary(grouping: members) { domains[$0].blade }.filter { $1.count > 1 }
        return shared.sorted { $0.key < $1.key }.map { blade, members in
            "\(list(members.map { domains[$0].name })) are to run apart (\(name)), and all run on \(fleet.problem.blades[blade].name)"
        }
    }

    /// Those too many on each blade.
    func units(_ at: [Int], in fleet: Fleet) -> Int { Dictionary(grouping: members) { at[$0] }.values.reduce(0) { $0 + $1.count - 1 } }

    func objections(to arrival: Arrival, in occupancy: Occupancy) -> [String] {
        guard members.contains(arrival.domain) else { return [] }
        let problem = occupancy.fleet.problem
        return members.filter { $0 != arrival.domain && occupancy.mayBe($0, on: arrival.target) }.map { other in
            let tense = occupancy.isUnderWay(other) ? (occupancy.at[other] == arrival.target ? "has not left" : "is on its way to") : "runs on"
            return "\(problem.domains[arrival.domain].name) and \(problem.domains[other].name) are to run apart (\(name)), "
                + "and \(problem.domains[other].name) \(tense) \(problem.blades[arrival.target].name)"
        }
    }
}

extension Fleet {
    /// The known ones' indices, sorted, each once: rules may speak of domains that do not run now.
    func indices(of domains: [DomainID]) -> [Int] { Set(domains.compactMap { domainIndex[$0] }).sorted() }
}
