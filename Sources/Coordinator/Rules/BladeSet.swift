import PodpModel

/// Only on, or never on, a set of blades: blade(a) ∈ S, or blade(a) ∉ S.
struct BladeSet: PlacementRule {
    let name: String
    /// Domains' indices, sorted, each once.
    let members: [Int]
    let blades: Set<BladeID>
    /// `onlyOn` when true, `neverOn` when false.
    let inside: Bool

    init(name: String, members: [DomainID], blades: [BladeID], inside: Bool, fleet: Fleet) {
        self.name = name
        self.members = fleet.indices(of: members)
        self.blades = Set(blades)
        self.inside = inside
    }

    func broken(in fleet: Fleet) -> [String] {
        members.compactMap { member in
            let domain = fleet.problem.domains[member]
            let blade = fleet.problem.blades[domain.blade]
            return allows(blade.id) ? nil : "\(domain.name) runs on \(blade.name), where it \(inside ? "is not to" : "is never to") run (\(name))"
        }
    }

    /// Domains where they are not to be.
    func units(_ at: [Int], in fleet: Fleet) -> Int { members.count { !allows(fleet.problem.blades[at[$0]].id) } }

    func objections(to arrival: Arrival, in occupancy: Occupancy) -> [String] {
        let problem = occupancy.fleet.problem
        let blade = problem.blades[arrival.target]
        guard members.contains(arrival.domain), !allows(blade.id) else { return [] }
        let domain = problem.domains[arrival.domain].name
        guard inside else { return ["\(domain) is never to run on \(blade.name) (\(name))"] }
        let allowed = problem.blades.filter { blades.contains($0.id) }.map(\.name)
        return ["\(domain) is to run on \(allowed.isEmpty ? "no blade that is here" : list(allowed)) only, not on \(blade.name) (\(name))"]
    }

    private func allows(_ blade: BladeID) -> Bool { blades.contains(blade) == inside }
}
