/// Looks for a better placement by moves and swaps, within a budget of candidates.
///
/// Two phases. `descend` takes the dearest blade's best move until no blade has one. `wander` then accepts moves and swaps that are worse by less than
/// a threshold that sinks to 0 (Dueck and Scheuer, Threshold Accepting, J. Comput. Phys. 90, 1990), and keeps the best placement that it saw.
struct Search {
    private(set) var placement: Placement
    /// Candidates that may still be evaluated.
    private(set) var steps: Int
    let maxDisplaced: Int
    private var random: SplitMix64
    /// Items that may be moved in this search.
    private let scope: [Int]
    private let inScope: [Bool]
    /// By kind of item (who may go to the same blades, in large fleets): those in scope.
    private let scopeOfKind: Grouping
    /// By kind: targets that are worth a look, and moves since they were chosen.
    private var targets: [[Int]]
    private var sinceChosen: [Int]

    private static let negligible = 1e-9
    /// Fleets of more blades than this are not scanned whole for each candidate.
    private static let scanned = 64

    init(_ placement: Placement, steps: Int, maxDisplaced: Int, seed: UInt64, scope: [Bool]? = nil) {
        self.placement = placement
        self.steps = steps
        self.maxDisplaced = maxDisplaced
        random = SplitMix64(seed: seed)
        let board = placement.board
        inScope = (0..<board.items).map { board.isMovable[$0] && (scope?[$0] ?? true) }
        let items = (0..<board.items).filter { [inScope] in inScope[$0] }
        self.scope = items
        let kinds = board.blades > Self.scanned ? max(1, board.bladesOfRow.count) : 1
        var ofKind = [[Int]](repeating: [], count: kinds)
        for item in items { ofKind[kinds > 1 ? board.rowOf[item] : 0].append(item) }
        scopeOfKind = Grouping(ofKind)
        targets = Array(repeating: Array(board.blades > Self.scanned ? 0..<0 : 0..<board.blades), count: kinds)
        sinceChosen = Array(repeating: .max, count: kinds)
    }

    /// Small fleets have one kind.
    @inline(__always)
    private func kind(_ item: Int) -> Int { targets.count > 1 ? placement.board.rowOf[item] : 0 }

    /// A blade at random, of those where such an item may be.
    @inline(__always)
    private mutating func someBlade(for item: Int) -> Int {
        let board = placement.board
        guard targets.count > 1 else { return random.below(board.blades) }
        let range = board.bladesOfRow.range(board.rowOf[item])
        return board.bladesOfRow.value(range.lowerBound + random.below(range.count))
    }

    /// An item at random that may go to the same blades.
    @inline(__always)
    private mutating func somePartner(of item: Int) -> Int {
        let range = scopeOfKind.range(kind(item))
        return scopeOfKind.value(range.lowerBound + random.below(range.count))
    }

    // MARK: - Descent

    mutating func descend() {
        let board = placement.board
        guard board.blades > 1, !scope.isEmpty else { return }
        var isStuck = [Bool](repeating: false, count: board.blades)
        while steps > 0 {
            var source = -1
            for blade in 0..<board.blades where !isStuck[blade] && placement.first[blade] >= 0 {
                if source < 0 || placement.cost[blade] > placement.cost[source] { source = blade }
            }
            guard source >= 0 else { return }
            guard let (item, target) = bestMove(from: source) else {
                isStuck[source] = true
                continue
            }
            placement.move(item, to: target)
            let kind = kind(item)
            if sinceChosen[kind] != .max { sinceChosen[kind] += 1 }
            isStuck[source] = false
            isStuck[target] = false
        }
    }

    /// Those whose load adds least to the objective, and some at random so that no corner of the fleet is forgotten.
    private mutating func coolestBlades(_ kind: Int) -> [Int] {
        let board = placement.board
        let blades = targets.count > 1 ? Array(board.bladesOfRow[kind]) : Array(0..<board.blades)
        let rated = blades.filter { board.accepts[$0] && $0 != board.evacuated }.map { blade in
            let load = (0..<board.resources).reduce(0.0) { sum, resource in
                let index = blade * board.resources + resource
                return max(sum, Double(placement.mean[index]) * board.inverse[index] - board.fleetUtilisation[resource])
            }
            return (load: load, blade: blade)
        }
        var chosen = rated.sorted { ($0.load, $0.blade) < ($1.load, $1.blade) }.map(\.blade)
        let others = chosen.dropFirst(Self.scanned * 3 / 4)
        chosen = Array(chosen.prefix(Self.scanned * 3 / 4))
        for _ in 0..<min(Self.scanned / 4, others.count) { chosen.append(others[others.startIndex + random.below(others.count)]) }
        return chosen
    }

