import PodpModel

/// The operator's rules as counts that a move changes in O(1): how many units each is broken by, and what that weighs.
///
/// Every rule is weighed: wishes with their price, hard ones with `Weights.broken`, so that what is broken is mended where that can be done. Hard ones are
/// guarded besides: no move breaks one by more. What `Reach`, `Bundles` and `Placement.meets` forbid by themselves is not guarded twice; N+1 is `Cover`'s.
final class RuleTerms: Sendable {
    enum Shape: UInt8, Sendable { case apart, gathered, spread, places, exclusive }

    let count: Int
    let blades: Int
    /// By term: what its rule is called.
    let names: [String]
    let shape: [Shape]
    let price: [Double]
    let isGuarded: [Bool]
    /// Of a spread: how many zones are wanted.
    let wanted: [Int]
    /// Rows by blade: its zone; of `places` 1 where members are not to be. Terms that ask for the same zones share a row.
    private let zone: [Int]
    /// By term: where its row begins.
    private let row: [Int]
    /// By term: where its counts begin in a `RuleState`, and one more for the end. A term that has a place for every zone has them in order; one of few items
    /// has a place for as many zones as they can be in.
    let counts: [Int]
    let isDense: [Bool]
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
        // One a blade, and two at least.
        let stride = max(2, blades)
        strangers = problem.blades.map { $0.reserved.contains { $0 > 0 } ? 1 : 0 }
        size = bundles.items.map(\.count)
        var names: [String] = []
        var shape: [Shape] = []
        var price: [Double] = []
        var isGuarded: [Bool] = []
        var wanted: [Int] = []
        var zones = ZoneRows(problem)
        var starts: [Int] = []
        var counts = [0]
        var isDense: [Bool] = []
        var membership = [[(term: Int, share: Int)]](repeating: [], count: bundles.items.count)
        for rule in problem.rules {
            let members: [DomainID]
            let row: Int
            var least = 0
            switch rule.kind {
            case .apart(let ids), .together(let ids), .exclusive(let ids): (members, row) = (ids, zones.row(.blade, lumped: false))
            case .near(let ids, let kind): (members, row) = (ids, zones.row(kind, lumped: false))
            case .spread(let ids, let kind, let count): (members, row, least) = (ids, zones.row(kind, lumped: true), count)
            case .onlyOn(let ids, let named):
                let allowed = Set(named)
                (members, row) = (ids, zones.add(problem.blades.map { allowed.contains($0.id) ? 0 : 1 }))
            case .neverOn(let ids, let named):
                let forbidden = Set(named)
                (members, row) = (ids, zones.add(problem.blades.map { forbidden.contains($0.id) ? 1 : 0 }))
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
            names.append(rule.name)
            shape.append(own)
            price.append(rule.price.map { max(0, $0.isFinite ? $0 : 0) } ?? weights.broken)
            wanted.append(min(max(0, least), known.count))
            let isNear: Bool = if case .near = rule.kind { true } else { false }
            isGuarded.append(rule.price == nil && (isNear || own == .spread || own == .exclusive))
            starts.append(row)
            // A search among few is faster than a row for each of many groups, which no cache holds.
            isDense.append(shares.count > 16 || stride <= 64)
            counts.append(counts[counts.count - 1] + (isDense[isDense.count - 1] ? stride : shares.count))
        }
        count = shape.count
        self.names = names
        (self.shape, self.price, self.isGuarded, self.wanted) = (shape, price, isGuarded, wanted)
        (zone, row, self.counts, self.isDense) = (zones.values, starts, counts, isDense)
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

    @inline(__always)
    func zone(_ term: Int, _ blade: Int) -> Int { zone[row[term] + blade] }

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

/// Zones by blade, each kind once.
private struct ZoneRows {
    private let problem: Problem
    private(set) var values: [Int] = []
    private var known: [String: Int] = [:]

    init(_ problem: Problem) { self.problem = problem }

    mutating func row(_ kind: Zone, lumped: Bool) -> Int {
        let name = "\(kind.rawValue) \(lumped)"
        if let row = known[name] { return row }
        let row = add(RuleTerms.zones(kind, problem, lumped: lumped))
        known[name] = row
        return row
    }

    mutating func add(_ row: [Int]) -> Int {
        values += row
        return values.count - row.count
    }
}

/// How many members of each rule are where, kept step by step.
struct RuleState {
    let terms: RuleTerms
    /// By term, as `RuleTerms.counts` says.
    private var counts: [Int]
    /// Whose count it is, where a term has not one for every zone; any where it is 0.
    private var zones: [Int]
    /// By term: zones that hold a member.
    private var held: [Int]
    /// By blade: domains, where there are exclusive rules.
    private var population: [Int]

    init(_ terms: RuleTerms, at places: [Int]) {
        self.terms = terms
        counts = Array(repeating: 0, count: terms.counts.last ?? 0)
        zones = Array(repeating: -1, count: counts.count)
        held = Array(repeating: 0, count: terms.count)
        population = terms.strangers
        for item in places.indices { add(item, to: places[item]) }
    }

    /// Whether any move of the item changes anything here.
    @inline(__always)
    func concerns(_ item: Int) -> Bool { !terms.exclusive.isEmpty || !terms.ofItem.range(item).isEmpty }

    /// Where the count of the zone is; `nil`: it is 0.
    @inline(__always)
    private func place(_ term: Int, _ zone: Int) -> Int? {
        let start = terms.counts[term]
        guard !terms.isDense[term] else { return start + zone }
        for index in start..<terms.counts[term + 1] where zones[index] == zone && counts[index] > 0 { return index }
        return nil
    }

    @inline(__always)
    private func members(_ term: Int, in zone: Int) -> Int { place(term, zone).map { counts[$0] } ?? 0 }

    /// Zone and members of each count that is not 0.
    private func counted(_ term: Int) -> [(zone: Int, members: Int)] {
        let range = terms.counts[term]..<terms.counts[term + 1]
        return range.compactMap { counts[$0] > 0 ? (terms.isDense[term] ? $0 - range.lowerBound : zones[$0], counts[$0]) : nil }
    }

    private mutating func add(_ item: Int, to blade: Int) {
        for position in terms.ofItem.range(item) {
            let term = terms.terms[position]
            let zone = terms.zone(term, blade)
            // There is one that is free: no more zones hold members than there are items.
            guard let index = place(term, zone) ?? (terms.counts[term]..<terms.counts[term + 1]).first(where: { counts[$0] == 0 }) else { continue }
            if counts[index] == 0 { held[term] += 1 }
            zones[index] = zone
            counts[index] += terms.shares[position]
        }
        population[blade] += terms.size[item]
    }

    mutating func move(_ item: Int, from source: Int, to target: Int) {
        guard concerns(item), source != target else { return }
        for position in terms.ofItem.range(item) {
            let term = terms.terms[position]
            guard let index = place(term, terms.zone(term, source)) else { continue }
            counts[index] -= terms.shares[position]
            if counts[index] == 0 { held[term] -= 1 }
        }
        population[source] -= terms.size[item]
        add(item, to: target)
    }

    /// Moves the item, and gives the names of the rules that are broken by less afterwards.
    mutating func mended(byMoving item: Int, from source: Int, to target: Int) -> [String] {
        guard concerns(item) else { return [] }
        let concerned = Set(terms.ofItem[item].map { terms.terms[$0] } + terms.exclusive).sorted()
        let before = concerned.map(units)
        move(item, from: source, to: target)
        return zip(concerned, before).filter { units($0) < $1 }.map { terms.names[$0.0] }
    }

    /// What all rules weigh as things are, summed anew.
    var cost: Double { (0..<terms.count).reduce(0) { $0 + terms.price[$1] * Double(units($1)) } }

    func units(_ term: Int) -> Int {
        switch terms.shape[term] {
        case .apart: return counts[terms.counts[term]..<terms.counts[term + 1]].reduce(0) { $0 + max(0, $1 - 1) }
        case .gathered: return max(0, held[term] - 1)
        case .spread: return max(0, terms.wanted[term] - held[term])
        case .places: return members(term, in: 1)
        case .exclusive: return counted(term).reduce(0) { $0 + population[$1.zone] - $1.members }
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
            let (here, there) = (terms.zone(term, source), terms.zone(term, target))
            guard here != there else { continue }
            let (left, found) = (members(term, in: here), members(term, in: there))
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
            let share = members(of: term, in: item)
            let size = terms.size[item]
            let (left, found) = (members(term, in: source), members(term, in: target))
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
