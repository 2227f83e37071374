import PodpModel

/// The hard rules about zones and exclusive blades, judged domain by domain while a plan is under way: what is on its way is at either end.
struct Guards {
    private struct Group {
        var members: [Int]
        /// By blade.
        var zone: [Int]
        /// Of a spread: zones that must be held; `nil`: the group is to be near.
        var least: Int?
    }

    private var groups: [Group] = []
    private var exclusive: [[Bool]] = []
    private let strangers: [Bool]
    let isEmpty: Bool

    init(_ problem: Problem, index: [DomainID: Int]) {
        strangers = problem.blades.map { $0.reserved.contains { $0 > 0 } }
        for rule in problem.rules where rule.price == nil {
            switch rule.kind {
            case .spread(let ids, let kind, let count):
                let members = Set(ids.compactMap { index[$0] }).sorted()
                let zone = RuleTerms.zones(kind, problem, lumped: true)
                let held = Set(members.map { zone[problem.domains[$0].blade] }).count
                groups.append(Group(members: members, zone: zone, least: min(max(0, count), members.count, held)))
            case .near(let ids, let kind):
                let members = Set(ids.compactMap { index[$0] }).sorted()
                groups.append(Group(members: members, zone: RuleTerms.zones(kind, problem, lumped: false), least: nil))
            case .exclusive(let ids):
                var isMember = [Bool](repeating: false, count: problem.domains.count)
                for id in ids { if let domain = index[id] { isMember[domain] = true } }
                if isMember.contains(true) { exclusive.append(isMember) }
            default: continue
            }
        }
        isEmpty = groups.isEmpty && exclusive.isEmpty
    }

    /// Whether all of them may set off for the blade. A place of -1: about to be left.
    func allow(_ domains: [Int], on blade: Int, at places: [Int], claim: [Int]) -> Bool {
        guard !isEmpty else { return true }
        for isMember in exclusive {
            for domain in domains {
                if isMember[domain], strangers[blade] { return false }
                for other in places.indices where isMember[other] != isMember[domain] {
                    if other != domain, places[other] == blade || claim[other] == blade || domains.contains(other) { return false }
                }
            }
        }
        return groups.allSatisfy { group in
            let movers = domains.filter(group.members.contains)
            guard !movers.isEmpty else { return true }
            let target = group.zone[blade]
            let present = Set(group.members.compactMap { places[$0] >= 0 ? group.zone[places[$0]] : nil })
            guard let least = group.least else {
                return present.contains(target) || (present.count == 1 && movers.count == group.members.count)
            }
            // One at a time crosses from zone to zone, so that its two ends are all that is uncertain.
            guard movers.contains(where: { places[$0] >= 0 && group.zone[places[$0]] != target }) else { return true }
            let isQuiet = group.members.allSatisfy {
                domains.contains($0) || claim[$0] < 0 || (places[$0] >= 0 && group.zone[claim[$0]] == group.zone[places[$0]])
            }
            guard isQuiet else { return false }
            let after = Set(group.members.compactMap { movers.contains($0) ? target : places[$0] >= 0 ? group.zone[places[$0]] : nil })
            return after.count >= least
        }
    }
}
