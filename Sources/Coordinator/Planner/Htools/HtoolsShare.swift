/// One of the parts in which the instances are looked at for `HtoolsDescent`, with a state and bounds of its own. All parts make all steps.
///
/// hbal looks at every instance and every node before each step. Here each instance carries a bound on what its best move can gain; only those whose bound
/// could win are looked at again. The bound holds because a move changes two nodes (all instances are tried on both), the deviations σ (which rescale what
/// other moves gain, by a factor between the smallest and the largest of the lanes') and nothing else. `docs/planner.md` has the argument.
///
/// Bounds are worked out in single precision, eight instances or nodes at once, and rounded so that they hold; what decides is worked out exactly.
struct HtoolsShare: ~Copyable {
    /// A move that gains more than nothing, or (instance -1) none.
    struct Choice: Sendable {
        var instance = -1
        var target = -1
        var gain = HtoolsShare.negligible

        /// Of equals the first instance and the first node, as hbal.
        @inline(__always)
        func isBetter(than other: Choice) -> Bool {
            if gain != other.gain { return gain > other.gain }
            return instance >= 0 && (other.instance < 0 || (instance, target) < (other.instance, other.target))
        }
    }

    static let negligible = 1e-9

    private(set) var state: HtoolsState
    private(set) var choice = Choice()
    private let board: HtoolsBoard
    private let movable: [Int]
    private var bounds: HtoolsBounds
    /// Tags and wishes count what is elsewhere too: such instances are looked at, without bounds, before every step.
    private let special: [Int]

    /// Every `parts`th of the instances, from `part` on.
    init(_ board: HtoolsBoard, part: Int, of parts: Int) {
        self.board = board
        let state = HtoolsState(board, at: board.origin)
        let all = (0..<board.instances).filter { $0 % parts == part && board.isMovable[$0] }
        func isSpecial(_ instance: Int) -> Bool {
            board.tags.count(instance) > 0 || board.wishes.count(instance) > 0 || board.isOffline[board.origin[instance]]
        }
        movable = all.filter { !isSpecial($0) }
        special = all.filter(isSpecial)
        bounds = HtoolsBounds(state, movable)
        self.state = state
    }

    /// Makes the step, if there is one, and looks for the best one after it.
    mutating func advance(_ step: HtoolsPlanner.Step?) {
        if let step {
            state.move(step.instance, to: step.to)
            bounds.carryOver(step.instance, from: step.from, to: step.to, state)
        }
        choice = best()
    }

    // MARK: - Choice

    private mutating func best() -> Choice {
        var best = Choice()
        for instance in special { look(at: instance, &best) }
        // The one that may gain most sets the others' hurdle.
        var slot = bounds.foremost()
        if slot >= 0 { consider(slot, &best) }
        slot = bounds.next(from: 0, above: best.gain)
        while slot >= 0 {
            consider(slot, &best)
            slot = bounds.next(from: slot + 1, above: best.gain)
        }
        return best
    }

    /// Looks at the targets of one instance that may gain as much as the best move so far.
    private mutating func consider(_ slot: Int, _ best: inout Choice) {
        let instance = movable[slot]
        let source = state.at[instance]
        let count = bounds.look(at: slot, instance, on: source, HtoolsRows.single(state.lanes[source]), above: best.gain)
        for index in 0..<count where bounds.hasCandidates(index, above: best.gain) {
            for lane in 0..<8 {
                let node = bounds.candidate(index, lane, above: best.gain)
                guard node >= 0, state.fits(instance, on: node) else { continue }
                let choice = Choice(instance: instance, target: node, gain: state.gain(state.change(instance, to: node)))
                if choice.isBetter(than: best) { best = choice }
            }
        }
    }

    private func look(at instance: Int, _ best: inout Choice) {
        for node in 0..<board.nodes where node != state.at[instance] && state.fits(instance, on: node) {
            let gain = state.gain(state.change(instance, to: node)) - state.countedChange(instance, to: node)
            let choice = Choice(instance: instance, target: node, gain: gain)
            if choice.isBetter(than: best) { best = choice }
        }
    }
}
