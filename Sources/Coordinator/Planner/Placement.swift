/// Where every item is while a placement is looked for, with all sums that make a candidate's evaluation O(resources).
struct Placement {
    let board: Board
    private(set) var at: [Int]
    // By blade and resource.
    private(set) var mean: [Int64]
    private(set) var high: [Int64]
    private(set) var spread: [Int64]
    // By blade.
    private(set) var cost: [Double]
    /// Domains, not items.
    private(set) var population: [Int]
    // The items of each blade: doubly linked lists, -1 ends one.
    private(set) var first: [Int]
    private(set) var next: [Int]
    private var previous: [Int]
    /// Domains that are not where they were.
    private(set) var displaced = 0
    private(set) var rules: RuleState
    /// What zones that cannot be lost weigh.
    private(set) var coverCost = 0.0

    init(_ board: Board) { self.init(board, at: board.origin) }

    init(_ board: Board, at places: [Int]) {
        self.board = board
        at = places
        mean = board.reserved
        high = board.reserved
        spread = Array(repeating: 0, count: board.reserved.count)
        cost = Array(repeating: 0, count: board.blades)
        population = Array(repeating: 0, count: board.blades)
        first = Array(repeating: -1, count: board.blades)
        next = Array(repeating: -1, count: board.items)
        previous = next
        rules = RuleState(board.terms, at: places)
        for item in (0..<board.items).reversed() {
            add(item, to: places[item])
            if places[item] != board.origin[item] { displaced += board.domains.count(item) }
        }
        for blade in 0..<board.blades { cost[blade] = cost(of: blade) }
        if !board.cover.isEmpty { coverCost = board.cover.cost(at: domainPlaces(), used: high) ?? 0 }
    }

    // MARK: - Evaluation

    /// What the blade would cost with one item less and another more; -1 stands for none.
    @inline(__always)
    func cost(of blade: Int, without leaver: Int = -1, with comer: Int = -1) -> Double {
        let board = board
        let count = board.resources
        var waiting = 0.0
        var balance = 0.0
        var watts = 0.0
        for resource in 0..<count {
            let index = blade * count + resource
            let inverse = board.inverse[index]
            guard inverse > 0 else { continue }
            var mean = mean[index]
            var spread = spread[index]
            if leaver >= 0 {
                mean -= board.mean[leaver * count + resource]
                spread -= board.spread[leaver * count + resource]
            }
            if comer >= 0 {
                mean += board.mean[comer * count + resource]
                spread += board.spread[comer * count + resource]
            }
            let utilisation = Double(mean) * inverse
            if blade != board.evacuated {
                let distance = utilisation - board.fleetUtilisation[resource]
                balance += board.balanceWeight[resource] * distance * distance
            }
            if resource == board.watts.resource { watts = board.watts.slope[blade] * utilisation }
            guard !board.isHard[resource] else { continue }
            // The high quantile of a sum of independent demands: their deviations add up in squares.
            let peak = utilisation + Double(spread).squareRoot() * board.spreadUnit[resource] * inverse
            if peak > board.comfort[index] { waiting += Queue.length(peak) - board.queueAtComfort[index] }
        }
        var cost = board.queueWeight * waiting + balance + watts
        if board.standing[blade] > 0 || blade == board.evacuated {
            var domains = population[blade]
            if leaver >= 0 { domains -= board.domains.count(leaver) }
            if comer >= 0 { domains += board.domains.count(comer) }
            if domains > 0 || board.isNeverEmpty[blade] { cost += board.standing[blade] }
            if blade == board.evacuated { cost += board.weights.stranded * Double(domains) }
        }
        return cost
    }

    /// Whether the item may be put on the blade, if `leaver` (-1: nobody) leaves it at the same time.
    @inline(__always)
    func fits(_ item: Int, on blade: Int, without leaver: Int = -1) -> Bool {
        guard board.allows(item, blade) else { return false }
        let count = board.resources
        for resource in 0..<count where board.isHard[resource] {
            let needed = board.high[item * count + resource]
            guard needed > 0 else { continue }
            let leaving = leaver >= 0 ? board.high[leaver * count + resource] : 0
            if high[blade * count + resource] - leaving + needed > board.room[blade * count + resource] { return false }
        }
        return !meets(item, on: blade, without: leaver)
    }

    /// Whether one that the item is to run apart from is on the blade.
    @inline(__always)
    func meets(_ item: Int, on blade: Int, without leaver: Int) -> Bool {
        for position in board.groupsOfItem.range(item) {
            for other in board.itemsOfGroup.range(board.groupsOfItem.value(position)) {
                let other = board.itemsOfGroup.value(other)
                if at[other] == blade && other != item && other != leaver { return true }
            }
        }
        return false
    }

    /// What a move would add to what the rules weigh, N+1 apart; `nil` where it may not be.
    @inline(__always)
    func ruleChange(_ item: Int, to blade: Int) -> Double? { rules.concerns(item) ? rules.change(item, from: at[item], to: blade) : 0 }

