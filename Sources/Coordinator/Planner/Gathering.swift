/// As many blades as can be are emptied.
extension Clearing {
    /// In which order blades are emptied: by the share that is used, by how much that is, or by size, so that few large ones stay.
    private enum Order: CaseIterable { case share, amount, size }

    private static let rounds = 96

    /// Empties blade after blade onto those that are not empty, in one order after the other; and gathers everything on blades that are chosen first, whether they
    /// are empty or not. Then both in disturbed orders while the budget lasts. Keeps the best.
    ///
    /// - Parameter mayGather: false where only blades that are not empty may receive.
    mutating func consolidate(mayGather: Bool) {
        let start = placement
        var best = placement
        var bestCost = placement.objective
        let plain = Order.allCases.count
        var round = 0
        repeat {
            placement = start
            let isGathering = mayGather && round >= plain && round % 2 == 1
            if isGathering {
                let turn = (round - plain) / 2
                judgesSoft = turn % 2 == 1
                gather(extra: turn / 2 % 3, noise: turn < 6 ? 0 : 0.5)
                judgesSoft = false
            } else {
                let order = blades(by: Order.allCases[round % plain], noise: round < plain ? 0 : 0.5)
                let isTarget = (0..<start.board.blades).map { start.board.accepts[$0] && isOn($0) }
                emptyAll(order, onto: isTarget)
            }
            let cost = placement.objective
            if cost < bestCost - 1e-9 { (best, bestCost) = (placement, cost) }
            round += 1
        } while steps > 0 && round < Self.rounds
        placement = best
    }

    private func mayBeEmptied(_ blade: Int) -> Bool { placement.items(on: blade).allSatisfy { placement.board.isMovable[$0] } }

    private func isOn(_ blade: Int) -> Bool { placement.population[blade] > 0 || placement.board.isNeverEmpty[blade] }

    /// Whom to empty first; the more it draws, the sooner.
    private mutating func blades(by order: Order, noise: Double) -> [Int] {
        let board = placement.board
        let key = (0..<board.blades).map { blade in
            let value =
                switch order {
                case .share: hardLoad(blade)
                case .amount: hardLoad(blade) * size(blade)
                case .size: size(blade) * (1 + 0.1 * hardLoad(blade))
                }
            return value / max(0.01, board.watts.share(blade)) * (1 + noise * (random.unit() - 0.5))
        }
        return (0..<board.blades).sorted { (key[$0], $0) < (key[$1], $1) }
    }

    private mutating func emptyAll(_ order: [Int], onto targets: [Bool]) {
        var isTarget = targets
        for blade in order where isTarget[blade] && !placement.board.isNeverEmpty[blade] {
            isTarget[blade] = false
            if !empty(blade, onto: isTarget) { isTarget[blade] = true }
        }
    }

    /// The largest capacity among the blade's hard resources (any where none is hard), where 1 is a usual blade's.
    private func size(_ blade: Int) -> Double {
        let board = placement.board
        let anyHard = board.isHard.contains(true)
        return (0..<board.resources).reduce(0) { largest, resource in
            let inverse = board.inverse[blade * board.resources + resource]
            guard board.isHard[resource] || !anyHard, inverse > 0 else { return largest }
            return max(largest, board.usualInverse[resource] / inverse)
        }
    }

    /// All of the blade's items, or none.
    private mutating func empty(_ blade: Int, onto isTarget: [Bool]) -> Bool {
        guard mayBeEmptied(blade) else { return false }
        var moved: [Int] = []
        for item in largestFirst(placement.items(on: blade)) {
            guard steps > 0, let target = tightestTarget(for: item, among: isTarget) else {
                for item in moved.reversed() { placement.move(item, to: blade) }
                return false
            }
            placement.move(item, to: target)
            moved.append(item)
        }
        return true
    }

    // MARK: - Onto blades that are chosen first

    /// Moves everything onto as few of the largest blades as hold it, and `extra` more: who is there stays, the others come largest first, each where it leaves
    /// the least room. So nobody waits for another to leave, and the moves have an order.
    private mutating func gather(extra: Int, noise: Double) {
        let board = placement.board
        let order = blades(by: .size, noise: noise)
        var isTarget = staying(order.reversed(), extra: extra)
        let leaving = order.filter { !isTarget[$0] && placement.population[$0] > 0 && mayBeEmptied($0) }
        let items = leaving.flatMap { placement.items(on: $0) }
        if placement.displaced + items.reduce(0, { $0 + board.domains.count($1) }) <= maxDisplaced {
            for item in largestFirst(items) {
                let blade = placement.at[item]
                if steps > 0, let target = tightestTarget(for: item, among: isTarget) {
                    placement.move(item, to: target)
                } else {
                    // It stays, so its blade may as well receive.
                    isTarget[blade] = board.accepts[blade]
                }
            }
            // Nobody moves in vain: where some stay, the others come back if there still is room.
            for item in items {
                let home = board.origin[item]
                if placement.at[item] != home, placement.population[home] > 0, mayMove(item, to: home) { placement.move(item, to: home) }
            }
        } else {
            let fewestFirst = leaving.sorted { (placement.population[$0], $0) < (placement.population[$1], $1) }
            for blade in fewestFirst where !empty(blade, onto: isTarget) { isTarget[blade] = board.accepts[blade] }
        }
        emptyAll(order, onto: (0..<board.blades).map { board.accepts[$0] && isOn($0) })
    }

    /// Those that cannot be emptied, and from the first on as many as hold what all items need (soft resources to their comfort level), and `extra` more. Of all
    /// these, those that accept.
    private func staying(_ order: [Int], extra: Int) -> [Bool] {
        let board = placement.board
        let count = board.resources
        var isStaying = [Bool](repeating: false, count: board.blades)
        var needed = [Double](repeating: 0, count: count)
        for item in 0..<board.items {
            for resource in 0..<count {
                let index = item * count + resource
                // What no blade tells is not judged.
                guard board.usualInverse[resource] > 0 else { continue }
                needed[resource] += Double(board.isHard[resource] ? board.high[index] : board.mean[index])
            }
            if !board.isMovable[item] { isStaying[board.origin[item]] = true }
        }
        func choose(_ blade: Int) {
            isStaying[blade] = board.accepts[blade]
            for resource in 0..<count {
                let index = blade * count + resource
                // Where a soft capacity is unknown, a usual blade's is taken.
                let inverse = board.inverse[index] > 0 || board.isHard[resource] ? board.inverse[index] : board.usualInverse[resource]
                guard inverse > 0 else { continue }
                needed[resource] -= (board.isHard[resource] ? 1 : board.comfort[index]) / inverse - Double(board.reserved[index])
            }
        }
        var left = extra
        for blade in 0..<board.blades where board.isNeverEmpty[blade] || isStaying[blade] { choose(blade) }
        for blade in order where board.accepts[blade] && !isStaying[blade] {
            if needed.allSatisfy({ $0 <= 0 }) {
                left -= 1
                guard left >= 0 else { break }
            }
            choose(blade)
        }
        return isStaying
    }
}
