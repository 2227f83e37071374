/// The engine over one instance of the machine reassignment problem: a value that runs for as many candidates as it is asked to.
///
/// The same seed and the same calls give the same answer. `best` is feasible at all times; it starts as the instance's own assignment.
public struct ReassignmentSearch: ~Copyable {
    /// Candidates between two looks at prices, temperature and the best seen, unless `run` is asked for less.
    public static let slice = 16_384

    /// What depends on the instance in how it anneals.
    public struct Schedule: Hashable, Sendable {
        /// Temperatures, in what a process of mean size costs where all of it is above the safety capacity.
        public var hot = 0.5
        public var cold = 0.001
        /// What a unit above a limit costs at first, in what one above the safety capacity does.
        public var price = 5.0

        public init() {}
    }

    private let board: ReassignmentBoard
    private var annealing: Annealing<ReassignmentState>

    public init(_ board: ReassignmentBoard, seed: UInt64, schedule: Schedule = Schedule()) {
        self.board = board
        let (hot, cold) = (schedule.hot * board.meanSize, schedule.cold * board.meanSize)
        annealing = Annealing(
            ReassignmentState(board, price: schedule.price), schedule: AnnealingSchedule(hot: hot, cold: cold, coldest: min(1, cold)), seed: seed)
    }

    /// The machine of each process in the cheapest feasible assignment seen.
    public var best: [Int] { annealing.best }

    /// What `best` costs: a whole number, exact in 52 binary digits.
    public var bestCost: Int { Int(annealing.bestCost) }

    /// The machine of each process now. It may be infeasible.
    public var current: [Int] { annealing.state.places }

    /// What `current` costs with its excess at fixed prices: of several searches at the same progress, the lowest is ahead.
    public var standing: Double { annealing.state.standing }

    /// Goes on from `current` of another search over the same board.
    public mutating func adopt(_ other: [Int]) {
        guard other.count == board.processes, other.allSatisfy({ $0 >= 0 && $0 < board.machines }) else { return }
        annealing.adopt(other)
    }

    /// Looks at so many candidates. `progress` is the share of the whole budget that is used, from 0 to 1.
    public mutating func run(progress: Double, steps: Int = slice) {
        guard board.machines > 1 else { return }
        annealing.run(progress: progress, steps: steps)
    }
}
