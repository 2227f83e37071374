import PodpModel
import PodpPlanner
import PodpRules

/// What is to be planned, and for which cluster.
struct HtoolsTask: Sendable {
    let goal: HtoolsRun.Goal
    let options: HtoolsOptions
    /// With the node that is to be emptied as offline.
    let cluster: HtoolsCluster
    let evacuated: Int?
    let replay: HtoolsReplay
    let started: ContinuousClock.Instant

    /// The plan, checked, with its figures and remarks.
    func draft() throws -> HtoolsDraft {
        var draft = HtoolsDraft(isOwn: options.objective == .podp || goal == .consolidate)
        if let evacuated, !cluster.instances.contains(where: { $0.primary == evacuated }) {
            let others = cluster.instances.count { $0.secondary == evacuated }
            let mirrored = others > 0 ? ", which is the secondary node of \(others)" : ""
            draft.remarks = ["nothing to do: no instance runs on \(cluster.nodes[evacuated].name)\(mirrored)"]
        } else if options.maxMoves == 0 {
            draft.remarks = ["no moves are allowed: --max-moves is 0"]
        } else if options.objective == .hbal, goal != .consolidate {
            draft = try onScore()
            // Where nothing else may move, somebody may be left without room: podp's own way lets others make some.
            if left(draft) > 0 {
                let other = try own()
                if left(other) < left(draft) { draft = other }
            }
        } else {
            draft = try own()
        }
        figure(&draft)
        if let most = options.maxMoves, draft.steps.count >= most {
            if most > 0 { draft.remarks.append("stopped at the limit of \(Words.count(most, "move")): a further plan may gain more") }
        } else {
            draft.remarks += stays(draft)
        }
        return draft
    }

    // MARK: - The checker's word

    private func moves(_ steps: [HtoolsPlanner.Step]) -> [(instance: String, from: String, to: String)] {
        steps.map { (cluster.instances[$0.instance].name, cluster.nodes[$0.from].name, cluster.nodes[$0.to].name) }
    }

    /// Ganeti's rules on every state, by code that shares nothing with the planner: what breaks one refuses the plan. Steps that lose N+1 are left out, and those
    /// that need them; with a remark.
    func check(_ draft: inout HtoolsDraft) throws {
        var violations = replay.violations(of: moves(draft.steps.map(\.step)))
        let broken = violations.filter { $0.rule != HtoolsReplay.coverRule }
        guard broken.isEmpty else {
            throw Trouble(.failed, "the plan failed its check and is not shown", details: broken.prefix(8).map { "step \($0.step): \($0.sentence)" })
        }
        // Emptying nodes spends the reserve that N+1 is: there it is told, not kept.
        guard goal == .balance, let reason = violations.first?.sentence else { return }
        let found = draft.steps.count
        while let first = violations.first, draft.steps.indices.contains(first.step - 1) {
            draft.remove(first.step - 1)
            violations = replay.violations(of: moves(draft.steps.map(\.step)))
        }
        draft.numberWaves()
        draft.leftOut = found - draft.steps.count
        draft.remarks.append("left out to keep N+1, with what needs them: \(draft.leftOut) of \(Words.count(found, "move")); \(reason)")
    }

    /// What is true of the moves that are left, of all goals together.
    private func figure(_ draft: inout HtoolsDraft) {
        let steps = draft.steps.map(\.step)
        draft.scores = (HtoolsScore(cluster).total, HtoolsScore(cluster, places: places(after: draft)).total)
        draft.covered = (replay.coveredNodes, replay.coveredNodes(after: moves(steps)))
        draft.costs = draft.isOwn ? costs(of: draft) : nil
    }

    // MARK: - Places

    func places(after draft: HtoolsDraft) -> [Int] {
        var places = cluster.instances.map(\.primary)
        for (step, _) in draft.steps { places[step.instance] = step.to }
        return places
    }

    /// Instances that stay on a node that is to be emptied.
    func left(_ draft: HtoolsDraft) -> Int { evacuated.map { node in places(after: draft).count { $0 == node } } ?? 0 }

    /// What stays where it should not. podp's own planner says itself what stays on a node that it is to empty.
    private func stays(_ draft: HtoolsDraft) -> [String] {
        let stays = HtoolsStays(cluster, places: places(after: draft))
        if let evacuated { return draft.isOwn ? [] : stays.onNode(evacuated) }
        guard goal == .balance else { return [] }
        let emptied = draft.isOwn ? Set(cluster.instances.filter(\.isShared).map(\.primary)) : []
        let offline = cluster.nodes.indices.filter { cluster.nodes[$0].isOffline && !emptied.contains($0) }
        return Array(offline.flatMap { stays.onNode($0) }.prefix(8)) + stays.crowded()
    }

    func line(_ step: HtoolsPlanner.Step) -> String {
        "\(cluster.instances[step.instance].name) \(cluster.nodes[step.from].name) \(cluster.nodes[step.to].name)"
    }
}

/// A plan on its way to the checker.
struct HtoolsDraft: Sendable {
    /// Planned on podp's objective.
    var isOwn = false
    var steps: [(step: HtoolsPlanner.Step, wave: Int)] = []
    /// By step.
    var reasons: [String] = []
    /// hbal's score.
    var scores: (before: Double, after: Double) = (0, 0)
    /// podp's objective, where that was planned on.
    var costs: (before: Double, after: Double)?
    /// Nodes whose loss the others could bear.
    var covered: (before: Int, after: Int) = (0, 0)
    var remarks: [String] = []
    /// Steps that the check took away.
    var leftOut = 0
    var seconds = 0.0

    /// From 0, without gaps.
    mutating func numberWaves() {
        let numbers = Dictionary(uniqueKeysWithValues: Set(steps.map(\.wave)).sorted().enumerated().map { ($1, $0) })
        for index in steps.indices { steps[index].wave = numbers[steps[index].wave] ?? 0 }
    }

    mutating func remove(_ index: Int) {
        steps.remove(at: index)
        if reasons.indices.contains(index) { reasons.remove(at: index) }
    }
}
