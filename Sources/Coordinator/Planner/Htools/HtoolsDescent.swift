import Synchronization

/// Steepest descent by single moves: hbal's algorithm, and hbal's own plan at any size. The instances are looked at in parts, side by side where the caller has
/// threads for it; how many there are changes nothing in the plan.
struct HtoolsDescent {
    private final class Part: Sendable {
        let share: Mutex<HtoolsShare>

        init(_ board: HtoolsBoard, part: Int, of parts: Int) { share = Mutex(HtoolsShare(board, part: part, of: parts)) }
    }

    private let board: HtoolsBoard
    private let parts: [Part]
    private let sideBySide: SideBySide

    /// - Parameter fewInstances: below so many one part is as fast.
    init(_ board: HtoolsBoard, _ sideBySide: SideBySide, fewInstances: Int = 2_000) {
        let count = board.instances < fewInstances ? 1 : sideBySide.threads
        self.board = board
        parts = (0..<count).map { Part(board, part: $0, of: count) }
        self.sideBySide = sideBySide
    }

    /// hbal's steps, at most so many.
    func run(maxMoves: Int) -> [HtoolsPlanner.Step] {
        guard board.nodes > 1 else { return [] }
        var steps: [HtoolsPlanner.Step] = []
        while steps.count < maxMoves, let step = next(after: steps.last) { steps.append(step) }
        return steps
    }

    /// The best step, once the last one has been made; `nil`: none is worth it.
    private func next(after last: HtoolsPlanner.Step?) -> HtoolsPlanner.Step? {
        if parts.count == 1 {
            parts[0].share.withLock { $0.advance(last) }
        } else {
            sideBySide.run(parts.count) { [parts] part in parts[part].share.withLock { $0.advance(last) } }
        }
        let best = parts.reduce(into: HtoolsShare.Choice()) { best, part in
            let choice = part.share.withLock { $0.choice }
            if choice.isBetter(than: best) { best = choice }
        }
        guard best.instance >= 0 else { return nil }
        return parts[0].share.withLock { share in
            // hbal's -g: below 0.1 a step gains 0.01 or is not made.
            if best.gain < 0.01, share.state.score + board.rest < 0.1 { return nil }
            return HtoolsPlanner.Step(instance: best.instance, from: share.state.at[best.instance], to: best.target)
        }
    }
}
