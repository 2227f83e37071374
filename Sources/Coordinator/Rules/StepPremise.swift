import PodpModel

/// Whether what a step of a plan relied on still holds.
public enum StepPremise {
    /// What has changed since the plan was made so that this move is not to be done, a sentence each; empty when its premise holds.
    ///
    /// - Parameters:
    ///   - move: the step that is about to be done.
    ///   - present: the fleet as it is now, for the same goal as the plan's.
    ///   - inFlight: moves that have been sent and have not ended, in the order in which they were sent: they count at both ends.
    public static func changes(for move: Move, in present: Problem, inFlight: [Move] = []) -> [String] {
        let fleet: Fleet
        do throws(Violations) { fleet = try Fleet(present) } catch { return error.list.map(\.sentence) }
        var occupancy = Occupancy(fleet)
        for other in inFlight where other.domain != move.domain {
            guard let domain = fleet.domainIndex[other.domain], let target = fleet.bladeIndex[other.to] else { continue }
            // One that has arrived by now is where the problem says.
            if occupancy.at[domain] != target, !occupancy.isUnderWay(domain) { occupancy.start(domain, to: target) }
        }
        guard let domain = fleet.domainIndex[move.domain] else { return ["\(move.domainName) is gone"] }
        var changes: [String] = []
        if present.domains[domain].blade != fleet.bladeIndex[move.from] {
            changes.append("\(move.domainName) no longer runs on \(move.fromName): it runs on \(present.blades[present.domains[domain].blade].name)")
        }
        guard let target = fleet.bladeIndex[move.to] else { return changes + ["\(move.toName) is gone"] }
        // Where it is already it need not fit again.
        guard present.domains[domain].blade != target else { return changes }
        let arrival = Arrival(domain: domain, target: target, live: move.live, downtime: move.downtime)
        return changes + RuleBook(fleet).objections(to: arrival, in: occupancy, step: 0).map(\.sentence)
    }

    /// Why one domain may not be moved to a blade by itself, with no plan around it, a sentence each; empty when it may.
    ///
    /// Stricter than `changes`: a member of a group that is to run together or near would leave it, and N+1 would be lost once it has arrived.
    public static func objections(
        moving domain: DomainID, to blade: BladeID, live: Bool, downtime: Duration = .zero, in problem: Problem, inFlight: [Move] = []
    ) -> [String] {
        guard let mover = problem.domains.first(where: { $0.id == domain }) else { return ["no domain \(domain) runs"] }
        guard let target = problem.blades.first(where: { $0.id == blade }) else { return ["there is no blade \(blade)"] }
        guard problem.blades.indices.contains(mover.blade) else { return ["where \(mover.name) runs is not known"] }
        let source = problem.blades[mover.blade]
        guard source.id != blade else { return ["\(mover.name) runs on \(target.name) already"] }
        let move = Move(
            domain: domain, domainName: mover.name, from: source.id, fromName: source.name, to: blade, toName: target.name, live: live, bytes: .zero,
            duration: .zero, downtime: downtime, reason: "")
        let changes = changes(for: move, in: problem, inFlight: inFlight)
        guard changes.isEmpty else { return changes }
        var later = problem
        for index in later.domains.indices where later.domains[index].id == domain {
            later.domains[index].blade = problem.blades.firstIndex { $0.id == blade } ?? later.domains[index].blade
        }
        let before = Set(PlanChecker.presentViolations(in: problem).map(\.sentence))
        // Groups that are split by this move and were not before; groups that were split already are told by their own sentence.
        return PlanChecker.presentViolations(in: later).filter { violation in
            !before.contains(violation.sentence) && problem.rules.contains { $0.name == violation.rule && $0.price == nil && $0.isJudgedAtRest }
        }.map(\.sentence)
    }
}

extension Rule {
    var isSurvival: Bool { if case .survive = kind { true } else { false } }

    /// Whether what it says of a state between moves is not all that it says.
    var isJudgedAtRest: Bool {
        switch kind {
        case .together, .near, .survive: true
        default: false
        }
    }
}
