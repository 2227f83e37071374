/// Simulated annealing (Kirkpatrick et al. 1983) over assignments by moves and swaps, with capacity as a constraint that may be broken at a price while the
/// search is hot. Prices rise by machine and resource where the limit stays exceeded (as in Morris's breakout method, AAAI 1993), until nothing is.
///
/// A value that runs for as many steps as it is asked to: the caller has the clock and the threads. The same seed and the same calls give the same answer.
/// `best` is feasible at all times; it starts as the instance's own assignment.
public struct ReassignmentSearch: ~Copyable {
    /// Candidates between two looks at prices, temperature and the best seen, unless `run` is asked for less.
    public static let slice = 16_384
    /// How it anneals. Shares are of the whole budget.
    public struct Schedule: Hashable, Sendable {
        /// Until then it moves within limits only; then it cools from hot to cold; then from cold to nothing.
        public var opening = 0.04
        public var cooled = 0.85
        public var frozen = 0.98
        /// Temperatures, in what a process of mean size costs where all of it is above the safety capacity.
        public var hot = 0.5
        public var cold = 0.001
        /// What a unit above a limit costs at first, in what one above the safety capacity does.
        public var price = 5.0
        /// What prices are multiplied by where a limit is exceeded, and where it is not: 1 look in 11 it may be exceeded.
        public var rise = 1.01
        public var fall = 0.999
        /// From here on prices rise by 5 % and fall no more.
        public var strict = 0.7

        public init() {}
    }

    private let board: ReassignmentBoard
    private let schedule: Schedule
    private var state: ReassignmentState
    private var random: SplitMix64
    private var seen: [Int]
    /// What `best` costs.
    public private(set) var bestCost: Int
    private var stage = Stage.start

    private enum Stage {
        case start
        case opening
        case priced
        case closing
    }

    public init(_ board: ReassignmentBoard, seed: UInt64, schedule: Schedule = Schedule()) {
        self.board = board
        self.schedule = schedule
        state = ReassignmentState(board, price: schedule.price)
        random = SplitMix64(seed: seed)
        seen = (0..<board.processes).map { Int(board.origin[$0]) }
        bestCost = Int(state.objective)
    }

    /// The machine of each process in the cheapest feasible assignment seen.
    public var best: [Int] { seen }

    /// The machine of each process now. It may be infeasible.
    public var current: [Int] { (0..<board.processes).map { state.machine($0) } }

    /// What `current` costs with its excess at fixed prices: of several searches at the same progress, the lowest is ahead.
    public var standing: Double { state.standing }

    /// Goes on from `current` of another search over the same board.
    public mutating func adopt(_ other: [Int]) {
        guard other.count == board.processes, other.allSatisfy({ $0 >= 0 && $0 < board.machines }) else { return }
        state.adopt(other)
    }

    /// Looks at so many candidates. `progress` is the share of the whole budget that is used, from 0 to 1.
    public mutating func run(progress: Double, steps: Int = slice) {
        guard board.machines > 1 else { return }
        let temperature = setPrices(progress)
        for _ in 0..<max(0, steps / 2) {
            shift(temperature * random.exponential())
            swap(temperature * random.exponential())
        }
        // Exact where there is no excess, so that no rounding can make a worse one the best.
        let objective = state.objective
        guard objective < Double(bestCost), state.excess == 0 else { return }
        bestCost = Int(objective)
        for process in 0..<board.processes { seen[process] = state.machine(process) }
    }

    /// The schedule: sets prices, gives the temperature.
    private mutating func setPrices(_ progress: Double) -> Double {
        let (hot, cold) = (schedule.hot * board.meanSize, schedule.cold * board.meanSize)
        let (opening, cooled, frozen) = (schedule.opening, schedule.cooled, schedule.frozen)
        if progress < opening {
            if stage == .start { state.forbidExcess() }
            stage = .opening
            return cold
        }
        if progress < cooled {
            if stage != .priced { state.setPrices(rise: 0, fall: 0) }
            stage = .priced
            if progress < schedule.strict { state.setPrices(rise: schedule.rise, fall: schedule.fall) } else { state.setPrices(rise: 1.05, fall: 1) }
            return Self.between(hot, cold, (progress - opening) / (cooled - opening))
        }
        if stage != .closing {
            stage = .closing
            // What is infeasible this late stays so: better to end well from the best that was feasible.
            if state.excess > 0 { state.adopt(seen) }
            state.forbidExcess()
        }
        return progress < frozen ? Self.between(cold, min(1, cold), (progress - cooled) / (frozen - cooled)) : 0
    }

    /// The geometric way from one temperature to another.
    private static func between(_ start: Double, _ end: Double, _ share: Double) -> Double {
        guard start > 0, end > 0 else { return 0 }
        // (end / start) ^ share, to a thousandth, without a library: share has 20 binary digits, a root is taken for each.
        var (root, result) = (end / start, start)
        var rest = share
        for _ in 0..<20 {
            root = root.squareRoot()
            rest *= 2
            if rest >= 1 {
                result *= root
                rest -= 1
            }
        }
        return result
    }

    // MARK: - Candidates

    /// Sends one process to another machine if that costs at most `threshold`.
    @inline(__always)
    private mutating func shift(_ threshold: Double) {
        let process = random.below(board.processes)
        let source = state.machine(process)
        let target = random.below(board.machines)
        guard target != source else { return }
        var change = state.relief(process) + state.moveCost(process, on: target) - state.moveCost(process, on: source)
        // Its coming cannot make another machine cheaper, unless balance is judged.
        if !board.hasBalances, change > threshold { return }
        let service = Int(board.service[process])
        guard !state.isOn(service, target) else { return }
        change += state.burden(process, on: target) + state.serviceMoveChange(process, to: target)
        guard change <= threshold, state.permits(service, from: source, to: target) else { return }
        state.move(process, to: target)
    }

    /// Lets two processes change places if that costs at most `threshold`. Half of the time they are of like size: at low temperature others hardly ever fit.
    @inline(__always)
    private mutating func swap(_ threshold: Double) {
        guard board.processes > 1 else { return }
        let a = random.below(board.processes)
        let choice = random.next()
        let b: Int
        if choice & 1 == 0 {
            b = random.below(board.processes)
        } else {
            let rank = Int(board.rank[a]) + 1 + Int(choice >> 8 & 63)
            b = Int(board.bySize[rank % board.processes])
        }
        let (machineOfA, machineOfB) = (state.machine(a), state.machine(b))
        guard machineOfA != machineOfB else { return }
        var change =
            state.moveCost(a, on: machineOfB) - state.moveCost(a, on: machineOfA) + state.moveCost(b, on: machineOfA) - state.moveCost(b, on: machineOfB)
        if !board.hasBalances, change + state.relief(a) + state.relief(b) > threshold { return }
        change += state.exchange(a, for: b, on: machineOfA) + state.serviceMoveChange(a, to: machineOfB) + state.serviceMoveChange(b, to: machineOfA)
        guard change + state.exchange(b, for: a, on: machineOfB) <= threshold, state.permitsSwap(a, b) else { return }
        state.swap(a, b)
    }
}
