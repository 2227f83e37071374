import Synchronization

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
        /// For each seed: searches at most, each but the first four times as long, as long as hbal's score is not reached with N+1 kept.
        public var searches = 32
        public var goal = Goal.balance

        public init() {}
    }

    /// hbal's way: the best single move, again and again, until none improves the score (or, below 0.1, improves it by 0.01). hbal's own plan, at any size.
    public static func steepestDescent(_ cluster: HtoolsCluster, maxMoves: Int? = nil, _ sideBySide: SideBySide = .inTurn) -> Answer {
        let board = HtoolsBoard(cluster)
        return answer(cluster, board, HtoolsDescent(board, sideBySide).run(maxMoves: maxMoves ?? .max))
    }

    /// A better score than hbal's way with no more moves and no more memory sent.
    public static func plan(_ cluster: HtoolsCluster, limits: Limits = Limits(), _ sideBySide: SideBySide = .inTurn) -> Answer {
        let session = HtoolsSession(cluster, limits: limits, sideBySide)
        return session.best(of: session.usualSeeds, seed: limits.seed, steps: limits.steps ?? session.usualSteps, sideBySide)
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
    /// hbal's way to its end, whatever becomes of N+1.
    public let way: HtoolsPlanner.Answer
    private let cluster: HtoolsCluster
    private let board: HtoolsBoard
    /// Where hbal's way ends.
    private let places: [Int]
    /// hbal's score, whatever became of N+1 on its way: what is to be reached.
    private let demanded: Double
    private let searches: Int
    /// Candidates of them all together.
    private static let patience = 2_000_000
    private let maxMoves: Int
    private let maxMemory: Int

    public init(_ cluster: HtoolsCluster, limits: HtoolsPlanner.Limits = HtoolsPlanner.Limits(), _ sideBySide: SideBySide = .inTurn) {
        var leaving: Int?
        if case .evacuate(let node) = limits.goal { leaving = node }
        let board = HtoolsBoard(cluster, leaving: leaving)
        let steps = HtoolsDescent(board, sideBySide).run(maxMoves: .max)
        var places = board.origin
        for step in steps { places[step.instance] = step.to }
        self.init(
            cluster, board, HtoolsPlanner.answer(cluster, board, steps), places: places, maxMoves: limits.maxMoves ?? steps.count, searches: limits.searches)
    }

    private init(_ cluster: HtoolsCluster, _ board: HtoolsBoard, _ way: HtoolsPlanner.Answer, places: [Int], maxMoves: Int, searches: Int) {
        (self.cluster, self.board, self.way, self.places) = (cluster, board, way, places)
        self.maxMoves = max(0, maxMoves)
        self.searches = min(max(1, searches), 1_000)
        // Fewer moves than hbal's may send as much as all of them.
        maxMemory = way.memory
        let steps = Array(way.steps.prefix(self.maxMoves))
        let isWhole = steps.count == way.steps.count
        demanded = isWhole ? way.after.total : HtoolsPlanner.answer(cluster, board, steps).after.total
        var cover = HtoolsCover(board)
        let kept = cover.prefix(of: steps)
        plain = isWhole && kept == steps.count ? way : HtoolsPlanner.answer(cluster, board, Array(steps.prefix(kept)))
    }

    /// The same with at most so many moves.
    public func limited(to moves: Int) -> HtoolsSession {
        HtoolsSession(cluster, board, way, places: places, maxMoves: min(moves, maxMoves), searches: searches)
    }

    /// Candidates that are usually worth their time.
    public var usualSteps: Int {
        let instances = min(board.instances, 1 << 20)
        return min(max(1_000_000, 150 * instances), max(18_000, min(350, 14 * min(board.nodes, 1 << 10)) * instances))
    }

    /// Searches that are usually worth their time: of large clusters, one is as good as another.
    public var usualSeeds: Int { board.nodes < 64 ? 2 : 1 }

    /// The best plan of so many searches, each from a seed of its own, side by side where there are threads for it.
    public func best(of count: Int, seed: UInt64, steps: Int, _ sideBySide: SideBySide = .inTurn) -> HtoolsPlanner.Answer {
        let found = Mutex([HtoolsPlanner.Answer?](repeating: nil, count: max(0, count)))
        sideBySide.run(max(0, count)) { search in
            let answer = improved(seed: seed &+ UInt64(search), steps: steps)
            found.withLock { $0[search] = answer }
        }
        return found.withLock { $0 }.compactMap { $0 }.reduce(plain) { $1.isBetter(than: $0) ? $1 : $0 }
    }

    /// A plan no worse than `plain` in score, moves and memory sent.
    ///
    /// Where hbal's way loses N+1, its score may take more than one search to reach without that: again, then, longer and longer, from other seeds, with
    /// another node held free or on placements alone that keep N+1.
    public func improved(seed: UInt64, steps: Int) -> HtoolsPlanner.Answer {
        guard maxMoves > 0, board.nodes > 1 else { return plain }
        var best = improved(seed: seed, steps: steps, hole: 0)
        var left = min(Self.patience, 32 * max(1, min(steps, Self.patience)))
        for attempt in 1..<searches where best.after.total > demanded {
            let length = max(1, min(steps, Self.patience)) << min(5, 2 + attempt / 4)
            guard left >= length else { break }
            left -= length
            let other = improved(seed: seed &+ UInt64(attempt) &* 0x9E37_79B9, steps: length, hole: attempt & 1 == 0 ? attempt / 2 % 4 : nil)
            if other.isBetter(than: best) { best = other }
        }
        return best
    }

    /// - Parameter hole: which node is held free where one must be, 0 being the one with most to spare; `nil`: none, but nothing is ever worse covered.
    private func improved(seed: UInt64, steps: Int, hole: Int?) -> HtoolsPlanner.Answer {
        if hole == nil {
            var safe = board.origin
            for step in plain.steps { safe[step.instance] = step.to }
            return search(from: safe, seed: seed, steps: steps, isWatching: false, isGuarded: true, hole: 0) ?? plain
        }
        // Mostly no node's loss gets worse to bear; where it would, the search goes again with an eye on it; where room must be held back, it begins so.
        let isTight = !HtoolsCover(board).holes(in: HtoolsState(board, at: places)).isEmpty
        for isWatching in isTight || hole != 0 ? [true] : [false, true] {
            let found = search(from: places, seed: seed, steps: steps, isWatching: isWatching, isGuarded: false, hole: hole ?? 0)
            if let found { return found }
        }
        return plain
    }

    /// The best placement that an order leads to, if it is no worse than `plain`.
    private func search(from start: [Int], seed: UInt64, steps: Int, isWatching: Bool, isGuarded: Bool, hole: Int) -> HtoolsPlanner.Answer? {
        var annealing = HtoolsAnnealing(
            HtoolsState(board, at: start), maxMoves: maxMoves, maxMemory: maxMemory, seed: seed, isWatching: isWatching, isGuarded: isGuarded, hole: hole)
        annealing.run(steps: steps)
        for target in [annealing.best] + annealing.earlier.reversed() {
            let isCareful = isWatching || isGuarded
            guard let order = HtoolsOrder.steps(board, to: target) ?? (isCareful ? HtoolsOrder.careful(board, to: target) : nil) else { continue }
            let better = HtoolsPlanner.answer(cluster, board, order.steps, waves: order.waves)
            return better.after.total <= plain.after.total && better.steps.count <= maxMoves && better.memory <= maxMemory ? better : nil
        }
        return nil
    }
}
