/// Plans on hbal's own score, for clusters whose disks every node reaches: what a Ganeti user compares with hbal's answer.
public enum HtoolsPlanner {
    public struct Step: Hashable, Sendable {
        /// Indices into the cluster's instances and nodes.
        public var instance: Int
        public var from: Int
        public var to: Int
    }

    public struct Answer: Sendable {
        /// In order; each is legal by hbal's rules when the ones before it have been made.
        public var steps: [Step]
        public var before: HtoolsScore
        public var after: HtoolsScore
        /// MiB that the steps send.
        public var memory: Int
    }

    public struct Limits: Sendable {
        /// `nil`: as many as hbal's own way takes, or fewer.
        public var maxMoves: Int?
        /// Candidates of the search; hbal's own way comes on top. `nil`: by the cluster's size.
        public var steps: Int?
        public var seed: UInt64 = 1

        public init() {}
    }

    /// hbal's way: the best single move, again and again, until none improves the score (or, below 0.1, improves it by 0.01).
    ///
    /// In clusters of up to `exhaustive` candidates a step it looks at all of them and gives hbal's own plan; above, at those that were best a while ago.
    public static func steepestDescent(_ cluster: HtoolsCluster, maxMoves: Int? = nil, exhaustive: Int = HtoolsDescent.exhaustive) -> Answer {
        let board = HtoolsBoard(cluster)
        return answer(cluster, board, HtoolsDescent.steps(board, maxMoves: maxMoves ?? .max, exhaustive: exhaustive))
    }

    /// A better score than hbal's way with no more moves and no more memory sent.
    public static func plan(_ cluster: HtoolsCluster, limits: Limits = Limits()) -> Answer {
        let board = HtoolsBoard(cluster)
        let descent = HtoolsDescent.steps(board, maxMoves: max(0, limits.maxMoves ?? .max))
        let plain = answer(cluster, board, descent)
        guard !descent.isEmpty else { return plain }
        var state = HtoolsState(board, at: board.origin)
        for step in descent { state.move(step.instance, to: step.to) }
        // Where the descent is not hbal's to the letter it takes more moves than hbal: a little less leaves room for the difference.
        let isExact = board.instances * board.nodes <= HtoolsDescent.exhaustive
        let moves = limits.maxMoves ?? (isExact ? state.displaced : max(1, state.displaced * 93 / 100))
        let memory = isExact ? state.moved : state.moved * 90 / 100
        var annealing = HtoolsAnnealing(state, maxMoves: moves, maxMemory: memory, seed: limits.seed)
        annealing.run(steps: limits.steps ?? min(8_000_000, max(80_000, 2_000 * board.instances)))
        guard let steps = HtoolsOrder.steps(board, to: annealing.best) else { return plain }
        let better = answer(cluster, board, steps)
        return better.after.total <= plain.after.total && better.steps.count <= plain.steps.count && better.memory <= plain.memory ? better : plain
    }

    private static func answer(_ cluster: HtoolsCluster, _ board: HtoolsBoard, _ steps: [Step]) -> Answer {
        var places = board.origin
        for step in steps { places[step.instance] = step.to }
        return Answer(
            steps: steps, before: HtoolsScore(cluster), after: HtoolsScore(cluster, places: places), memory: steps.reduce(0) { $0 + board.memory[$1.instance] })
    }
}
