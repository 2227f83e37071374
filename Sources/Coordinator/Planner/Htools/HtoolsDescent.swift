/// Steepest descent by single moves: hbal's algorithm.
public enum HtoolsDescent {
    /// Candidates a step up to which all of them are looked at.
    public static let exhaustive = 120_000
    /// Clusters of more nodes than this keep only the emptiest as targets.
    private static let scanned = 256
    private static let targetsKept = 64
    /// Targets remembered for each instance.
    private static let remembered = 4
    private static let negligible = 1e-9

    static func steps(_ board: HtoolsBoard, maxMoves: Int, exhaustive: Int = exhaustive) -> [HtoolsPlanner.Step] {
        var state = HtoolsState(board, at: board.origin)
        var steps: [HtoolsPlanner.Step] = []
        let (size, overflow) = board.instances.multipliedReportingOverflow(by: board.nodes)
        let isSmall = !overflow && size <= exhaustive
        var pool = Pool()
        var isFresh = false
        var sinceRefresh = Int.max
        let period = isSmall ? 1 : max(8, min(board.nodes / 8, 100))
        while steps.count < maxMoves {
            if sinceRefresh >= period {
                pool.refresh(state, keeping: isSmall ? board.instances : max(256, board.instances / 8))
                (isFresh, sinceRefresh) = (true, 0)
            }
            let current = state.score
            let best = pool.best(state, current - negligible)
            // hbal's -g: below 0.1 a step gains 0.01 or is not made.
            guard best.instance >= 0, !(current < 0.1 && current - best.score < 0.01) else {
                if isFresh { break }
                sinceRefresh = .max
                continue
            }
            let source = state.at[best.instance]
            steps.append(HtoolsPlanner.Step(instance: best.instance, from: source, to: best.target))
            state.move(best.instance, to: best.target)
            pool.changed(state, source, best.target)
            isFresh = false
            sinceRefresh += 1
        }
        return steps
    }

    /// The moves that were best when all were looked at last.
    private struct Pool {
        private var instances: [Int] = []
        /// `remembered` by position in `instances`; -1: none.
        private var targets: [Int] = []
        /// Nodes that have been left since, most recent last.
        private var recent: [Int] = []
        /// Those that were looked at as targets.
        private var nodes: [Int] = []

        /// A node that was left is a better target than before; what is on it or has come to the other may now pay more or less than it did.
        mutating func changed(_ state: HtoolsState, _ left: Int, _ entered: Int) {
            recent.removeAll { $0 == left }
            recent.append(left)
            if recent.count > remembered { recent.removeFirst() }
            let known = Set(instances)
            for instance in 0..<state.board.instances where (state.at[instance] == left || state.at[instance] == entered) && state.board.isMovable[instance] {
                if known.contains(instance) { continue }
                guard let found = look(state, instance) else { continue }
                instances.append(instance)
                targets.append(contentsOf: found.targets)
            }
        }

        mutating func refresh(_ state: HtoolsState, keeping count: Int) {
            let board = state.board
            recent = []
            nodes = board.nodes > scanned ? Array(emptiestFirst(state).prefix(targetsKept)) : Array(0..<board.nodes)
            var found: [(instance: Int, score: Double, targets: [Int])] = []
            for instance in 0..<board.instances where board.isMovable[instance] {
                if let candidate = look(state, instance) { found.append(candidate) }
            }
            if found.count > count {
                found.sort { ($0.score, $0.instance) < ($1.score, $1.instance) }
                found.removeLast(found.count - count)
            }
            instances = found.map(\.instance)
            targets = found.flatMap(\.targets)
        }

        private func look(_ state: HtoolsState, _ instance: Int) -> (instance: Int, score: Double, targets: [Int])? {
            var scores = SIMD4<Double>(repeating: .infinity)
            var best = SIMD4<Int>(repeating: -1)
            for target in nodes where target != state.at[instance] && state.fits(instance, on: target) {
                var (score, candidate) = (state.scoreAfter(instance, to: target), target)
                for rank in 0..<remembered where score < scores[rank] {
                    (score, scores[rank]) = (scores[rank], score)
                    (candidate, best[rank]) = (best[rank], candidate)
                }
            }
            return best[0] < 0 ? nil : (instance, scores[0], (0..<remembered).map { best[$0] })
        }

        func best(_ state: HtoolsState, _ limit: Double) -> (instance: Int, target: Int, score: Double) {
            var best = (instance: -1, target: -1, score: limit)
            for (position, instance) in instances.enumerated() {
                for rank in 0..<remembered {
                    consider(instance, targets[position * remembered + rank], state, &best)
                }
                for target in recent { consider(instance, target, state, &best) }
            }
            return best
        }

        @inline(__always)
        private func consider(_ instance: Int, _ target: Int, _ state: HtoolsState, _ best: inout (instance: Int, target: Int, score: Double)) {
            guard target >= 0, target != state.at[instance], state.fits(instance, on: target) else { return }
            let score = state.scoreAfter(instance, to: target)
            if score < best.score { best = (instance, target, score) }
        }

        /// By the score's slope.
        private func emptiestFirst(_ state: HtoolsState) -> [Int] {
            let board = state.board
            let n = HtoolsBoard.Lanes(repeating: 1 / board.online)
            let mean = state.sum * n
            let variance = state.squares * n - mean * mean
            let deviation = variance.replacing(with: 1e-12, where: variance .< 1e-12).squareRoot()
            let slope = board.weights / deviation * HtoolsBoard.Lanes(-1, -1, 1, 1, 1, 1, 1, 0)
            let load = (0..<board.nodes).map { (slope * (state.lanes[$0] - mean)).sum() }
            return (0..<board.nodes).filter { !board.isOffline[$0] }.sorted { (load[$0], $0) < (load[$1], $1) }
        }
    }
}
