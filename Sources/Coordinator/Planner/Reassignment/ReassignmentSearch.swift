/// Simulated annealing (Kirkpatrick et al. 1983) over assignments by moves and swaps, with capacity as a constraint that may be broken at a price while the
/// search is hot. Prices rise by machine and resource where the limit stays exceeded (as in Morris's breakout method, AAAI 1993), until nothing is.
///
/// A value that runs for as many steps as it is asked to: the caller has the clock and the threads. The same seed and the same calls give the same answer.
/// `best` is feasible at all times; it starts as the instance's own assignment.
public struct ReassignmentSearch: ~Copyable {
    /// Candidates between two looks at prices, temperature and the best seen, unless `run` is asked for less.
    public static let slice = 16_384
    /// Candidates looked at in a row, at most: machines for one process, or processes on one machine.
    private static let window = 32
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
        /// Scans by kind for each of shifts: of exchanges, and of ejections where processes that have left go on using transient resources.
        public var swaps = 4
        public var ejections = 20

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
        var looked = 0
        while looked < steps {
            looked += shift(temperature * random.exponential())
            for _ in 0..<schedule.swaps { looked += swap(temperature * random.exponential()) }
            guard board.hasTransients else { continue }
            for _ in 0..<schedule.ejections { looked += eject(temperature * random.exponential()) }
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
            if progress < schedule.strict { state.setPrices(rise: schedule.rise, fall: schedule.fall) } else { state.setPrices(rise: 1.05, fall: 1, most: 1e9) }
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

    /// Sends one process to the first of a window of machines where that costs at most `threshold`. Gives the number of candidates looked at.
    @inline(__always)
    private mutating func shift(_ threshold: Double) -> Int {
        let process = random.below(board.processes)
        let source = state.machine(process)
        let service = Int(board.service[process])
        let begin = random.below(board.machines + Self.window - 1) - Self.window + 1
        let end = min(begin + Self.window, board.machines)
        let left = state.relief(process) - state.moveCost(process, on: source)
        // Its coming cannot make another machine cheaper, unless balance is judged.
        if !board.hasBalances, left > threshold { return 1 }
        let allowance = Float(threshold - left + board.serviceMoveCost)
        let first = max(0, begin)
        var target = first
        while true {
            target = state.landing(process, in: target..<end, allowance: allowance)
            guard target < end else { break }
            if target != source, !state.isOn(service, target) {
                let change = left + state.moveCost(process, on: target) + state.burden(process, on: target) + state.serviceMoveChange(process, to: target)
                if change <= threshold, state.permits(service, from: source, to: target) {
                    state.move(process, to: target)
                    return target - first + 1
                }
            }
            target += 1
        }
        return end - first
    }

    /// Lets a process change places with the first of those on another machine where that costs at most `threshold`.
    @inline(__always)
    private mutating func swap(_ threshold: Double) -> Int {
        let a = random.below(board.processes)
        let target = random.below(board.machines)
        let source = state.machine(a)
        let count = state.residents.count(target)
        guard target != source, count > 0 else { return 1 }
        let service = Int(board.service[a])
        guard !state.isOn(service, target), state.permits(service, from: source, to: target) else { return 1 }
        let leaving = state.moveCost(a, on: target) - state.moveCost(a, on: source)
        let allowance = Float(threshold - leaving + board.moveCostAtMost + 2 * board.serviceMoveCost)
        let start = count > Self.window ? random.below(count - Self.window + 1) : 0
        var index = start
        while true {
            index = state.partner(of: a, on: target, from: index, allowance: allowance)
            guard index < count else { break }
            let b = Int(state.residents.row(target)[index])
            var change = leaving + state.moveCost(b, on: source) - state.moveCost(b, on: target)
            change += state.exchange(a, for: b, on: source) + state.serviceMoveChange(a, to: target) + state.serviceMoveChange(b, to: source)
            if change + state.exchange(b, for: a, on: target) <= threshold, state.permitsSwap(a, b) {
                state.swap(a, b)
                return index - start + 1
            }
            index += 1
        }
        return count - start
    }

    /// Sends a process to another machine, and the first of those there that are not at home and for which it costs at most `threshold` home.
    ///
    /// What is transient makes these the moves that count: the room that processes away from home share on a machine is fixed, and only who goes home leaves some.
    @inline(__always)
    private mutating func eject(_ threshold: Double) -> Int {
        let a = random.below(board.processes)
        let target = random.below(board.machines)
        let source = state.machine(a)
        let count = state.residents.count(target)
        let service = Int(board.service[a])
        guard target != source, count > 0, !state.isOn(service, target), state.permits(service, from: source, to: target) else { return 1 }
        let left = state.relief(a) + state.moveCost(a, on: target) - state.moveCost(a, on: source)
        // The machine can become no cheaper than nothing, unless balance is judged.
        if !board.hasBalances, left - state.cost(of: target) > threshold + board.moveCostAtMost { return 1 }
        let allowance = Float(threshold - left + board.moveCostAtMost + 2 * board.serviceMoveCost)
        let start = count > Self.window ? random.below(count - Self.window + 1) : 0
        var index = start
        while true {
            index = state.ejected(by: a, on: target, from: index, allowance: allowance)
            guard index < count else { return count - start }
            let b = Int(state.residents.row(target)[index])
            let home = Int(board.origin[b])
            if home != source {
                var change = left - state.moveCost(b, on: target) + state.burden(b, on: home)
                change += state.serviceMoveChange(a, to: target) + state.serviceMoveChange(b, to: home)
                if change + state.exchange(b, for: a, on: target) <= threshold, state.permitsEjection(a, of: b) {
                    state.eject(a, b)
                    return index - start + 1
                }
            }
            index += 1
        }
    }
}