    /// The same for an exchange: each as if it went after the other, so that a few are refused that need not be.
    mutating func ruleChange(exchanging a: Int, _ b: Int) -> Double? {
        guard rules.concerns(a) || rules.concerns(b) else { return 0 }
        let (bladeOfA, bladeOfB) = (at[a], at[b])
        guard let first = rules.change(a, from: bladeOfA, to: bladeOfB) else { return nil }
        rules.move(a, from: bladeOfA, to: bladeOfB)
        defer { rules.move(a, from: bladeOfB, to: bladeOfA) }
        return rules.change(b, from: bladeOfB, to: bladeOfA).map { first + $0 }
    }

    /// The same for one that goes to where another is, after that one has gone back to where it was.
    mutating func ruleChange(_ a: Int, ejecting b: Int) -> Double? {
        guard rules.concerns(a) || rules.concerns(b) else { return 0 }
        let (source, target, origin) = (at[a], at[b], board.origin[b])
        guard let first = rules.change(b, from: target, to: origin) else { return nil }
        rules.move(b, from: target, to: origin)
        defer { rules.move(b, from: origin, to: target) }
        return rules.change(a, from: source, to: target).map { first + $0 }
    }

    /// What a move (and another's, the other way round) would add to what N+1 weighs; `nil` where it may not be.
    func coverChange(_ item: Int, to blade: Int, exchanging other: Int = -1) -> Double? {
        guard !board.cover.isEmpty else { return 0 }
        var (places, used) = (domainPlaces(), high)
        func put(_ item: Int, _ target: Int) {
            for domain in board.domains[item] { places[domain] = target }
            for resource in 0..<board.resources {
                used[at[item] * board.resources + resource] -= board.high[item * board.resources + resource]
                used[target * board.resources + resource] += board.high[item * board.resources + resource]
            }
        }
        put(item, blade)
        if other >= 0 { put(other, at[item]) }
        return board.cover.cost(at: places, used: used).map { $0 - coverCost }
    }

    private func domainPlaces() -> [Int] {
        var places = [Int](repeating: 0, count: board.domainCount)
        for item in 0..<board.items { for domain in board.domains[item] { places[domain] = at[item] } }
        return places
    }

    /// What moving would add to what the moves cost: less than 0 when it goes back to where it was.
    @inline(__always)
    func moveCostChange(_ item: Int, to blade: Int) -> Double {
        let origin = board.origin[item]
        if at[item] == origin { return blade == origin ? 0 : board.moveCost[item] }
        return blade == origin ? -board.moveCost[item] : 0
    }

    @inline(__always)
    func displacedChange(_ item: Int, to blade: Int) -> Int {
        let origin = board.origin[item]
        if at[item] == origin { return blade == origin ? 0 : board.domains.count(item) }
        return blade == origin ? -board.domains.count(item) : 0
    }

    /// The whole objective, summed anew.
    var objective: Double { placementCost + movesCost }
    var placementCost: Double { cost.reduce(0, +) + rules.cost + coverCost }
    var movesCost: Double {
        (0..<board.items).reduce(0) { at[$1] == board.origin[$1] ? $0 : $0 + board.moveCost[$1] }
    }

    // MARK: - Change

    mutating func move(_ item: Int, to blade: Int) {
        let source = at[item]
        guard source != blade else { return }
        displaced += displacedChange(item, to: blade)
        rules.move(item, from: source, to: blade)
        remove(item, from: source)
        add(item, to: blade)
        if !board.cover.isEmpty { coverCost = board.cover.cost(at: domainPlaces(), used: high) ?? coverCost }
        cost[source] = cost(of: source)
        cost[blade] = cost(of: blade)
    }

    private mutating func add(_ item: Int, to blade: Int) {
        let count = board.resources
        for resource in 0..<count {
            mean[blade * count + resource] += board.mean[item * count + resource]
            high[blade * count + resource] += board.high[item * count + resource]
            spread[blade * count + resource] += board.spread[item * count + resource]
        }
        population[blade] += board.domains.count(item)
        at[item] = blade
        next[item] = first[blade]
        previous[item] = -1
        if first[blade] >= 0 { previous[first[blade]] = item }
        first[blade] = item
    }

    private mutating func remove(_ item: Int, from blade: Int) {
        let count = board.resources
        for resource in 0..<count {
            mean[blade * count + resource] -= board.mean[item * count + resource]
            high[blade * count + resource] -= board.high[item * count + resource]
            spread[blade * count + resource] -= board.spread[item * count + resource]
        }
        population[blade] -= board.domains.count(item)
        if previous[item] >= 0 { next[previous[item]] = next[item] } else { first[blade] = next[item] }
        if next[item] >= 0 { previous[next[item]] = previous[item] }
    }

    /// The items of a blade, sorted.
    func items(on blade: Int) -> [Int] {
        var items: [Int] = []
        var item = first[blade]
        while item >= 0 {
            items.append(item)
            item = next[item]
        }
        return items.sorted()
    }
}