    private mutating func bestMove(from source: Int) -> (item: Int, target: Int)? {
        var best = (item: -1, target: -1, change: -Self.negligible)
        var item = placement.first[source]
        while item >= 0 {
            defer { item = placement.next[item] }
            guard inScope[item] else { continue }
            let relief = placement.cost(of: source, without: item) - placement.cost[source]
            let origin = placement.board.origin[item]
            if origin != source { consider(item, origin, relief, &best) }
            let kind = kind(item)
            if placement.board.blades > Self.scanned, sinceChosen[kind] > 16 {
                targets[kind] = coolestBlades(kind)
                sinceChosen[kind] = 0
            }
            for position in targets[kind].indices {
                let target = targets[kind][position]
                if target != source, target != origin { consider(item, target, relief, &best) }
            }
        }
        return best.item >= 0 ? (best.item, best.target) : nil
    }

    @inline(__always)
    private mutating func consider(_ item: Int, _ target: Int, _ relief: Double, _ best: inout (item: Int, target: Int, change: Double)) {
        guard placement.fits(item, on: target) else { return }
        guard placement.displaced + placement.displacedChange(item, to: target) <= maxDisplaced else { return }
        steps -= 1
        guard let rules = placement.ruleChange(item, to: target) else { return }
        var change = relief + placement.cost(of: target, with: item) - placement.cost[target] + placement.moveCostChange(item, to: target) + rules
        if !placement.board.cover.isEmpty {
            // What may be gained by better cover is not known beforehand.
            guard placement.coverCost > 0 || change < best.change else { return }
            steps -= placement.board.cover.effort
            guard let cover = placement.coverChange(item, to: target) else { return }
            change += cover
        }
        if change < best.change { best = (item, target, change) }
    }

    // MARK: - Threshold accepting

    /// Spends at most `limit` candidates and leaves the best placement seen.
    mutating func wander(limit: Int) {
        let board = placement.board
        let total = min(limit, steps)
        guard board.blades > 1, scope.count > 1, total > 0 else { return }
        var current = placement.objective
        var bestCost = current
        var best = placement.at
        let start = max(current, 1e-6) * 0.01
        for step in 0..<total {
            let threshold = start * (1 - Double(step) / Double(total))
            let item = scope[random.below(scope.count)]
            let change: Double?
            if random.next() & 1 == 0 {
                change = tryMove(item, threshold)
            } else {
                change = trySwap(item, somePartner(of: item), threshold)
            }
            guard let change else { continue }
            current += change
            if current < bestCost - Self.negligible {
                bestCost = current
                best = placement.at
            }
        }
        steps -= total
        if best != placement.at { placement = Placement(board, at: best) }
    }

    private mutating func tryMove(_ item: Int, _ threshold: Double) -> Double? {
        let board = placement.board
        let source = placement.at[item]
        // Going home is tried often: it is the one place that costs nothing.
        let home = board.origin[item]
        let target = source != home && random.next() & 7 == 0 ? home : someBlade(for: item)
        guard target != source, placement.fits(item, on: target) else { return nil }
        guard placement.displaced + placement.displacedChange(item, to: target) <= maxDisplaced else { return nil }
        guard let rules = placement.ruleChange(item, to: target) else { return nil }
        var change =
            placement.cost(of: source, without: item) - placement.cost[source] + placement.cost(of: target, with: item) - placement.cost[target]
            + placement.moveCostChange(item, to: target) + rules
        guard change < threshold, let cover = placement.coverChange(item, to: target) else { return nil }
        change += cover
        guard change < threshold else { return nil }
        placement.move(item, to: target)
        return change
    }

    private mutating func trySwap(_ a: Int, _ b: Int, _ threshold: Double) -> Double? {
        let (bladeOfA, bladeOfB) = (placement.at[a], placement.at[b])
        guard bladeOfA != bladeOfB else { return nil }
        let displaced = placement.displaced + placement.displacedChange(a, to: bladeOfB) + placement.displacedChange(b, to: bladeOfA)
        guard displaced <= maxDisplaced, placement.fits(a, on: bladeOfB, without: b), placement.fits(b, on: bladeOfA, without: a) else { return nil }
        guard let rules = placement.ruleChange(exchanging: a, b) else { return nil }
        var change =
            placement.cost(of: bladeOfA, without: a, with: b) - placement.cost[bladeOfA] + placement.cost(of: bladeOfB, without: b, with: a)
            - placement.cost[bladeOfB] + placement.moveCostChange(a, to: bladeOfB) + placement.moveCostChange(b, to: bladeOfA)
            + rules
        guard change < threshold, let cover = placement.coverChange(a, to: bladeOfB, exchanging: b) else { return nil }
        change += cover
        guard change < threshold else { return nil }
        placement.move(a, to: bladeOfB)
        placement.move(b, to: bladeOfA)
        return change
    }
}
