/// Looks for a better placement within a budget of candidates. Two phases: `descend` takes the dearest blade's best move until no blade has one; `anneal` leaves
/// that minimum for a better one (`Annealing`).
struct Search {
    private(set) var placement: Placement
    /// Candidates that may still be evaluated.
    private(set) var steps: Int
    let maxDisplaced: Int
    private var random: SplitMix64
    /// Items that may be moved in this search.
    private let scope: [Int]
    private let inScope: [Bool]
    /// By kind of item (who may go to the same blades, in large fleets): targets that are worth a look, and moves since they were chosen.
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
        self.scope = (0..<board.items).filter { [inScope] in inScope[$0] }
        let kinds = board.blades > Self.scanned ? max(1, board.bladesOfRow.count) : 1
        targets = Array(repeating: Array(board.blades > Self.scanned ? 0..<0 : 0..<board.blades), count: kinds)
        sinceChosen = Array(repeating: .max, count: kinds)
    }

    /// Small fleets have one kind.
    @inline(__always)
    private func kind(_ item: Int) -> Int { targets.count > 1 ? placement.board.rowOf[item] : 0 }

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

    // MARK: - Annealing

    /// Spends about `limit` candidates at most on annealing from here, and takes the best placement seen.
    mutating func anneal(limit: Int) {
        let board = placement.board
        let total = min(limit, steps)
        guard board.blades > 1, scope.count > 1, total > 0 else { return }
        let state = FleetState(placement, scope: scope, isInScope: inScope, maxDisplaced: maxDisplaced)
        var annealing = Annealing(state, schedule: schedule, seed: random.next())
        let slice = max(128, total / 256)
        var done = 0
        while done < total {
            annealing.run(progress: Double(done) / Double(total), steps: slice)
            done += slice
        }
        steps -= min(steps, done)
        if annealing.best != placement.at { placement = Placement(board, at: annealing.best) }
    }

    /// Temperatures are in what a usual move costs: hot is where one that gains nothing is made now and then. The numbers are from `planner-bench fleets`.
    private var schedule: AnnealingSchedule {
        let board = placement.board
        let usual = scope.reduce(0) { $0 + board.moveCost[$1] } / Double(max(1, scope.count))
        var schedule = AnnealingSchedule(hot: 0.05 * usual, cold: 0.0005 * usual, coldest: 0.00005 * usual)
        // It starts from a minimum.
        schedule.opening = 0
        // A window of all blades would take the first ones of a small fleet too often.
        schedule.window = min(32, max(4, board.blades / 4))
        (schedule.shifts, schedule.exchanges, schedule.ejections, schedule.returns) = (1, 4, 4, 1)
        return schedule
    }
}
