import PodpModel

/// The operator's rules as counts that a move changes in O(1): how many units each is broken by, and what that weighs.
///
/// Every rule is weighed: wishes with their price, hard ones with `Weights.broken`, so that what is broken is mended where that can be done. Hard ones are
/// guarded besides: no move breaks one by more. What `Reach`, `Bundles` and `Placement.meets` forbid by themselves is not guarded twice; N+1 is `Cover`'s.
final class RuleTerms: Sendable {
    enum Shape: UInt8, Sendable { case apart, gathered, spread, places, exclusive }

    let count: Int
    let blades: Int
    /// Zones that a term may have: one a blade, and two at least.
    let stride: Int
    let shape: [Shape]
    let price: [Double]
    let isGuarded: [Bool]
    /// Of a spread: how many zones are wanted.
    let wanted: [Int]
    /// By term and blade: its zone; of `places` 1 where members are not to be.
    let zone: [Int]
    /// By item: positions in `terms` and `shares`.
    let ofItem: Grouping
    /// The term, and how many of the item's domains are its members.
    let terms: [Int]
    let shares: [Int]
    let exclusive: [Int]
    /// By item: domains.
    let size: [Int]
    /// By blade: 1 where something runs that podp does not manage.
    let strangers: [Int]

    init(_ problem: Problem, bundles: Bundles, weights: Weights) {
        blades = problem.blades.count
        stride = max(2, blades)
        strangers = problem.blades.map { $0.reserved.contains { $0 > 0 } ? 1 : 0 }
        size = bundles.items.map(\.count)
        var shape: [Shape] = []
        var price: [Double] = []
        var isGuarded: [Bool] = []
        var wanted: [Int] = []
        var zone: [Int] = []
        var membership = [[(term: Int, share: Int)]](repeating: [], count: bundles.items.count)
        for rule in problem.rules {
            let members: [DomainID]
            let row: [Int]
            var least = 0
            switch rule.kind {
            case .apart(let ids): (members, row) = (ids, Array(problem.blades.indices))
            case .together(let ids): (members, row) = (ids, Array(problem.blades.indices))
            case .near(let ids, let kind): (members, row) = (ids, Self.zones(kind, problem, lumped: false))
            case .spread(let ids, let kind, let count): (members, row, least) = (ids, Self.zones(kind, problem, lumped: true), count)
            case .exclusive(let ids): (members, row) = (ids, Array(problem.blades.indices))
            case .onlyOn(let ids, let named):
                let allowed = Set(named)
                (members, row) = (ids, problem.blades.map { allowed.contains($0.id) ? 0 : 1 })
            case .neverOn(let ids, let named):
                let forbidden = Set(named)
                (members, row) = (ids, problem.blades.map { forbidden.contains($0.id) ? 1 : 0 })
            case .survive: continue
            }
            var shares: [Int: Int] = [:]
            let known = Set(members.compactMap { bundles.index[$0] })
            for domain in known { shares[bundles.itemOf[domain], default: 0] += 1 }
            guard !shares.isEmpty else { continue }
            for (item, share) in shares { membership[item].append((shape.count, share)) }
            let own: Shape =
                switch rule.kind {
                case .apart: .apart
                case .together, .near: .gathered
                case .spread: .spread
                case .exclusive: .exclusive
                case .onlyOn, .neverOn, .survive: .places
                }
            shape.append(own)
            price.append(rule.price.map { max(0, $0.isFinite ? $0 : 0) } ?? weights.broken)
            wanted.append(min(max(0, least), known.count))
            let isNear: Bool = if case .near = rule.kind { true } else { false }
            isGuarded.append(rule.price == nil && (isNear || own == .spread || own == .exclusive))
            zone += row
        }
        count = shape.count
        (self.shape, self.price, self.isGuarded, self.wanted, self.zone) = (shape, price, isGuarded, wanted, zone)
        exclusive = shape.indices.filter { shape[$0] == .exclusive }
        let flat = membership.map { $0.sorted { $0.term < $1.term } }
        terms = flat.flatMap { $0.map(\.term) }
        shares = flat.flatMap { $0.map(\.share) }
        var next = 0
        ofItem = Grouping(
            flat.map { list in
                defer { next += list.count }
                return Array(next..<next + list.count)
            })
    }

    /// By blade: its zone as an index below the number of blades.
    static func zones(_ kind: Zone, _ problem: Problem, lumped: Bool) -> [Int] {
        var index: [String: Int] = [:]
        var unknown: Int?
        return problem.blades.indices.map { blade in
            guard let name = problem.blades[blade].zone(kind) else {
                if lumped, let unknown { return unknown }
                unknown = blade
                return blade
            }
            if let known = index[name] { return known }
            index[name] = blade
            return blade
        }
    }
}

