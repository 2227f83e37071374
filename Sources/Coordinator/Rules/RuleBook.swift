import PodpModel

/// Every rule that a problem's placements keep: podp's own and the operator's.
struct RuleBook {
    let rules: [any PlacementRule]

    /// Those with a price are wishes: they forbid nothing.
    init(_ fleet: Fleet) {
        let own: [any PlacementRule] = [Capacity(), MemoryWhileMoving(), CPUFeatures(), Bridges(), SharedStorage(), Acceptance(), Mobility()]
        rules = own + fleet.problem.rules.filter { $0.price == nil }.map { Self.rule($0, fleet) }
    }

    static func rule(_ rule: Rule, _ fleet: Fleet) -> any PlacementRule {
        switch rule.kind {
        case .apart(let members): Apart(name: rule.name, members: members, fleet: fleet)
        case .together(let members): Together(name: rule.name, members: members, fleet: fleet)
        case .onlyOn(let members, let blades): BladeSet(name: rule.name, members: members, blades: blades, inside: true, fleet: fleet)
        case .neverOn(let members, let blades): BladeSet(name: rule.name, members: members, blades: blades, inside: false, fleet: fleet)
        case .spread(let members, let zone, let least): Spread(name: rule.name, members: members, over: zone, atLeast: least, fleet: fleet)
        case .near(let members, let zone): Near(name: rule.name, members: members, within: zone, fleet: fleet)
        case .exclusive(let members): Exclusive(name: rule.name, members: members, fleet: fleet)
        case .survive(let zone): Survival(name: rule.name, zone, fleet: fleet)
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
        let text =
            switch kind {
            case .apart(let members): "\(domains(members)) run on different blades"
            case .together(let members): "\(domains(members)) run on one blade"
            case .onlyOn(let members, let allowed): "\(domains(members)) run on \(blades(allowed)) only"
            case .neverOn(let members, let forbidden): "\(domains(members)) never run on \(blades(forbidden))"
            case .spread(let members, let zone, let least): "\(domains(members)) run in at least \(least) \(zone.pluralWords)"
            case .near(let members, let zone): "\(domains(members)) run in one \(zone.words)"
            case .exclusive(let members): "\(domains(members)) \(members.count == 1 ? "shares its blade" : "share their blades") with nobody"
            case .survive(let zone): "the loss of any one \(zone.words) leaves room for its domains elsewhere"
            }
        return price.map { "\(text), if that does not cost more than \($0)" } ?? text
    }
}

/// How far a placement breaks the operator's rules, hard ones and wishes.
public enum RuleMeter {
    public struct Reading: Hashable, Sendable {
        public var rule: Rule
        /// Members too many on a blade, zones too few, zones whose loss cannot be borne.
        public var units: Int
        /// A sentence for each breach.
        public var sentences: [String]
    }

    /// By rule of the problem, in its order; nothing where the problem is malformed.
    public static func readings(of problem: Problem) -> [Reading] {
        guard let fleet = try? Fleet(problem) else { return [] }
        let places = problem.domains.map(\.blade)
        return problem.rules.map { rule in
            let checker = RuleBook.rule(rule, fleet)
            return Reading(rule: rule, units: checker.units(places, in: fleet), sentences: checker.broken(in: fleet))
        }
    }
}
