import PodpModel

/// Hard N+1 as a fleet keeps it now, and which losses a change would make unbearable: a sentence each, none where it is kept as far as it is now.
///
/// What is lost already is not asked about. Blades that are drained count both ways: what they bear may come back, and what is lost without them may not be what
/// makes more of it free.
public struct SurvivalPremise {
    private let present: Problem
    private let rules: Set<String>
    private let drained: [Int]
    /// What is lost already, with drained blades as they are and, where there are some, as if they took domains.
    private let lost: [Set<String>]

    /// - Parameter newcomer: a domain that is to start, and counts nowhere until then.
    public init(_ present: Problem, without newcomer: DomainID? = nil) {
        var bare = present.withSurvivalAlone
        if let newcomer { bare.domains.removeAll { $0.id == newcomer } }
        let drained = bare.blades.indices.filter { !bare.blades[$0].accepts && bare.blades[$0].reason == Problem.Blade.draining }
        self.present = bare
        self.drained = drained
        rules = Set(bare.rules.filter { $0.isSurvival && $0.price == nil }.map(\.name))
        lost = rules.isEmpty ? [] : Self.bothWays(bare, drained).map { Set(PlanChecker.presentViolations(in: $0).map(\.sentence)) }
    }

    /// A domain that does not run now, as it would on its `blade`.
    public func losses(starting domain: Problem.Domain) -> [String] {
        var later = present
        later.domains.append(domain)
        return losses(in: later)
    }

    /// A domain that runs moves to a blade by itself.
    ///
    /// On its way it is restarted once, wherever it is lost: with its source a copy that is not whole is gone, and with its target it runs on. That it takes its
    /// memory at both ends meanwhile, from those that a third blade's loss would restart, is not asked here: plans do (`Survival`).
    public func losses(moving domain: DomainID, to blade: BladeID) -> [String] {
        guard let mover = present.domains.firstIndex(where: { $0.id == domain }), let target = index(of: blade) else { return [] }
        var later = present
        later.domains[mover].blade = target
        return losses(in: later)
    }

    /// A domain that runs needs something else where it is.
    public func losses(changing domain: Problem.Domain) -> [String] {
        guard let position = present.domains.firstIndex(where: { $0.id == domain.id }) else { return [] }
        var later = present
        later.domains[position] = domain
        return losses(in: later)
    }

    /// A blade is off, once whatever runs on it is where the placement says.
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
        let premise = SurvivalPremise(now)
        var later = premise.present
        later.blades[position].accepts = false
        for (domain, place) in (places ?? []).enumerated() where later.domains.indices.contains(domain) { later.domains[domain].blade = place }
        return premise.losses(in: later)
    }

    /// Where the problem has a blade.
    public func index(of blade: BladeID) -> Int? { present.blades.firstIndex { $0.id == blade } }

    private func losses(in later: Problem) -> [String] {
        var losses: [String] = []
        for (variant, before) in zip(Self.bothWays(later, drained), lost) {
            let found = PlanChecker.presentViolations(in: variant).filter { rules.contains($0.rule) && !before.contains($0.sentence) }.map(\.sentence)
            losses += found.filter { !losses.contains($0) }
        }
        return losses
    }

    private static func bothWays(_ problem: Problem, _ drained: [Int]) -> [Problem] {
        guard !drained.isEmpty else { return [problem] }
        var undrained = problem
        for blade in drained { undrained.blades[blade].accepts = true }
        return [problem, undrained]
    }
}

extension Problem {
    /// With N+1 for its rules, hard or a wish, and the hard ones that name blades: they say where a domain may be restarted.
    public var withSurvivalAlone: Problem {
        var problem = self
        problem.rules.removeAll { rule in
            switch rule.kind {
            case .survive: false
            case .onlyOn, .neverOn: rule.price != nil
            default: true
            }
        }
        return problem
    }
}