/// How many members of each rule are where, kept step by step.
struct RuleState {
    let terms: RuleTerms
    /// By term and zone.
    private var counts: [Int]
    /// By term: zones that hold a member.
    private var held: [Int]
    /// By blade: domains, where there are exclusive rules.
    private var population: [Int]

    init(_ terms: RuleTerms, at places: [Int]) {
        self.terms = terms
        counts = Array(repeating: 0, count: terms.count * terms.stride)
        held = Array(repeating: 0, count: terms.count)
        population = terms.strangers
        for item in places.indices { add(item, to: places[item]) }
    }

    /// Whether any move of the item changes anything here.
    @inline(__always)
    func concerns(_ item: Int) -> Bool { !terms.exclusive.isEmpty || !terms.ofItem.range(item).isEmpty }

    private mutating func add(_ item: Int, to blade: Int) {
        for position in terms.ofItem.range(item) {
            let term = terms.terms[position]
            let index = term * terms.stride + terms.zone[term * terms.blades + blade]
            if counts[index] == 0 { held[term] += 1 }
            counts[index] += terms.shares[position]
        }
        population[blade] += terms.size[item]
    }

    mutating func move(_ item: Int, from source: Int, to target: Int) {
        guard concerns(item), source != target else { return }
        for position in terms.ofItem.range(item) {
            let term = terms.terms[position]
            let index = term * terms.stride + terms.zone[term * terms.blades + source]
            counts[index] -= terms.shares[position]
            if counts[index] == 0 { held[term] -= 1 }
        }
        population[source] -= terms.size[item]
        add(item, to: target)
    }

    /// What all rules weigh as things are, summed anew.
    var cost: Double { (0..<terms.count).reduce(0) { $0 + terms.price[$1] * Double(units($1)) } }

    func units(_ term: Int) -> Int {
        let row = term * terms.stride..<(term + 1) * terms.stride
        switch terms.shape[term] {
        case .apart: return counts[row].reduce(0) { $0 + max(0, $1 - 1) }
        case .gathered: return max(0, held[term] - 1)
        case .spread: return max(0, terms.wanted[term] - held[term])
        case .places: return counts[row.lowerBound + 1]
        case .exclusive:
            return (0..<terms.blades).reduce(0) { sum, blade in
                counts[row.lowerBound + blade] > 0 ? sum + population[blade] - counts[row.lowerBound + blade] : sum
            }
        }
    }

    /// What a move would add to what the rules weigh; `nil` where it would break a guarded one by more.
    func change(_ item: Int, from source: Int, to target: Int) -> Double? {
        guard source != target else { return 0 }
        var change = 0.0
        for position in terms.ofItem.range(item) {
            let term = terms.terms[position]
            let (shape, share) = (terms.shape[term], terms.shares[position])
            guard shape != .exclusive else { continue }
            let row = term * terms.stride
            let (here, there) = (terms.zone[term * terms.blades + source], terms.zone[term * terms.blades + target])
            guard here != there else { continue }
            let (left, found) = (counts[row + here], counts[row + there])
            let zones = held[term] + (found == 0 ? 1 : 0) - (left == share ? 1 : 0)
            let units: Int
            switch shape {
            case .apart: units = max(0, left - share - 1) + max(0, found + share - 1) - max(0, left - 1) - max(0, found - 1)
            case .gathered:
                units = max(0, zones - 1) - max(0, held[term] - 1)
                // Not even on its way into one zone more, unless it is the whole group.
                if terms.isGuarded[term], found == 0, left != share || held[term] > 1 { return nil }
            case .spread: units = max(0, terms.wanted[term] - zones) - max(0, terms.wanted[term] - held[term])
            case .places: units = there == 1 ? share : -share
            case .exclusive: units = 0
            }
            if units > 0, terms.isGuarded[term] { return nil }
            change += terms.price[term] * Double(units)
        }
        for term in terms.exclusive {
            let row = term * terms.stride
            let share = members(of: term, in: item)
            let size = terms.size[item]
            let (left, found) = (counts[row + source], counts[row + target])
            if terms.isGuarded[term] {
                // Members meet no stranger, strangers no member; those who move as one meet each other.
                if share > 0, population[target] > found || share < size { return nil }
                if share < size, found > 0 { return nil }
            }
            let before = (left > 0 ? population[source] - left : 0) + (found > 0 ? population[target] - found : 0)
            let (leftAfter, foundAfter) = (left - share, found + share)
            let after =
                (leftAfter > 0 ? population[source] - size - leftAfter : 0) + (foundAfter > 0 ? population[target] + size - foundAfter : 0)
            change += terms.price[term] * Double(after - before)
        }
        return change
    }

    private func members(of term: Int, in item: Int) -> Int {
        for position in terms.ofItem.range(item) where terms.terms[position] == term { return terms.shares[position] }
        return 0
    }
}
