import PodpModel

extension CoordinatorCore {
    /// What a blade falls with: its power domain, as its chassis tells, and its switch module, as an operator does.
    func zones(of id: BladeID) -> [Zone: String] { zones(of: id, at: seat(of: id)) }

    func zones(of id: BladeID, at place: Place?) -> [Zone: String] {
        var zones: [Zone: String] = [:]
        if let name = decided.blades[id]?.switchModule { zones[.network] = name }
        if let place, let number = chassis[place.chassis]?.inventory?.bay(place.bay)?.powerDomain {
            zones[.power] = "\(place.chassis) power domain \(number)"
        }
        return zones
    }

    /// The owners' rules, from their domains' files, and the operators' N+1.
    /// - Parameters:
    ///   - least: members that a group has at least; of one alone nothing can be broken, but others may be to join it.
    ///   - despitePolicy: hard N+1 is a wish, as dear as a hard rule that is broken.
    func rules(on ids: [BladeID], atLeast least: Int = 2, despitePolicy: Bool = false) -> [Rule] {
        var groups = RuleGroups()
        var rules: [Rule] = []
        for id in decided.domains.keys.sorted() {
            guard let definition = decided.domains[id]?.definition else { continue }
            groups.add(id, definition.policy)
            rules += bladeRules(of: definition, on: ids)
        }
        return rules + groups.rules(atLeast: least)
            + (decided.settings.survive ?? []).map {
                Rule(name: "N+1: \($0.zone.rawValue)", kind: .survive($0.zone), price: $0.price ?? (despitePolicy ? 5 : nil))
            }
    }

    /// Where its own file lets a domain run.
    func bladeRules(of definition: DomainDefinition, on ids: [BladeID]) -> [Rule] {
        func blades(_ named: [String]) -> [BladeID] { ids.filter { named.contains(name(of: $0)) || named.contains($0.description) } }
        let prices = Dictionary(definition.policy.prices.compactMap(GroupPrice.init).map { ($0.group, $0.price) }, uniquingKeysWith: max)
        let (only, never) = (definition.policy.onlyOn, definition.policy.neverOn)
        var rules: [Rule] = []
        if !only.isEmpty {
            rules.append(
                Rule(
                    name: "\(definition.name) only on \(only.joined(separator: ", "))", kind: .onlyOn([definition.id], blades: blades(only)),
                    price: prices["only_on"]))
        }
        if !never.isEmpty {
            rules.append(
                Rule(
                    name: "\(definition.name) never on \(never.joined(separator: ", "))", kind: .neverOn([definition.id], blades: blades(never)),
                    price: prices["never_on"]))
        }
        return rules
    }
}

/// Domains by the groups that their files name.
struct RuleGroups {
    private enum Kind: Hashable { case apart, together, exclusive, near(Zone), spread(Zone) }
    private struct Key: Hashable {
        var kind: Kind
        var group: String
    }

    private var order: [Key] = []
    private var members: [Key: [DomainID]] = [:]
    private var atLeast: [Key: Int] = [:]
    private var prices: [String: Double] = [:]

    mutating func add(_ id: DomainID, _ policy: DomainPolicy) {
        for group in policy.apart { join(id, .apart, group) }
        for group in policy.together { join(id, .together, group) }
        for group in policy.exclusive { join(id, .exclusive, group) }
        for group in policy.near.compactMap(ZoneGroup.init) { join(id, .near(group.zone), group.group) }
        for group in policy.spread.compactMap(ZoneGroup.init) {
            join(id, .spread(group.zone), group.group)
            atLeast[Key(kind: .spread(group.zone), group: group.group), default: 2] = max(
                atLeast[Key(kind: .spread(group.zone), group: group.group)] ?? 2, group.atLeast)
        }
        addPrices(of: policy)
    }

    /// Where two files differ the higher price goes.
    mutating func addPrices(of policy: DomainPolicy) {
        for price in policy.prices.compactMap(GroupPrice.init) { prices[price.group] = max(prices[price.group] ?? 0, price.price) }
    }

    private mutating func join(_ id: DomainID, _ kind: Kind, _ group: String) {
        let key = Key(kind: kind, group: group)
        if members[key] == nil { order.append(key) }
        if members[key]?.last != id { members[key, default: []].append(id) }
    }

    func rules(atLeast least: Int = 2) -> [Rule] {
        let found = order.compactMap { key -> Rule? in
            let members = members[key] ?? []
            let price = prices[key.group]
            switch key.kind {
            case .exclusive: return Rule(name: "exclusive: \(key.group)", kind: .exclusive(members), price: price)
            case _ where members.count < least: return nil
            case .apart: return Rule(name: "apart: \(key.group)", kind: .apart(members), price: price)
            case .together: return Rule(name: "together: \(key.group)", kind: .together(members), price: price)
            case .near(let zone): return Rule(name: "near: \(key.group) (\(zone.rawValue))", kind: .near(members, within: zone), price: price)
            case .spread(let zone):
                return Rule(
                    name: "spread: \(key.group) (\(zone.rawValue))", kind: .spread(members, over: zone, atLeast: self.atLeast[key] ?? 2), price: price)
            }
        }
        return found.sorted { $0.name < $1.name }
    }
}
