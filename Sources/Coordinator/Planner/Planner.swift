import PodpModel

/// Problem in, plan out: which domains should run elsewhere, in which order, and why.
///
/// Deterministic: the same problem gives the same plan on every machine. `docs/planner.md` tells the algorithm, the objective, the restrictions.
/// A planner vouches for nothing: `PlanChecker` of `PodpRules` is run on every plan before it is shown or applied.
public enum Planner {
    /// The best plan found within the problem's limits. Without moves, and with remarks that say why, if there is none or if the problem is malformed.
    public static func plan(_ problem: Problem, weights: Weights = Weights()) -> Plan {
        let faults = Soundness.faults(of: problem)
        guard faults.isEmpty else {
            return Plan(
                revision: problem.revision, goal: problem.goal, moves: [], waves: [], before: [], after: [], costBefore: 0, costAfter: 0,
                remarks: faults.map { "nothing can be planned: \($0)" })
        }
        var plan = Attempt(problem, weights: weights).best()
        if var relaxations = Relaxations(problem, weights: weights), let sentence = relaxations.sentence(for: plan) { plan.remarks.append(sentence) }
        // Where a consolidation stops for want of room, or for a rule: not where somebody would wait longer.
        if let next = Relaxations.afterConsolidation(problem, plan), var relaxations = Relaxations(next, weights: weights) {
            if let sentence = relaxations.sentence(for: Attempt(next, weights: weights).best()) { plan.remarks.append(sentence) }
        }
        return plan
    }
}

/// Search and schedule, again without those domains that no order could bring where they were to be.
struct Attempt {
    private let problem: Problem
    private let weights: Weights
    private let reach: Reach
    private let emptiesOrNothing: Bool
    private static let rounds = 3

    /// - Parameter emptiesOrNothing: whether all that is asked is whether a blade can be emptied: where the others have no room for all of it, little is tried.
    init(_ problem: Problem, weights: Weights, emptiesOrNothing: Bool = false) {
        self.problem = problem
        self.weights = weights
        self.emptiesOrNothing = emptiesOrNothing
        reach = Reach(problem)
    }

    func best() -> Plan {
        let (plan, isWhole) = best(mayGather: true)
        guard problem.goal == .consolidate, !isWhole else { return plan }
        // What fills no blade that is empty may have an order where the best placement has none.
        let other = best(mayGather: false).plan
        return other.costAfter < plan.costAfter ? other : plan
    }

    /// The plan, and whether it is all that the first search found.
    private func best(mayGather: Bool) -> (plan: Plan, isWhole: Bool) {
        var banned: Set<Int> = []
        var steps = problem.limits.steps
        var remarks: [String] = []
        var part: (schedule: Schedule, board: Board, cost: Double)?
        var mayChain = true
        var rounds = Self.rounds
        while rounds > 0 {
            rounds -= 1
            let board = Board(problem, reach: reach, weights: weights, banned: banned)
            let (target, left, isChained) = search(board, steps: max(steps, 1), mayChain: mayChain, mayGather: mayGather)
            steps = left
            let start = Placement(board)
            let priority = (0..<board.items).map { item in
                start.at[item] == target.at[item] ? 0 : start.cost[start.at[item]] - start.cost(of: start.at[item], without: item) - board.moveCost[item]
            }
            let schedule = Schedule(problem, board: board, reach: reach, to: target.at, priority: priority)
            if schedule.left.isEmpty {
                if let part, part.cost < cost(of: schedule, board) { break }
                return (Report(problem, board: board, reach: reach, schedule: schedule).plan(remarks: remarks), banned.isEmpty)
            }
            if mayStopHalfWay(schedule, board) {
                let reached = cost(of: schedule, board)
                if reached < part?.cost ?? start.placementCost { part = (schedule, board, reached) }
                // Most of what was wanted is as good as another search, and better than one without means.
                if start.placementCost - reached > 0.9 * (start.placementCost - target.objective) || steps < problem.limits.steps / 4, part != nil { break }
            }
            if isChained {
                // What makes room in one go may have an order where a chain has none.
                mayChain = false
                rounds += 1
                continue
            }
            banned.formUnion(schedule.left)
            let names = schedule.left.prefix(8).map { problem.domains[$0].name }.joined(separator: ", ")
            remarks = ["left where they are, because no order of moves within the limits would be legal at every step: {\(names)}"]
        }
        if let part {
            let stay = part.schedule.left.count
            let remark = "\(stay == 1 ? "1 domain is" : "\(stay) domains are") not where the best placement found has them: no order of moves brings all there"
            return (Report(problem, board: part.board, reach: reach, schedule: part.schedule).plan(remarks: [remark]), false)
        }
        let board = Board(problem, reach: reach, weights: weights, banned: banned)
        let idle = Schedule(problem, board: board, reach: reach, to: board.origin, priority: Array(repeating: 0, count: board.items))
        return (Report(problem, board: board, reach: reach, schedule: idle).plan(remarks: remarks), false)
    }

