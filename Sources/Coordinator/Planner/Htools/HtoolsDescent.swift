/// Steepest descent by single moves: hbal's algorithm, and hbal's own plan at any size.
///
/// hbal looks at every instance and every node before each step. Here each instance carries a bound on what its best move can gain; only those whose bound
/// could win are looked at again. The bound holds because a move changes two nodes (all instances are tried on both), the deviations σ (which rescale what
/// other moves gain, by a factor between the smallest and the largest of the lanes') and nothing else. `docs/planner.md` has the argument.
struct HtoolsDescent: ~Copyable {
    typealias Lanes = HtoolsBoard.Lanes

    private static let negligible = 1e-9

    private(set) var state: HtoolsState
    private var steps: [HtoolsPlanner.Step] = []
    private let board: HtoolsBoard
    private let movable: [Int]
    /// By instance: no move of it gains more (minus infinity: it can go nowhere), and what any move of it gains in each lane is between `least` and `most`.
    private let bound: UnsafeMutablePointer<Double>
    private let least: UnsafeMutablePointer<Lanes>
    private let most: UnsafeMutablePointer<Lanes>
    /// Tags and wishes count what is elsewhere too: such instances are looked at before every step.
    private let isSpecial: [Bool]
    private let bestTarget: UnsafeMutablePointer<Int>
    /// After how many steps the bounds were exact.
    private let fresh: UnsafeMutablePointer<Int>
    /// Of the variance of each lane, the most that one move can add or take.
    private var largestChange = Lanes(repeating: 0)
    private var largestDemand = Lanes(repeating: 0)
    // What gains are bounded with before roots are taken: v slope <= w (σ - sqrt(σ² + v)) <= v (slope + v curve), because -u/2 <= 1 - sqrt(1 + u) <= -u/2 + u²/2
    // for u >= -1.
    private var deviation = Lanes(repeating: 0)
    private var slope = Lanes(repeating: 0)
    private var curve = Lanes(repeating: 0)
    /// Candidates whose score was worked out.
    private(set) var looked = 0

    init(_ board: HtoolsBoard) {
        self.board = board
        state = HtoolsState(board, at: board.origin)
        movable = (0..<board.instances).filter { board.isMovable[$0] }
        isSpecial = (0..<board.instances).map { board.tags.count($0) > 0 || board.wishes.count($0) > 0 || board.isOffline[board.origin[$0]] }
        func make<Value>(_ value: Value) -> UnsafeMutablePointer<Value> {
            let memory = UnsafeMutablePointer<Value>.allocate(capacity: max(1, board.instances))
            memory.initialize(repeating: value, count: max(1, board.instances))
            return memory
        }
        bound = make(Double.infinity)
        least = make(Lanes(repeating: 0))
        most = make(Lanes(repeating: 0))
        bestTarget = make(-1)
        fresh = make(-1)
        var widest = Lanes(repeating: 0)
        for node in 0..<board.nodes {
            let factor = board.factor[node]
            widest = max(widest, max(factor, -factor))
        }
        for instance in movable { largestDemand = max(largestDemand, board.demand[instance] * widest) }
    }

    deinit {
        bound.deallocate()
        least.deallocate()
        most.deallocate()
        bestTarget.deallocate()
        fresh.deallocate()
    }

    /// hbal's steps, at most so many.
    mutating func run(maxMoves: Int) -> [HtoolsPlanner.Step] {
        guard board.nodes > 1 else { return [] }
        measure()
        while steps.count < maxMoves {
            guard let (instance, gain) = best(), gain > Self.negligible else { break }
            // hbal's -g: below 0.1 a step gains 0.01 or is not made.
            if gain < 0.01, state.score + board.rest < 0.1 { break }
            let (source, target) = (state.at[instance], bestTarget[instance])
            guard target >= 0 else { break }
            steps.append(HtoolsPlanner.Step(instance: instance, from: source, to: target))
            let sum = state.sum
            state.move(instance, to: target)
            carryOver(from: source, to: target, sum: sum)
        }
        return steps
    }

    /// The deviations, and what follows from them.
    private mutating func measure() {
        deviation = state.deviations
        var widest = Lanes(repeating: 0)
        for node in 0..<board.nodes where !board.isOffline[node] { widest = max(widest, max(state.lanes[node], -state.lanes[node])) }
        let n = Lanes(repeating: 1 / board.online)
        largestChange = (largestDemand * (widest + widest + largestDemand) * 2 + 2 * widest * widest) * n
        let safe = deviation.replacing(with: 1e-12, where: deviation .< 1e-12)
        slope = board.weights * -0.5 / safe
        curve = board.weights * 0.5 / (safe * safe * safe)
    }

    // MARK: - Choice

    private mutating func best() -> (instance: Int, gain: Double)? {
        while true {
            var top = (instance: -1, gain: Self.negligible)
            for instance in movable where bound[instance] > top.gain { top = (instance, bound[instance]) }
            guard top.instance >= 0 else { return nil }
            if fresh[top.instance] == steps.count { return top }
            // Everything that could win is looked at in one pass: the next one finds the winner.
            var floor = look(at: top.instance)
            for instance in movable where bound[instance] > floor && fresh[instance] != steps.count { floor = max(floor, look(at: instance)) }
        }
    }

