import PodpModel
import PodpPlanner

/// What `podp plan --htools` answers; as JSON, the names here are its keys.
struct HtoolsReport: Encodable {
    struct Step: Encodable {
        var instance: String
        var from: String
        var to: String
        var wave: Int
        /// Memory that is sent.
        var bytes: UInt64
        /// In words and numbers.
        var reason: String
    }

    var goal: String
    var objective: String
    var node: String?
    /// How many.
    var moves: Int
    var waves: Int
    /// From the start of reading to the end of checking.
    var seconds: Double
    /// Memory of everything that moves.
    var bytes: UInt64
    var scoreBefore: Double
    var scoreAfter: Double
    var costBefore: Double?
    var costAfter: Double?
    /// Online nodes without an instance.
    var emptyBefore: Int
    var emptyAfter: Int
    /// Nodes whose loss the others could bear (N+1).
    var coveredBefore: Int
    var coveredAfter: Int
    var steps: [Step]
    var remarks: [String]

    init(_ draft: HtoolsDraft, _ cluster: HtoolsCluster, goal: HtoolsRun.Goal, objective: HtoolsOptions.Objective, evacuated: Int?) {
        switch goal {
        case .balance: self.goal = "balance"
        case .consolidate: self.goal = "consolidate"
        case .evacuate: self.goal = "evacuate"
        }
        self.objective = objective.rawValue
        node = evacuated.map { cluster.nodes[$0].name }
        moves = draft.steps.count
        waves = Set(draft.steps.map(\.wave)).count
        seconds = draft.seconds
        steps = draft.steps.enumerated().map { index, planned in
            let instance = cluster.instances[planned.step.instance]
            return Step(
                instance: instance.name, from: cluster.nodes[planned.step.from].name, to: cluster.nodes[planned.step.to].name, wave: planned.wave,
                bytes: UInt64(max(0, instance.memory)) << 20, reason: draft.reasons.indices.contains(index) ? draft.reasons[index] : "")
        }
        bytes = steps.reduce(Bytes.zero) { $0 + Bytes($1.bytes) }.count
        (scoreBefore, scoreAfter) = draft.scores
        (costBefore, costAfter) = (draft.costs?.before, draft.costs?.after)
        var places = cluster.instances.map(\.primary)
        let online = cluster.nodes.indices.filter { !cluster.nodes[$0].isOffline }
        let secondaries = Set(cluster.instances.compactMap(\.secondary))
        func empty(_ used: Set<Int>) -> Int { online.count { !used.contains($0) && !secondaries.contains($0) } }
        emptyBefore = empty(Set(places))
        for (step, _) in draft.steps { places[step.instance] = step.to }
        emptyAfter = empty(Set(places))
        (coveredBefore, coveredAfter) = draft.covered
        remarks = draft.remarks
    }

    var text: String {
        let out = Terminal.output
        var text = out.bold(goal + (node.map { " \(SafeText.line($0))" } ?? "")) + "  \(Words.count(moves, "move")) in \(Words.count(waves, "wave")), "
        text += "\(Words.bytes(bytes)); hbal's score \(Words.short(scoreBefore)) → \(Words.short(scoreAfter))\n"
        for (index, step) in steps.enumerated() {
            let cost = "\(Words.bytes(step.bytes)), wave \(step.wave + 1)"
            text += "\(index + 1). \(SafeText.line("\(step.instance)  \(step.from) → \(step.to)"))  \(out.faint(cost))\n"
            text += "   \(SafeText.line(step.reason))\n"
        }
        for remark in remarks { text += out.yellow("   \(SafeText.line(remark))") + "\n" }
        text += out.faint("every state was checked against Ganeti's rules; the loss of any of \(coveredBefore) nodes could be borne, of \(coveredAfter) after")
        text += "\n"
        return text
    }
}
