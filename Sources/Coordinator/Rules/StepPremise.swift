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

    /// Whose loss could no longer be borne if a domain that does not run now ran on a blade, a sentence each; empty: N+1 is kept as far as it is now.
    ///
    /// - Parameter domain: as it would run; its `blade` is the one that it would start on.
    public static func losses(starting domain: Problem.Domain, in present: Problem) -> [String] {
        var now = present
        now.domains.removeAll { $0.id == domain.id }
        var later = now
        later.domains.append(domain)
        return losses(from: now, to: later)
    }

    /// Whose loss could no longer be borne once a domain that runs has moved to a blade by itself, a sentence each.
    ///
    /// On its way it is restarted once, wherever it is lost: with its source a copy that is not whole is gone, and with its target it runs on.
    public static func losses(moving domain: DomainID, to blade: BladeID, in present: Problem) -> [String] {
        guard let mover = present.domains.firstIndex(where: { $0.id == domain }), let target = present.blades.firstIndex(where: { $0.id == blade }) else {
            return []
        }
        var later = present
        later.domains[mover].blade = target
        return losses(from: present, to: later)
    }

    /// Whose loss could no longer be borne if a domain that runs needed something else where it is, a sentence each.
    public static func losses(changing domain: Problem.Domain, in present: Problem) -> [String] {
        guard let position = present.domains.firstIndex(where: { $0.id == domain.id }) else { return [] }
        var later = present
        later.domains[position] = domain
        return losses(from: present, to: later)
    }

    /// Whose loss could no longer be borne if a blade were off, once whatever runs on it is where the placement says; empty: N+1 is kept as far as it is now.
    ///
    /// Whether it takes new domains now does not matter: one that is drained to be switched off bears nothing any more, and did before.
    /// - Parameters:
    ///   - blade: counts as one that takes domains now.
    ///   - places: by domain, the blade that it runs on by then; `nil`: where it runs now.
    public static func losses(switchingOff blade: BladeID, in present: Problem, at places: [Int]? = nil) -> [String] {
        guard let position = present.blades.firstIndex(where: { $0.id == blade }) else { return [] }
        var now = present
        now.goal = .balance
        now.blades[position].accepts = true
        var later = now
        later.blades[position].accepts = false
        for (domain, place) in (places ?? []).enumerated() where later.domains.indices.contains(domain) { later.domains[domain].blade = place }
        return losses(from: now, to: later)
    }

    /// With hard N+1 for its rules, and those that name blades: they say where a domain may be restarted.
    private static func survivals(of present: Problem) -> Problem {
        var problem = present
        problem.rules = present.rules.filter { rule in
            switch rule.kind {
            case .survive, .onlyOn, .neverOn: rule.price == nil
            default: false
            }
        }
        return problem
    }

    /// Blades that are drained count both ways: what they bear may come back, and what is lost without them may not be what makes more of it free.
    private static func losses(from present: Problem, to future: Problem) -> [String] {
        let losses = lossesAsDrained(from: present, to: future)
        let drained = present.blades.indices.filter { !present.blades[$0].accepts && present.blades[$0].reason == Problem.Blade.draining }
        guard !drained.isEmpty else { return losses }
        var (now, later) = (present, future)
        for blade in drained {
            now.blades[blade].accepts = true
            later.blades[blade].accepts = true
        }
        return losses + lossesAsDrained(from: now, to: later).filter { !losses.contains($0) }
    }

    private static func lossesAsDrained(from present: Problem, to future: Problem) -> [String] {
        let now = survivals(of: present)
        var later = future
        later.rules = now.rules
        let isSurvival = Set(now.rules.filter(\.isSurvival).map(\.name))
        guard !isSurvival.isEmpty else { return [] }
        let before = Set(PlanChecker.presentViolations(in: now).map(\.sentence))
        return PlanChecker.presentViolations(in: later).filter { isSurvival.contains($0.rule) && !before.contains($0.sentence) }.map(\.sentence)
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
