import PodpModel

/// Newcomers, one after the other: where each goes, while nobody moves, so that as many as can be find room after it.
///
/// Hard resources are judged alone. `docs/planner.md` ("Newcomers") tells what is weighed, and why.
public struct Arrivals: Sendable {
    public enum Tie: Hashable, Sendable {
        /// In no zone that holds a member of another part of the group. Where each is its own part, no two share a zone.
        case apart(group: Int, part: Int, over: Zone)
        /// In the zone where the group is.
        case near(group: Int, within: Zone)
    }

    public struct Newcomer: Hashable, Sendable {
        /// What it needs, by resource; where it may have its room in several ways (on either half of a blade), each of them.
        public var shapes: [[Int64]]
        public var ties: [Tie]

        public init(shapes: [[Int64]], ties: [Tie] = []) {
            self.shapes = shapes
            self.ties = ties
        }
    }

    public struct Place: Hashable, Sendable {
        /// Index into the problem's blades.
        public var blade: Int
        /// Index into the newcomer's shapes.
        public var shape: Int

        public init(blade: Int, shape: Int) {
            self.blade = blade
            self.shape = shape
        }
    }

    private struct Group: Hashable {
        var number: Int
        var zone: Zone
    }

    private struct Home {
        var zone: Int
        /// The largest size that it has sent.
        var size: Int
    }

    private let resources: Int
    private let blades: Int
    private let weights: Weights
    private let isHard: [Bool]
    private let accepts: [Bool]
    private let zones: [Zone: ZoneMap]
    /// By blade and resource; -1 where a hard capacity is unknown.
    private var free: [Int64]
    private var slots: SlotTable
    /// By group: parts by the zone that holds them.
    private var parts: [Group: [Int: Int]] = [:]
    private var homes: [Group: Home] = [:]
    /// By kind of zone and zone: the groups that are at home there.
    private var hosted: [Zone: [Int: [Group]]] = [:]

    /// `nil` where the problem is malformed. Of its rules none is read: newcomers bring theirs.
    public init?(_ problem: Problem, weights: Weights = Weights()) {
        guard Soundness.faults(of: problem).isEmpty, !problem.resources.isEmpty else { return nil }
        resources = problem.resources.count
        blades = problem.blades.count
        self.weights = weights
        isHard = problem.resources.map(\.hard)
        accepts = problem.blades.map(\.accepts)
        var free = problem.blades.flatMap { blade in blade.capacity.indices.map { blade.capacity[$0] - blade.reserved[$0] } }
        for domain in problem.domains {
            for resource in domain.high.indices { free[domain.blade * problem.resources.count + resource] -= domain.high[resource] }
        }
        for (blade, facts) in problem.blades.enumerated() {
            for (resource, amount) in facts.capacity.enumerated() where amount == 0 { free[blade * problem.resources.count + resource] = -1 }
        }
        self.free = free
        zones = Dictionary(uniqueKeysWithValues: Zone.allCases.map { ($0, ZoneMap($0, problem)) })
        slots = SlotTable(blades: problem.blades.count, isHard: isHard, accepts: accepts)
    }

    // MARK: - Who may go where

    /// Whether there is room for it, and every tie kept.
    public func allows(_ newcomer: Newcomer, at place: Place) -> Bool {
        guard isSound(newcomer), accepts.indices.contains(place.blade), newcomer.shapes.indices.contains(place.shape) else { return false }
        return hasRoom(newcomer.shapes[place.shape], on: place.blade) && newcomer.ties.allSatisfy { keeps($0, on: place.blade) }
    }

    /// What is left on the blade, by resource.
    public func free(on blade: Int) -> [Int64] { accepts.indices.contains(blade) ? Array(free[blade * resources..<(blade + 1) * resources]) : [] }

    private func isSound(_ newcomer: Newcomer) -> Bool {
        (1...8).contains(newcomer.shapes.count)
            && newcomer.shapes.allSatisfy { $0.count == resources && $0.allSatisfy { $0 >= 0 && $0 < Soundness.largest } }
    }

    private func hasRoom(_ amounts: [Int64], on blade: Int) -> Bool {
        guard accepts[blade] else { return false }
        for resource in 0..<resources where isHard[resource] && amounts[resource] > 0 && amounts[resource] > free[blade * resources + resource] { return false }
        return true
    }

    private func keeps(_ tie: Tie, on blade: Int) -> Bool {
        switch tie {
        case .apart(let group, let part, let kind):
            guard let zone = zones[kind]?.lumped[blade], let held = parts[Group(number: group, zone: kind)]?[zone] else { return true }
            return held == part
        case .near(let group, let kind):
            guard let home = homes[Group(number: group, zone: kind)] else { return true }
            return zones[kind]?.own[blade] == home.zone
        }
    }

    // MARK: - Arriving

