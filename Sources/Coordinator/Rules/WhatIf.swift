import PodpModel

/// A hypothesis as a problem for the planner: what is to find a place stands on a blade that is to be emptied, everybody else stays where they are.
public enum WhatIf {
    /// What stands for domains that do not exist yet: no blade of anybody's has this id.
    public static let newcomers = BladeID(ID128(high: .max, low: .max))

    /// The n-th of the blades, or domains, that do not exist yet.
    private static func id(_ number: Int) -> ID128 { ID128(high: .max, low: UInt64(clamping: number)) }

    // MARK: - A loss

    /// The blade is lost: its domains are started elsewhere (so nothing is sent, and memory counts at one end), the others stay.
    ///
    /// N+1 is not asked for: room that is kept for a loss is there for being used then.
    /// - Parameter held: domains that podp would not start by itself, by id: why.
    public static func losing(_ blade: BladeID, in present: Problem, held: [DomainID: String] = [:]) -> Problem {
        var problem = present
        problem.goal = .evacuate(blade)
        problem.rules = present.rules.filter { if case .survive = $0.kind { false } else { true } }
        for index in problem.blades.indices where problem.blades[index].id == blade {
            problem.blades[index].accepts = false
            problem.blades[index].reason = "lost"
        }
        var lost = 0
        for index in problem.domains.indices {
            let domain = problem.domains[index]
            if problem.blades.indices.contains(domain.blade), problem.blades[domain.blade].id == blade {
                lost += 1
                problem.domains[index].mobility = held[domain.id].map { .fixed(reason: $0) } ?? .stopAndGo(downtime: .seconds(86_400))
            } else {
                problem.domains[index].mobility = .fixed(reason: "it runs on")
            }
        }
        problem.limits.maxMoves = lost
        problem.limits.movesPerBlade = max(1, lost)
        problem.limits.movesPerUplink = max(1, lost)
        return problem
    }

    // MARK: - More blades

    /// So many blades more, with the others' CPU features, bridges, shared storage and network; what that assumes stands in the outlook's remarks.
    /// - Parameter memory: of each, for domains.
    public static func adding(_ count: Int, cpus: Int, memory: Bytes, to present: Problem) -> Problem {
        var problem = present
        problem.goal = .balance
        let network = present.resources.indices.map { resource in present.blades.map { $0.capacity.indices.contains(resource) ? $0.capacity[resource] : 0 } }
        let reached = present.blades.flatMap { Set($0.sharedStorage) }.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
        for number in 1...max(1, count) {
            problem.blades.append(
                Problem.Blade(
                    id: BladeID(id(number)), name: "new-\(number)", chassis: present.blades.first?.chassis ?? "",
                    capacity: present.resources.enumerated().map { index, resource in
                        switch resource.name {
                        case Resource.cpu.name: Int64(clamping: cpus).multipliedReportingOverflow(by: 1000).partialValue
                        case Resource.memory.name: Int64(clamping: memory.kibibytes)
                        case Resource.network.name: network[index].filter { $0 > 0 }.min() ?? 0
                        default: 0
                        }
                    }, comfort: present.blades.first?.comfort ?? present.resources.map { _ in 700 }, reserved: present.resources.map { _ in 0 },
                    cpuFeatures: Set(present.blades.flatMap(\.cpuFeatures)).sorted(), bridges: Set(present.blades.flatMap(\.bridges)).sorted(),
                    sharedStorage: reached.filter { $0.value > 1 || present.blades.count == 1 }.keys.sorted()))
        }
        return problem
    }

    // MARK: - More domains

    /// So many newcomers like one domain, on a blade of their own that is to be emptied; the others stay.
    ///
    /// They keep all of its rules. Groups that run together, or near, have a place already: newcomers may go there only.
    public static func adding(_ count: Int, like template: Problem.Domain, to present: Problem) -> Problem {
        var problem = present
        problem.goal = .evacuate(newcomers)
        for index in problem.domains.indices { problem.domains[index].mobility = .fixed(reason: "it runs on") }
        guard present.blades.indices.contains(template.blade) else { return problem }
        let home = present.blades[template.blade]
        // A disk of its own on its own blade is made where the newcomer comes to be; shared storage has to be reached.
        let shared = template.storage.filter { path in present.blades.contains { SharedStorage.reaches(path, over: $0.sharedStorage) } }
        let place = problem.blades.count
        problem.blades.append(
            Problem.Blade(
                id: newcomers, name: "newcomers", chassis: home.chassis, zones: home.zones,
                capacity: template.high.map { $0.multipliedReportingOverflow(by: Int64(count) + 1).partialValue },
                comfort: home.comfort, reserved: present.resources.map { _ in 0 }, accepts: false, reason: "it is not there", bridges: template.bridges,
                sharedStorage: shared))
        var ids: [DomainID] = []
        for number in 1...max(1, count) {
            var domain = template
            domain.id = DomainID(id(number))
            domain.name = "\(template.name)+\(number)"
            domain.blade = place
            domain.mobility = .live
            domain.cpuFeatures = []
            domain.storage = shared
            ids.append(domain.id)
            problem.domains.append(domain)
        }
        problem.rules = present.rules.flatMap { joined($0, like: template.id, ids, home: home, among: present.blades) }
        problem.limits.maxMoves = count
        problem.limits.movesPerBlade = max(1, count)
        problem.limits.movesPerUplink = max(1, count)
        return problem
    }

    /// A rule with the newcomers in it, if the one that they are like is.
    private static func joined(_ rule: Rule, like model: DomainID, _ ids: [DomainID], home: Problem.Blade, among blades: [Problem.Blade]) -> [Rule] {
        func with(_ kind: Rule.Kind) -> Rule { Rule(name: rule.name, kind: kind, price: rule.price) }
        switch rule.kind {
        case .apart(let members) where members.contains(model): return [with(.apart(members + ids))]
        case .onlyOn(let members, let allowed) where members.contains(model): return [with(.onlyOn(members + ids, blades: allowed))]
        case .neverOn(let members, let forbidden) where members.contains(model): return [with(.neverOn(members + ids, blades: forbidden))]
        case .spread(let members, let zone, let least) where members.contains(model): return [with(.spread(members + ids, over: zone, atLeast: least))]
        case .exclusive(let members) where members.contains(model): return [with(.exclusive(members + ids))]
        case .together(let members) where members.contains(model): return [rule, with(.onlyOn(ids, blades: [home.id]))]
        case .near(let members, let kind) where members.contains(model):
            let zone = home.zone(kind)
            let near = blades.filter { $0.id == home.id || (zone != nil && $0.zone(kind) == zone) }
            return [rule, with(.onlyOn(ids, blades: near.map(\.id)))]
        default: return [rule]
        }
    }
}
