/// Empties blades: one that is asked for, or as many as can be (`consolidate`, in Gathering.swift).
struct Clearing {
    var placement: Placement
    /// Candidates that may still be evaluated.
    var steps: Int
    let maxDisplaced: Int
    var random: SplitMix64
    /// Whether sizes and what is left are judged by soft resources, too: where memory is plentiful, another one may be what blades are short of.
    var judgesSoft = false

    init(_ placement: Placement, steps: Int, maxDisplaced: Int, seed: UInt64) {
        self.placement = placement
        self.steps = steps
        self.maxDisplaced = maxDisplaced
        random = SplitMix64(seed: seed)
    }

    // MARK: - One blade

    private enum Filling: CaseIterable { case cheapest, tight, smallestFirst }

    /// Moves all it can off the blade: first where it costs least; if something is left, tightly packed, and the smallest first; each with others making room if
    /// need be.
    mutating func evacuate(_ blade: Int) {
        let start = placement
        var best = placement
        for filling in Filling.allCases {
            placement = start
            let items = largestFirst(placement.items(on: blade)).filter { placement.board.isMovable[$0] }
            for item in filling == .smallestFirst ? items.reversed() : items {
                let target = filling == .cheapest ? cheapestTarget(for: item) : tightestTarget(for: item, among: nil)
                if let target { placement.move(item, to: target) } else { _ = eject(for: item, from: blade) }
            }
            if placement.population[blade] < best.population[blade] { best = placement }
            if !isSomethingLeft(on: blade) { break }
        }
        placement = best
    }

    /// Where something is left that may move: looks for chains, in which whoever makes room needs some made itself. Whether that emptied more of the blade; nobody
    /// moves in vain.
    mutating func evacuateByChains(_ blade: Int, allOrNothing: Bool) -> Bool {
        let board = placement.board
        // With N+1 nothing may be exceeded on the way: then there are no chains.
        guard board.cover.isEmpty, isSomethingLeft(on: blade), !allOrNothing || hasRoomForAll(of: blade) else { return false }
        var search = Search(placement, steps: max(0, steps), maxDisplaced: maxDisplaced, seed: random.next())
        search.anneal(limit: min(search.steps / 2, 400 * board.items))
        steps = search.steps
        guard search.placement.population[blade] < placement.population[blade] else { return false }
        placement = search.placement
        var isSettled = false
        while !isSettled {
            isSettled = true
            for item in 0..<board.items where placement.at[item] != board.origin[item] && board.origin[item] != blade && mayMove(item, to: board.origin[item]) {
                placement.move(item, to: board.origin[item])
                isSettled = false
            }
        }
        return true
    }

    private func isSomethingLeft(on blade: Int) -> Bool { placement.items(on: blade).contains { placement.board.isMovable[$0] } }

    private func hasRoomForAll(of blade: Int) -> Bool {
        let board = placement.board
        let count = board.resources
        return (0..<count).allSatisfy { resource in
            guard board.isHard[resource] else { return true }
            let needed = placement.items(on: blade).reduce(Int64(0)) { board.isMovable[$1] ? $0 + board.high[$1 * count + resource] : $0 }
            var missing = needed
            for other in 0..<board.blades where other != blade && missing > 0 {
                missing -= max(0, board.room[other * count + resource] - placement.high[other * count + resource])
            }
            return missing <= 0
        }
    }

    private mutating func cheapestTarget(for item: Int) -> Int? {
        var best: (blade: Int, change: Double)?
        let source = placement.at[item]
        for target in 0..<placement.board.blades where target != source && mayMove(item, to: target) {
            steps -= 1
            let change = placement.cost(of: target, with: item) - placement.cost[target] + (placement.ruleChange(item, to: target) ?? 0)
            if change < best?.change ?? .infinity { best = (target, change) }
        }
        return best?.blade
    }