    /// The place where the newcomer takes least from those who may come after it, and puts it there; `nil` where it finds none.
    public mutating func settle(_ newcomer: Newcomer) -> Place? {
        guard isSound(newcomer) else { return nil }
        let size = slots.note(newcomer.shapes, free: free)
        let worth = slots.worth()
        let founded = newcomer.ties.compactMap { tie -> ZoneMap? in
            guard case .near(let group, let kind) = tie, homes[Group(number: group, zone: kind)] == nil else { return nil }
            return zones[kind]
        }
        let own = newcomer.ties.compactMap { tie -> Group? in if case .near(let group, let kind) = tie { Group(number: group, zone: kind) } else { nil } }
        var best: (place: Place, cost: Double)?
        for blade in 0..<blades where accepts[blade] {
            var isKept: Bool?
            for shape in newcomer.shapes.indices where hasRoom(newcomer.shapes[shape], on: blade) {
                if isKept == nil { isKept = newcomer.ties.allSatisfy { keeps($0, on: blade) } }
                guard isKept == true else { break }
                slots.refresh(size, blade: blade, free: free)
                var cost = weights.slots * slots.loss(size, shape: shape, blade: blade, worth: worth)
                cost += crowding(size, shape: shape, blade: blade, apartFrom: own)
                for map in founded { cost += weights.founded * outgrown(slots.total(size, of: map.members[map.own[blade]]) - 1) }
                // Of equals where the least is left.
                cost += 1e-9 * leftover(newcomer.shapes[shape], on: blade)
                if cost < best?.cost ?? .infinity { best = (Place(blade: blade, shape: shape), cost) }
            }
        }
        guard let place = best?.place else { return nil }
        take(newcomer, at: place, size: size)
        return place
    }

    /// Puts it where somebody else has chosen to. Whether that may be.
    @discardableResult
    public mutating func put(_ newcomer: Newcomer, at place: Place) -> Bool {
        guard allows(newcomer, at: place) else { return false }
        take(newcomer, at: place, size: slots.note(newcomer.shapes, free: free))
        return true
    }

    private mutating func take(_ newcomer: Newcomer, at place: Place, size: Int) {
        for resource in 0..<resources where isHard[resource] { free[place.blade * resources + resource] -= newcomer.shapes[place.shape][resource] }
        slots.changed(place.blade, free: free)
        for tie in newcomer.ties {
            switch tie {
            case .apart(let number, let part, let kind):
                if let zone = zones[kind]?.lumped[place.blade] { parts[Group(number: number, zone: kind), default: [:]][zone] = part }
            case .near(let number, let kind):
                guard let zone = zones[kind]?.own[place.blade] else { continue }
                let group = Group(number: number, zone: kind)
                if let home = homes[group] {
                    if slots.isLarger(size, than: home.size) { homes[group]?.size = size }
                } else {
                    homes[group] = Home(zone: zone, size: size)
                    hosted[kind, default: [:]][zone, default: []].append(group)
                }
            }
        }
    }

    // MARK: - What it takes from others

    /// By how much likelier the groups at home there become to outgrow it.
    private func crowding(_ size: Int, shape: Int, blade: Int, apartFrom own: [Group]) -> Double {
        var cost = 0.0
        for (kind, groups) in hosted {
            guard let map = zones[kind] else { continue }
            for group in groups[map.own[blade]] ?? [] where !own.contains(group) {
                guard let home = homes[group] else { continue }
                let taken = slots.taken(of: home.size, by: size, shape: shape, blade: blade)
                guard taken > 0 else { continue }
                let left = slots.total(home.size, of: map.members[home.zone])
                cost += outgrown(left - taken) - outgrown(left)
            }
        }
        return cost
    }

    /// How likely a group is to want more than so many places more.
    private func outgrown(_ places: Int) -> Double { 1 / (1 + Double(max(0, places)) / weights.growth) }

    private func leftover(_ amounts: [Int64], on blade: Int) -> Double {
        (0..<resources).reduce(0) { sum, resource in
            let left = free[blade * resources + resource] - amounts[resource]
            return isHard[resource] && left > 0 ? sum + Double(left) / slots.unit[resource] : sum
        }
    }
}

/// By blade its zone, and the blades of each.
private struct ZoneMap: Sendable {
    /// Blades whose zone is unknown stand alone.
    let own: [Int]
    /// Blades whose zone is unknown are in one.
    let lumped: [Int]
    let members: [[Int]]

    init(_ kind: Zone, _ problem: Problem) {
        own = RuleTerms.zones(kind, problem, lumped: false)
        lumped = RuleTerms.zones(kind, problem, lumped: true)
        var members = [[Int]](repeating: [], count: problem.blades.count)
        for (blade, zone) in own.enumerated() { members[zone].append(blade) }
        self.members = members
    }
}
