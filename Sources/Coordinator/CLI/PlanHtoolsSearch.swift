import Dispatch
import PodpModel
import PodpPlanner
import PodpRules
import Synchronization

/// How the plans come about: on hbal's score, or on podp's own objective.
extension HtoolsTask {
    private func sideBySide(_ threads: Int) -> SideBySide {
        SideBySide(threads: threads) { DispatchQueue.concurrentPerform(iterations: $0, execute: $1) }
    }

    // MARK: - hbal's score

    func onScore() throws -> HtoolsDraft {
        var limits = HtoolsPlanner.Limits()
        limits.maxMoves = options.maxMoves
        limits.seed = options.seed
        limits.goal = evacuated.map { .evacuate($0) } ?? .balance
        let sideBySide = sideBySide(min(options.threads ?? 2, 16))
        let session = HtoolsSession(cluster, limits: limits, sideBySide)
        let searches = options.threads ?? session.usualSeeds
        var best = session.plain
        var seed = options.seed
        let end = options.seconds.map { started + .seconds($0) }
        var steps = session.usualSteps
        repeat {
            let found = session.best(of: searches, seed: seed, steps: steps, sideBySide)
            if found.isBetter(than: best) { best = found }
            seed = seed &+ UInt64(searches)
            // Each search is longer than the one before: a slow one finds what short ones cannot.
            steps = min(steps &* 2, 400_000_000)
        } while end.map { $0 - .now > ($0 - started) / 3 } ?? false
        var draft = HtoolsDraft(steps: zip(best.steps, best.waves).map { ($0, $1) })
        try check(&draft)
        draft.reasons = HtoolsReasons(cluster, evacuated: evacuated).list(draft.steps.map(\.step))
        draft.remarks += remarks(best, session)
        return draft
    }

    /// Why a balance on hbal's score does nothing, or less than hbal's own way.
    private func remarks(_ answer: HtoolsPlanner.Answer, _ session: HtoolsSession) -> [String] {
        guard goal == .balance else { return [] }
        let online = cluster.nodes.count { !$0.isOffline }
        if cluster.nodes.count < 2 || online == 0 { return ["nothing to balance: the cluster has \(Words.count(online, "online node"))"] }
        let fixed = cluster.instances.count { !$0.isShared }
        let held = cluster.instances.count { $0.isShared && !$0.autoBalance && !cluster.nodes[$0.primary].isOffline }
        if !cluster.instances.isEmpty, fixed + held == cluster.instances.count {
            return ["nothing to do: no instance may move (\(fixed) for their disks, which other nodes do not reach; \(held) that Ganeti is not to balance)"]
        }
        let way = session.way
        let score = Words.short(way.before.total)
        if answer.steps.isEmpty, way.steps.isEmpty {
            let least = way.before.total < 0.1 ? "by the 0.01 that hbal asks for below 0.1" : "that no rule forbids"
            return ["nothing to do: no move lowers the score, \(score), \(least)"]
        }
        guard answer.steps.isEmpty || (options.maxMoves == nil && answer.after.total > way.after.total + 1e-9) else { return [] }
        let what = "hbal's own way (\(Words.count(way.steps.count, "move")), score \(score) to \(Words.short(way.after.total)))"
        return ["\(what) would lose N+1, \(answer.steps.isEmpty ? "and no plan was found that gains and keeps it" : "which this plan keeps")"]
    }

    // MARK: - podp's objective

    /// The best plan of one seed; with `--threads` of so many, and with `--seconds` of as many as the time is enough for, with ever larger budgets.
    func own() throws -> HtoolsDraft {
        let searches = min(options.threads ?? (options.seconds == nil ? 1 : 2), 256)
        let end = options.seconds.map { started + .seconds($0) }
        var best: HtoolsDraft?
        var seed = options.seed
        var steps = HtoolsProblem.usualSteps(cluster)
        var isInTime = false
        repeat {
            let begun = ContinuousClock.now
            for found in try drafts(searches, seed: seed, steps: steps) where best.map({ isBetter(found, than: $0) }) ?? true { best = found }
            seed = seed &+ UInt64(searches)
            steps = min(steps &* 2, 20_000_000)
            // Another round may take as long as this one.
            isInTime = end.map { ContinuousClock.now + (ContinuousClock.now - begun) < $0 } ?? false
        } while isInTime
        return best ?? HtoolsDraft()
    }

    private func drafts(_ count: Int, seed: UInt64, steps: Int) throws -> [HtoolsDraft] {
        let found = Mutex([Result<HtoolsDraft, any Error>?](repeating: nil, count: count))
        DispatchQueue.concurrentPerform(iterations: count) { search in
            let answer = Result { try own(seed: seed &+ UInt64(search), steps: steps) }
            found.withLock { $0[search] = answer }
        }
        return try found.withLock { $0 }.compactMap { try $0?.get() }
    }

    private func isBetter(_ one: HtoolsDraft, than other: HtoolsDraft) -> Bool { rank(one).lexicographicallyPrecedes(rank(other)) }