    /// Makes room for the item: one other goes from its blade to a third, the cheapest that can. Whether that could be done.
    private mutating func eject(for item: Int, from blade: Int) -> Bool {
        let board = placement.board
        var best: (target: Int, other: Int, third: Int, cost: Double)?
        for target in 0..<board.blades where target != blade && board.allows(item, target) {
            for other in placement.items(on: target) where board.isMovable[other] && board.moveCost[other] < best?.cost ?? .infinity {
                guard steps > 0, placement.fits(item, on: target, without: other) else { continue }
                steps -= board.blades
                let third = (0..<board.blades).first { third in
                    third != target && third != blade && placement.fits(other, on: third) && placement.ruleChange(other, to: third) != nil
                        && placement.ruleChange(item, to: target) != nil
                        && placement.displaced + placement.displacedChange(other, to: third) + board.domains.count(item) <= maxDisplaced
                }
                if let third { best = (target, other, third, board.moveCost[other]) }
            }
        }
        guard let best else { return false }
        // One after the other: each keeps the rules as they stand by then, or neither is made.
        let home = best.target
        guard placement.coverChange(best.other, to: best.third) != nil else { return false }
        placement.move(best.other, to: best.third)
        guard placement.ruleChange(item, to: best.target) != nil, placement.coverChange(item, to: best.target) != nil else {
            placement.move(best.other, to: home)
            return false
        }
        placement.move(item, to: best.target)
        return true
    }

    /// Where it leaves the least room and, among those that are given, makes nobody wait longer than where it is.
    mutating func tightestTarget(for item: Int, among isTarget: [Bool]?) -> Int? {
        let board = placement.board
        let source = placement.at[item]
        let relief = placement.cost[source] - placement.cost(of: source, without: item)
        let emptied = isTarget != nil && placement.population[source] == board.domains.count(item) ? board.standing[source] : 0
        var best: (blade: Int, left: Double)?
        for target in 0..<board.blades where target != source && isTarget?[target] ?? true && mayMove(item, to: target) {
            steps -= 1
            if isTarget != nil {
                // What a blade weighs that is not empty is not what anybody waits for.
                let begun = placement.population[target] == 0 && !board.isNeverEmpty[target] ? board.standing[target] : 0
                let change = placement.cost(of: target, with: item) - placement.cost[target] - begun
                guard change + (placement.ruleChange(item, to: target) ?? 0) <= relief - emptied + 1e-9 else { continue }
            }
            let left = roomLeft(on: target, with: item)
            if left < best?.left ?? .infinity { best = (target, left) }
        }
        return best?.blade
    }

    // MARK: - Measures

    func mayMove(_ item: Int, to blade: Int) -> Bool {
        placement.displaced + placement.displacedChange(item, to: blade) <= maxDisplaced && placement.fits(item, on: blade)
            && placement.ruleChange(item, to: blade) != nil && placement.coverChange(item, to: blade) != nil
    }

    /// The largest share of a hard resource that is used; of any resource where none is hard.
    func hardLoad(_ blade: Int) -> Double {
        let board = placement.board
        let anyHard = board.isHard.contains(true)
        return (0..<board.resources).reduce(0) { largest, resource in
            guard board.isHard[resource] || !anyHard || judgesSoft else { return largest }
            let index = blade * board.resources + resource
            return max(largest, Double(placement.high[index]) * board.inverse[index])
        }
    }

    private func roomLeft(on blade: Int, with item: Int) -> Double {
        let board = placement.board
        let anyHard = board.isHard.contains(true)
        return (0..<board.resources).reduce(1) { least, resource in
            guard board.isHard[resource] || !anyHard || judgesSoft else { return least }
            let index = blade * board.resources + resource
            return min(least, 1 - Double(placement.high[index] + board.high[item * board.resources + resource]) * board.inverse[index])
        }
    }

    /// By the resource that the fleet is shortest of.
    func largestFirst(_ items: [Int]) -> [Int] {
        let board = placement.board
        let anyHard = board.isHard.contains(true)
        let size = { (item: Int) in
            (0..<board.resources).reduce(0.0) { largest, resource in
                guard board.isHard[resource] || !anyHard || judgesSoft else { return largest }
                let used = board.fleetUtilisation[resource]
                return max(largest, Double(board.high[item * board.resources + resource]) * board.usualInverse[resource] * (0.1 + used))
            }
        }
        let sizes = Dictionary(uniqueKeysWithValues: items.map { ($0, size($0)) })
        return items.sorted { (sizes[$1] ?? 0, $0) < (sizes[$0] ?? 0, $1) }
    }
}
