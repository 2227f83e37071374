import PodpModel

/// The way back: a plan's moves in reverse, on the fleet as it is now. `PlanChecker` is run on it as on any other plan.
public enum Rollback {
    /// Moves that were not made, domains that are gone or have gone elsewhere since are left out, and remarks say which.
    ///
    /// - Parameters:
    ///   - done: indices of the plan's moves that were carried out.
    ///   - present: the fleet as it is now; its goal and revision are the answer's.
    public static func plan(undoing plan: Plan, called name: String, done: Set<Int>, on present: Problem) -> Plan {
        var answer = Plan(
            revision: present.revision, goal: present.goal, moves: [], waves: [], before: [], after: [], costBefore: 0, costAfter: 0, remarks: [])
        answer.undoes = name
        let fleet: Fleet
        do throws(Violations) { fleet = try Fleet(present) } catch {
            answer.remarks = error.list.map(\.sentence)
            return answer
        }
        var at = present.domains.map(\.blade)
        answer.before = RunningLoads(fleet, at: at).all
        for wave in plan.waves.reversed() {
            var undone: [Int] = []
            for index in wave.reversed() where plan.moves.indices.contains(index) {
                let move = plan.moves[index]
                guard done.contains(index) else { continue }
                guard let domain = fleet.domainIndex[move.domain] else {
                    answer.remarks.append("\(move.domainName) does not run any more: move \(index + 1) is not undone")
                    continue
                }
                guard let back = fleet.bladeIndex[move.from] else {
                    answer.remarks.append("\(move.fromName) is gone: move \(index + 1), of \(move.domainName), is not undone")
                    continue
                }
                guard present.blades[at[domain]].id == move.to else {
                    answer.remarks.append("\(move.domainName) runs on \(present.blades[at[domain]].name) by now: move \(index + 1) is not undone")
                    continue
                }
                undone.append(answer.moves.count)
                answer.moves.append(
                    Move(
                        domain: move.domain, domainName: present.domains[domain].name, from: move.to, fromName: present.blades[at[domain]].name, to: move.from,
                        toName: present.blades[back].name, live: present.domains[domain].mobility == .live, bytes: move.bytes, duration: move.duration,
                        downtime: move.downtime, reason: "undoes move \(index + 1) of plan \(name)"))
                at[domain] = back
            }
            if !undone.isEmpty { answer.waves.append(undone) }
        }
        answer.after = RunningLoads(fleet, at: at).all
        return answer
    }
}