    /// The lower, the better: instances on offline nodes, nodes in use if those are to be few, podp's objective with the moves' cost, moves.
    private func rank(_ draft: HtoolsDraft) -> [Double] {
        let places = places(after: draft)
        let hasStandby = cluster.nodes.contains { $0.tags.contains(HtoolsCluster.standby) }
        let used = Set(places).count { !cluster.nodes[$0].isOffline && (!hasStandby || cluster.nodes[$0].tags.contains(HtoolsCluster.standby)) }
        return [
            Double(places.count { cluster.nodes[$0].isOffline }), goal == .consolidate ? Double(used) : 0, costs(of: draft).after, Double(draft.steps.count),
        ]
    }

    func costs(of draft: HtoolsDraft) -> (before: Double, after: Double) {
        let goal: Problem.Goal =
            switch goal {
            case .balance: .balance
            case .consolidate: .consolidate
            case .evacuate: evacuated.map { .evacuate(HtoolsProblem.id(ofNode: $0)) } ?? .balance
            }
        return HtoolsProblem(cluster, goal: goal, maxMoves: nil, steps: nil, seed: 1).costs(of: draft.steps.map(\.step))
    }

    /// Nodes at most for which N+1 is ever a rule of podp's own planner, and not only of the check: one answer takes instances times nodes.
    private static let coveredNodes = 100

    /// Offline nodes are emptied first, as a Ganeti user expects of a balance.
    private func goals() -> [Problem.Goal] {
        switch goal {
        case .evacuate: return evacuated.map { [.evacuate(HtoolsProblem.id(ofNode: $0))] } ?? []
        case .consolidate: return [.consolidate]
        case .balance:
            let full = Set(cluster.instances.filter(\.isShared).map(\.primary)).filter { cluster.nodes[$0].isOffline }.sorted()
            return full.map { .evacuate(HtoolsProblem.id(ofNode: $0)) } + [.balance]
        }
    }

    /// One seed's plan. Mostly it keeps N+1 unasked; where it does not, and steps had to be left out, another one has N+1 as a rule.
    private func own(seed: UInt64, steps: Int) throws -> HtoolsDraft {
        let plain = try own(seed: seed, steps: steps, keepsCover: false)
        guard plain.leftOut > 0, cluster.nodes.count <= Self.coveredNodes else { return plain }
        let careful = try own(seed: seed, steps: min(steps &* 4, 20_000_000), keepsCover: true)
        // Where neither moves anything, the first one says why.
        return careful.steps.isEmpty || isBetter(plain, than: careful) ? plain : careful
    }

    private func own(seed: UInt64, steps: Int, keepsCover: Bool) throws -> HtoolsDraft {
        var now = cluster
        var draft = HtoolsDraft(isOwn: true)
        var emptying = 0
        for goal in goals() {
            let left = options.maxMoves.map { $0 - draft.steps.count }
            if let left, left <= 0 { break }
            let isKept = keepsCover && goal == .balance
            let problem = HtoolsProblem(now, goal: goal, maxMoves: left, steps: steps, seed: seed, keepsCover: isKept).problem
            let plan = Planner.plan(problem)
            if case .failure(let violations) = PlanChecker.check(problem, plan) {
                throw Trouble(.failed, "the plan failed its check and is not shown", details: violations.list.prefix(8).map(\.sentence))
            }
            draft.remarks += Self.remarks(of: plan, after: draft.steps.count)
            let first = (draft.steps.last?.wave ?? -1) + 1
            for (step, wave) in HtoolsProblem.steps(of: plan) {
                draft.steps.append((step, first + wave))
                now.instances[step.instance].primary = step.to
                // One that is down holds none.
                let held = now.instances[step.instance].usesMemory ? now.instances[step.instance].memory : 0
                now.nodes[step.from].freeMemory += held
                now.nodes[step.to].freeMemory = max(0, now.nodes[step.to].freeMemory - held)
            }
            draft.reasons += plan.waves.flatMap { $0.map { plan.moves[$0].reason } }
            if goal != .balance { emptying = draft.steps.count }
        }
        try check(&draft)
        if draft.leftOut > 0, emptying == 0, !draft.steps.isEmpty {
            let costs = costs(of: draft)
            // What is left of a balance may no longer be worth its moves.
            if costs.after >= costs.before {
                draft.steps = []
                draft.reasons = []
                draft.remarks.append("the others alone would not gain what they cost")
            }
        }
        return draft
    }

    /// Of a plan that comes after others in so many moves. The limit of moves is told of all of them together.
    private static func remarks(of plan: Plan, after moves: Int) -> [String] {
        let remarks = plan.remarks.filter { !$0.hasPrefix("stopped at the limit of") }
        guard moves > 0, plan.moves.isEmpty else { return remarks }
        return remarks.map { $0.hasPrefix("nothing to do: ") ? "nothing more to do: " + $0.dropFirst(15) : $0 }
    }
}
