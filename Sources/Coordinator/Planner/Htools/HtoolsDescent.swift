/// Steepest descent by single moves: hbal's algorithm, and hbal's own plan at any size.
///
/// hbal looks at every instance and every node before each step. Here each instance carries a bound on what its best move can gain; only those whose bound
/// could win are looked at again. The bound holds because a move changes two nodes (all instances are tried on both), the deviations σ (which rescale what
/// other moves gain, by a factor between the smallest and the largest of the lanes') and nothing else. `docs/planner.md` has the argument.
///
/// Bounds are worked out in single precision, eight instances or nodes at once, and rounded so that they hold; what decides is worked out exactly.
struct HtoolsDescent: ~Copyable {
    typealias Lanes = HtoolsBoard.Lanes

    private static let negligible = 1e-9

    private(set) var state: HtoolsState
    private var steps: [HtoolsPlanner.Step] = []
    private let board: HtoolsBoard
    private let movable: [Int]
    private var bounds: HtoolsBounds
    /// Tags and wishes count what is elsewhere too: such instances are looked at, without bounds, before every step.
    private let special: [Int]

    init(_ board: HtoolsBoard) {
        self.board = board
        let state = HtoolsState(board, at: board.origin)
        let all = (0..<board.instances).filter { board.isMovable[$0] }
        func isSpecial(_ instance: Int) -> Bool {
            board.tags.count(instance) > 0 || board.wishes.count(instance) > 0 || board.isOffline[board.origin[instance]]
        }
        movable = all.filter { !isSpecial($0) }
        special = all.filter(isSpecial)
        bounds = HtoolsBounds(state, movable)
        self.state = state
    }

    /// hbal's steps, at most so many.
    mutating func run(maxMoves: Int) -> [HtoolsPlanner.Step] {
        guard board.nodes > 1 else { return [] }
        while steps.count < maxMoves {
            guard let (instance, target, gain) = best(), gain > Self.negligible else { break }
            // hbal's -g: below 0.1 a step gains 0.01 or is not made.
            if gain < 0.01, state.score + board.rest < 0.1 { break }
            let source = state.at[instance]
            steps.append(HtoolsPlanner.Step(instance: instance, from: source, to: target))
            state.move(instance, to: target)
            bounds.carryOver(instance, from: source, to: target, state)
        }
        return steps
    }

    // MARK: - Choice

    private mutating func best() -> (instance: Int, target: Int, gain: Double)? {
        var best = (instance: -1, target: -1, gain: Self.negligible)
        for instance in special { look(at: instance, &best) }
        // The one that may gain most sets the others' hurdle.
        var slot = bounds.foremost()
        if slot >= 0 { consider(slot, &best) }
        slot = bounds.next(from: 0, above: best.gain)
        while slot >= 0 {
            consider(slot, &best)
            slot = bounds.next(from: slot + 1, above: best.gain)
        }
        return best.instance < 0 ? nil : best
    }

    /// Looks at the targets of one instance that may gain more than the best move so far.
    private mutating func consider(_ slot: Int, _ best: inout (instance: Int, target: Int, gain: Double)) {
        let instance = movable[slot]
        let count = bounds.look(at: slot, instance, above: best.gain, state)
        for index in 0..<count {
            for lane in 0..<8 {
                let node = bounds.candidate(index, lane, above: best.gain)
                guard node >= 0, state.fits(instance, on: node) else { continue }
                let gain = state.gain(state.change(instance, to: node))
                // Of equals the first node, as hbal.
                if gain > best.gain || gain == best.gain && instance == best.instance && node < best.target { best = (instance, node, gain) }
            }
        }
    }

    private func look(at instance: Int, _ best: inout (instance: Int, target: Int, gain: Double)) {
        for node in 0..<board.nodes where node != state.at[instance] && state.fits(instance, on: node) {
            let gain = state.gain(state.change(instance, to: node)) - state.countedChange(instance, to: node)
            if gain > best.gain { best = (instance, node, gain) }
        }
    }
}