    /// A balance may, whose groups are whole.
    private func mayStopHalfWay(_ schedule: Schedule, _ board: Board) -> Bool {
        guard problem.goal == .balance else { return false }
        return (0..<board.items).allSatisfy { item in Set(board.domains[item].map { schedule.at[$0] }).count == 1 }
    }

    /// What the fleet costs afterwards, with the moves that it takes.
    private func cost(of schedule: Schedule, _ board: Board) -> Double {
        Placement(board, at: (0..<board.items).map { schedule.at[board.domains[$0].first ?? 0] }).placementCost
            + schedule.steps.reduce(0) { $0 + board.estimates[$1.domain].cost(weights) }
    }

    /// The best placement found, what is left of the budget, and whether it takes chains to empty the blade.
    private func search(_ board: Board, steps: Int, mayChain: Bool, mayGather: Bool) -> (Placement, left: Int, isChained: Bool) {
        let limits = problem.limits
        let start = Placement(board)
        switch problem.goal {
        case .balance:
            var search = Search(start, steps: steps, maxDisplaced: limits.maxMoves, seed: limits.seed)
            search.descend()
            // Enough to shuffle each item many times; more finds little in a small fleet.
            search.anneal(limit: min(search.steps / 2, 400 * board.items))
            search.descend()
            return (search.placement, search.steps, false)
        case .restore:
            var search = Search(start, steps: steps, maxDisplaced: limits.maxMoves, seed: limits.seed)
            search.descend()
            if search.placement.placementCost > 0 {
                search.anneal(limit: min(search.steps / 2, 400 * board.items))
                search.descend()
            }
            return (search.placement, search.steps, false)
        case .evacuate:
            var clearing = Clearing(start, steps: steps, maxDisplaced: limits.maxMoves, seed: limits.seed)
            clearing.evacuate(board.evacuated)
            let isChained = mayChain && clearing.evacuateByChains(board.evacuated, allOrNothing: emptiesOrNothing)
            let (placement, left) = improve(clearing.placement, steps: clearing.steps)
            return (placement, left, isChained)
        case .consolidate:
            var clearing = Clearing(start, steps: steps, maxDisplaced: limits.maxMoves, seed: limits.seed)
            clearing.consolidate(mayGather: mayGather)
            let (placement, left) = improve(clearing.placement, steps: clearing.steps)
            return (placement, left, false)
        }
    }

    /// Better targets for what is moved anyway; nothing else moves.
    private func improve(_ placement: Placement, steps: Int) -> (Placement, left: Int) {
        let scope = (0..<placement.board.items).map { placement.at[$0] != placement.board.origin[$0] }
        var search = Search(placement, steps: max(steps, 0), maxDisplaced: problem.limits.maxMoves, seed: problem.limits.seed, scope: scope)
        search.descend()
        return (search.placement, search.steps)
    }
}
