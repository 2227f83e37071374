/// Plans on hbal's own score, for clusters whose disks every node reaches: what a Ganeti user compares with hbal's answer.
public enum HtoolsPlanner {
    public struct Step: Hashable, Sendable {
        /// Indices into the cluster's instances and nodes.
        public var instance: Int
        public var from: Int
        public var to: Int
    }

    public enum Goal: Hashable, Sendable {
        case balance
        /// Empty a node that the cluster has as offline, as `hbal -O NODE -E`: nothing else moves.
        case evacuate(Int)
    }

    public struct Answer: Sendable {
        /// In order; each is legal by hbal's rules when the ones before it have been made.
        public var steps: [Step]
        /// By step: moves of one wave touch no node twice and may run side by side.
        public var waves: [Int]
        public var before: HtoolsScore
        public var after: HtoolsScore
        /// MiB that the steps send.
        public var memory: Int

        /// By score, then by moves, then by memory.
        public func isBetter(than other: Answer) -> Bool {
            let (score, others) = (after.total, other.after.total)
            return score < others - 1e-9 || (score <= others && (steps.count, memory) < (other.steps.count, other.memory))
        }
    }

    public struct Limits: Sendable {
        /// `nil`: as many as hbal's own way takes, or fewer.
        public var maxMoves: Int?
        /// Candidates of the search; hbal's own way comes on top. `nil`: by the cluster's size.
        public var steps: Int?
        public var seed: UInt64 = 1
        /// Searches at most, each but the first four times as long, as long as hbal's score is not reached with N+1 kept.
        public var searches = 32
        public var goal = Goal.balance

        public init() {}
    }

    /// hbal's way: the best single move, again and again, until none improves the score (or, below 0.1, improves it by 0.01). hbal's own plan, at any size.
    public static func steepestDescent(_ cluster: HtoolsCluster, maxMoves: Int? = nil) -> Answer {
        let board = HtoolsBoard(cluster)
        var descent = HtoolsDescent(board)
        return answer(cluster, board, descent.run(maxMoves: maxMoves ?? .max))
    }

    /// A better score than hbal's way with no more moves and no more memory sent.
    public static func plan(_ cluster: HtoolsCluster, limits: Limits = Limits()) -> Answer {
        let session = HtoolsSession(cluster, limits: limits)
        return session.improved(seed: limits.seed, steps: limits.steps ?? session.usualSteps)
    }

    static func answer(_ cluster: HtoolsCluster, _ board: HtoolsBoard, _ steps: [Step], waves: [Int]? = nil) -> Answer {
        var places = board.origin
        for step in steps { places[step.instance] = step.to }
        return Answer(
            steps: steps, waves: waves ?? Array(steps.indices), before: HtoolsScore(cluster), after: HtoolsScore(cluster, places: places),
            memory: steps.reduce(0) { $0 + board.memory[$1.instance] })
    }
}

/// One cluster to be planned: hbal's way, worked out once, and better plans from as many seeds as are wanted, side by side if that is wanted.
public struct HtoolsSession: Sendable {
    /// hbal's way, or as far along it as the limit of moves lets it go and no node's loss is worse to bear than before.
    public let plain: HtoolsPlanner.Answer
    private let cluster: HtoolsCluster
    private let board: HtoolsBoard
    private let places: [Int]
    /// hbal's score, whatever became of N+1 on its way: what is to be reached.
    private let demanded: Double
    private let searches: Int
    /// Candidates of them all together.
    private static let patience = 24_000_000
    private let maxMoves: Int
    private let maxMemory: Int

    public init(_ cluster: HtoolsCluster, limits: HtoolsPlanner.Limits = HtoolsPlanner.Limits()) {
        var leaving: Int?
        if case .evacuate(let node) = limits.goal { leaving = node }
        let board = HtoolsBoard(cluster, leaving: leaving)
        self.cluster = cluster
        self.board = board
        searches = min(max(1, limits.searches), 1_000)
        var descent = HtoolsDescent(board)
        var steps = descent.run(maxMoves: .max)
        // Fewer moves than hbal's may send as much as all of them.
        maxMoves = max(0, limits.maxMoves ?? steps.count)
        maxMemory = steps.reduce(0) { $0 + board.memory[$1.instance] }
        places = descent.state.places
        steps = Array(steps.prefix(maxMoves))
        demanded = HtoolsPlanner.answer(cluster, board, steps).after.total
        var cover = HtoolsCover(board)
        steps = Array(steps.prefix(cover.prefix(of: steps)))
        plain = HtoolsPlanner.answer(cluster, board, steps)
    }

    /// Candidates that are usually worth their time.
    public var usualSteps: Int { min(12_000_000, max(24_000, min(400, 12 * min(board.nodes, 1 << 10)) * min(board.instances, 1 << 20))) }

    /// A plan no worse than `plain` in score, moves and memory sent.
    ///
    /// Where hbal's way loses N+1, its score may take more than one search to reach without that: again, then, from other seeds and with another node held free.
    public func improved(seed: UInt64, steps: Int) -> HtoolsPlanner.Answer {
        guard maxMoves > 0, board.nodes > 1 else { return plain }
        var best = improved(seed: seed, steps: steps, hole: 0)
        var left = Self.patience
        for attempt in 1..<searches where best.after.total > demanded && left >= 4 * steps {
            left -= 4 * steps
            let other = improved(seed: seed &+ UInt64(attempt) &* 0x9E37_79B9, steps: 4 * steps, hole: attempt % 4)
            if other.isBetter(than: best) { best = other }
        }
        return best
    }

    /// - Parameter hole: which node is held free where one must be; 0: the one with most to spare.
    private func improved(seed: UInt64, steps: Int, hole: Int) -> HtoolsPlanner.Answer {
        // Mostly no node's loss gets worse to bear; where it would, the search goes again with an eye on it; where room must be held back, it begins so.
        let isTight = !HtoolsCover(board).holes(in: HtoolsState(board, at: places)).isEmpty
        for isWatching in isTight || hole > 0 ? [true] : [false, true] {
            var annealing = HtoolsAnnealing(
                HtoolsState(board, at: places), maxMoves: maxMoves, maxMemory: maxMemory, seed: seed, isWatching: isWatching, hole: hole)
            annealing.run(steps: steps)
            // The best placement that an order leads to.
            for target in [annealing.best] + annealing.earlier.reversed() {
                guard let order = HtoolsOrder.steps(board, to: target) ?? (isWatching ? HtoolsOrder.careful(board, to: target) : nil) else { continue }
                let better = HtoolsPlanner.answer(cluster, board, order.steps, waves: order.waves)
                if better.after.total <= plain.after.total, better.steps.count <= maxMoves, better.memory <= maxMemory { return better }
                break
            }
        }
        return plain
    }
}