    /// Works out the instance's best move. Its gain; its bounds are exact afterwards.
    private mutating func look(at instance: Int) -> Double {
        var best = -Double.infinity
        var target = -1
        var (low, high) = (Lanes(repeating: .infinity), Lanes(repeating: -.infinity))
        let source = state.at[instance]
        for node in 0..<board.nodes where node != source && state.fits(instance, on: node) {
            let change = state.change(instance, to: node)
            let linear = change * slope
            let limit = linear + change * change * curve
            (low, high) = (min(low, linear), max(high, limit))
            let counted = -state.countedChange(instance, to: node)
            guard limit.sum() + counted > best else { continue }
            let gain = (board.weights * (deviation - root(change))).sum() + counted
            if gain > best { (best, target) = (gain, node) }
        }
        looked += board.nodes
        bestTarget[instance] = target
        fresh[instance] = steps.count
        bound[instance] = best
        least[instance] = target < 0 ? Lanes(repeating: 0) : low
        most[instance] = target < 0 ? Lanes(repeating: 0) : high
        return best
    }

    @inline(__always)
    private func root(_ change: Lanes) -> Lanes {
        let variance = deviation * deviation + change
        return variance.replacing(with: 0, where: variance .< 0).squareRoot()
    }

    // MARK: - Bounds, from one step to the next

    private mutating func carryOver(from source: Int, to target: Int, sum: Lanes) {
        let (before, room) = (deviation, largestChange)
        measure()
        guard let factor = factors(before, room, sum) else {
            for instance in movable { bound[instance] = .infinity }
            return
        }
        let (down, up) = (factor.low - factor.usual, factor.high - factor.usual)
        let shift = factor.shift.sum()
        for instance in movable {
            let here = state.at[instance]
            // What is on the node that was entered gains more by leaving than it did.
            if here == target || isSpecial[instance] {
                bound[instance] = .infinity
                continue
            }
            var gain = bound[instance]
            var (low, high) = (least[instance], most[instance])
            if gain > -.infinity {
                // Each lane's part, by how much its factor differs from the usual one.
                gain = gain * factor.usual + max(max(down * low, up * low), max(down * high, up * high)).sum() + shift
                (low, high) = (min(factor.low * low, factor.high * low) - factor.shift, max(factor.low * high, factor.high * high) + factor.shift)
            }
            if here != source { consider(instance, source, &gain, &low, &high) }
            consider(instance, target, &gain, &low, &high)
            (bound[instance], least[instance], most[instance]) = (gain, low, high)
        }
        looked += 2 * movable.count
    }

    /// What a move to the node can gain at most, now that something has left it or come to it.
    @inline(__always)
    private func consider(_ instance: Int, _ node: Int, _ gain: inout Double, _ low: inout Lanes, _ high: inout Lanes) {
        guard state.fits(instance, on: node) else { return }
        let change = state.change(instance, to: node)
        let linear = change * slope
        let limit = linear + change * change * curve
        gain = max(gain, limit.sum())
        (low, high) = (min(low, linear), max(high, limit))
    }

    private struct Factors {
        /// By lane.
        var low = Lanes(repeating: 1)
        var high = Lanes(repeating: 1)
        var shift = Lanes(repeating: 0)
        var usual = 1.0
    }

    /// By how much what the lanes of an untouched move gain has changed; `nil` where that is not bounded.
    ///
    /// A lane's gain for a change v of the variance is -w v / (σ + sqrt(σ² + v)); from one σ to the next it is multiplied by a quotient that is monotone in v, so
    /// that its values at the least and the greatest v possible bound it. The lanes' sums shift a little too, which changes v itself.
    private func factors(_ before: Lanes, _ room: Lanes, _ sum: Lanes) -> Factors? {
        let after = deviation
        let widest = max(room, largestChange)
        var factors = Factors()
        var (total, weight) = (0.0, 0.0)
        for lane in 0..<Lanes.scalarCount where board.weights[lane] > 0 && (before[lane] > 0 || after[lane] > 0) {
            let (old, new) = (before[lane] * before[lane], after[lane] * after[lane])
            func quotient(_ change: Double) -> Double {
                (before[lane] + max(0, old + change).squareRoot()) / (after[lane] + max(0, new + change).squareRoot())
            }
            // No variance falls below 0, neither then nor now.
            let (a, b) = (quotient(-min(widest[lane], min(old, new))), quotient(widest[lane]))
            factors.low[lane] = min(a, b)
            factors.high[lane] = max(a, b)
            let drift = abs(state.sum[lane] - sum[lane]) * 4 * largestDemand[lane] / (board.online * board.online)
            if drift > 0 { factors.shift[lane] = board.weights[lane] * drift / after[lane] }
            guard factors.high[lane].isFinite, factors.low[lane].isFinite, factors.shift[lane].isFinite else { return nil }
            total += board.weights[lane] * after[lane] * (a + b) / 2
            weight += board.weights[lane] * after[lane]
        }
        if weight > 0 { factors.usual = total / weight }
        return factors
    }
}

/// The smaller of each lane.
@inline(__always)
func min(_ a: SIMD8<Double>, _ b: SIMD8<Double>) -> SIMD8<Double> { a.replacing(with: b, where: b .< a) }

/// The larger of each lane.
@inline(__always)
func max(_ a: SIMD8<Double>, _ b: SIMD8<Double>) -> SIMD8<Double> { a.replacing(with: b, where: b .> a) }
