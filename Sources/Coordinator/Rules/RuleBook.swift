import PodpModel

/// Every rule that a problem's placements keep: podp's own and the operator's.
struct RuleBook {
    let rules: [any PlacementRule]

    init(_ fleet: Fleet) {
        let own: [any PlacementRule] = [Capacity(), MemoryWhileMoving(), CPUFeatures(), Bridges(), SharedStorage(), Acceptance(), Mobility()]
        rules = own + fleet.problem.rules.map { Self.rule($0, fleet) }
    }

    private static func rule(_ rule: Rule, _ fleet: Fleet) -> any PlacementRule {
        switch rule.kind {
        case .apart(let members): Apart(name: rule.name, members: members, fleet: fleet)
        case .together(let members): Together(name: rule.name, members: members, fleet: fleet)
        case .onlyOn(let members, let blades): BladeSet(name: rule.name, members: members, blades: blades, inside: true, fleet: fleet)
        case .neverOn(let members, let blades): BladeSet(name: rule.name, members: members, blades: blades, inside: false, fleet: fleet)
        }
    }

    func objections(to arrival: Arrival, in occupancy: Occupancy, step: Int) -> [Violation] {
        rules.flatMap { rule in
            rule.objections(to: arrival, in: occupancy).map { Violation(step: step, rule: rule.name, sentence: $0) }
        }
    }
}

extension Rule {
    /// The rule in words: `db-1 and db-2 run on different blades`. Domains and blades that the problem does not know are named by id.
    public func sentence(in problem: Problem) -> String {
        let domains = { (ids: [DomainID]) in list(ids.map { id in problem.domains.first { $0.id == id }?.name ?? id.description }) }
        let blades = { (ids: [BladeID]) in list(ids.map { id in problem.blades.first { $0.id == id }?.name ?? id.description }) }
        return switch kind {
        case .apart(let members): "\(domains(members)) run on different blades"
        case .together(let members): "\(domains(members)) run on one blade"
        case .onlyOn(let members, let allowed): "\(domains(members)) run on \(blades(allowed)) only"
        case .neverOn(let members, let forbidden): "\(domains(members)) never run on \(blades(forbidden))"
        }
    }
}
