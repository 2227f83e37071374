import PodpModel

/// Those whose groups say where a domain may run. They are the same for every blade, and to find them takes the whole fleet.
struct Neighbours {
    /// Groups that are wishes. One member's file is enough for a price, as in a plan's rules.
    var wishes: Set<String> = []
    /// Share a group with it, or their blade with nobody; with where each is, or is going to; by id.
    var close: [(domain: ManagedDomain, place: BladeID)] = []
    /// Hard groups that spread over zones or stay within one, and where everybody is; of a domain that is in one.
    var zoned: [Rule] = []
    var places: [DomainID: BladeID] = [:]
}

extension CoordinatorCore {
    func neighbours(of domain: ManagedDomain) -> Neighbours {
        let policy = domain.definition.policy
        var found = Neighbours()
        let isZoned = !policy.spread.isEmpty || !policy.near.isEmpty
        var groups = RuleGroups()
        if isZoned { groups.add(domain.id, policy) }
        found.wishes.formUnion(policy.prices.compactMap(GroupPrice.init).map(\.group))
        for other in (isZoned ? decided.domains.values.sorted { $0.id < $1.id } : Array(decided.domains.values)) where other.id != domain.id {
            let others = other.definition.policy
            if isZoned { groups.addPrices(of: others) }
            if !others.prices.isEmpty { found.wishes.formUnion(others.prices.compactMap(GroupPrice.init).map(\.group)) }
            guard other.wish == .running, let place = destination(of: other) else { continue }
            if isZoned {
                found.places[other.id] = place
                groups.add(other.id, others)
            }
            let isClose =
                !policy.exclusive.isEmpty || !others.exclusive.isEmpty || policy.apart.contains(where: others.apart.contains)
                || policy.together.contains(where: others.together.contains)
            if isClose { found.close.append((other, place)) }
        }
        found.close.sort { $0.domain.id < $1.domain.id }
        found.zoned = groups.rules().filter { $0.price == nil }
        return found
    }

    func groupProblem(_ domain: ManagedDomain, on id: BladeID, among neighbours: Neighbours) -> String? {
        let policy = domain.definition.policy
        let wishes = neighbours.wishes
        for (other, place) in neighbours.close {
            let others = other.definition.policy
            if place == id,
                let group = (policy.exclusive + others.exclusive).first(where: { group in
                    !wishes.contains(group) && !(policy.exclusive.contains(group) && others.exclusive.contains(group))
                })
            {
                return "\(other.definition.name) is there, and one of them shares its blade with nobody (\(group))"
            }
            if place == id, let group = policy.apart.first(where: { others.apart.contains($0) && !wishes.contains($0) }) {
                return "\(other.definition.name) is there, and they stay apart (\(group))"
            }
            if place != id, let group = policy.together.first(where: { others.together.contains($0) && !wishes.contains($0) }) {
                return "\(other.definition.name) is on \(name(of: place)), and they stay together (\(group))"
            }
        }
        return zoneProblem(domain, on: id, among: neighbours)
    }

    /// Hard groups that spread over zones or stay within one, counted as they would be with the domain there.
    private func zoneProblem(_ domain: ManagedDomain, on id: BladeID, among neighbours: Neighbours) -> String? {
        let places = neighbours.places
        for rule in neighbours.zoned {
            switch rule.kind {
            case .spread(let members, let zone, let least) where members.contains(domain.id):
                let others = members.compactMap { places[$0] }
                // Blades whose zone is unknown count as one.
                let held = Set(others.map { zoneName(zone, of: $0) ?? "" })
                let here = zoneName(zone, of: id) ?? ""
                // One zone more is as good as it can be.
                guard !others.isEmpty, held.contains(here), held.count < min(least, others.count + 1) else { continue }
                let place =
                    here.isEmpty
                    ? "which \(zone.words) it is in is not known"
                    : "\(names(of: members, in: places)) \(others.count == 1 ? "is" : "are") in \(list(held, zone))"
                return "\(place), and they run in \(min(least, others.count + 1)) \(zone.pluralWords) or more (\(rule.name))"
            case .near(let members, let zone) where members.contains(domain.id):
                let others = members.compactMap { places[$0] }
                let here = zoneName(zone, of: id)
                guard !others.isEmpty, !others.contains(where: { $0 == id || (here != nil && zoneName(zone, of: $0) == here) }) else { continue }
                let held = Set(others.map { zoneName(zone, of: $0) ?? "" })
                return
                    "\(names(of: members, in: places)) \(others.count == 1 ? "is" : "are") in \(list(held, zone)), and they stay in one \(zone.words) (\(rule.name))"
            default: continue
            }
        }
        return nil
    }

    func zoneName(_ zone: Zone, of id: BladeID) -> String? {
        switch zone {
        case .blade: name(of: id)
        case .chassis: decided.blades[id].map(\.chassis).flatMap { $0.isEmpty ? nil : $0 }
        case .power, .network: zones(of: id)[zone]
        }
    }

    private func names(of members: [DomainID], in places: [DomainID: BladeID]) -> String {
        members.filter { places[$0] != nil }.prefix(6).compactMap { decided.domains[$0]?.definition.name }.joined(separator: ", ")
    }

    private func list(_ held: Set<String>, _ zone: Zone) -> String {
        held.sorted().prefix(4).map { $0.isEmpty ? "an unknown \(zone.words)" : $0 }.joined(separator: ", ")
    }

    /// Where a domain is, or is going to.
    private func destination(of domain: ManagedDomain) -> BladeID? {
        decided.openOperation(of: domain.id)?.destination ?? domain.blade
    }
}
