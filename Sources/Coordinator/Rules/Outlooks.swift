import PodpModel

extension WhatIf {
    /// The plan with everybody in it who still finds a place: those whom it leaves try every blade, one after the other.
    ///
    /// So whoever is left has no place on any blade. It is to be checked as any plan is.
    public static func completed(_ plan: Plan, on problem: Problem) -> Plan {
        guard case .evacuate(let id) = problem.goal, let fleet = try? Fleet(problem), let source = fleet.bladeIndex[id] else { return plan }
        var plan = plan
        let book = RuleBook(fleet)
        var occupancy = Occupancy(fleet, at: ends(of: plan, in: fleet))
        var hopeless: Problem.Domain?
        for domain in left(in: occupancy, on: source) {
            var facts = problem.domains[domain]
            // Who is as one that found no place finds none either.
            (facts.id, facts.name) = (DomainID(.zero), "")
            guard facts != hopeless || id != newcomers else { continue }
            let target = problem.blades.indices.first { objections(domain, to: $0, book, occupancy).isEmpty }
            guard let target else {
                hopeless = facts
                continue
            }
            plan.waves.append([plan.moves.count])
            plan.moves.append(move(domain, from: source, to: target, problem))
            occupancy.start(domain, to: target)
            occupancy.settle()
        }
        plan.after = RunningLoads(fleet, at: occupancy.at).all
        return plan
    }

    private static func move(_ domain: Int, from source: Int, to target: Int, _ problem: Problem) -> Move {
        let (facts, old, new) = (problem.domains[domain], problem.blades[source], problem.blades[target])
        return Move(
            domain: facts.id, domainName: facts.name, from: old.id, fromName: old.name, to: new.id, toName: new.name, live: facts.mobility == .live,
            bytes: .zero, duration: .zero, downtime: .zero, reason: "the first blade that has room for it")
    }

    private static func objections(_ domain: Int, to blade: Int, _ book: RuleBook, _ occupancy: Occupancy) -> [Violation] {
        let facts = occupancy.fleet.problem.domains[domain]
        guard facts.blade != blade else { return [Violation(step: 0, rule: "what if", sentence: "it is there")] }
        return book.objections(to: Arrival(domain: domain, target: blade, live: facts.mobility == .live, downtime: .zero), in: occupancy, step: 0)
    }

    private static func ends(of plan: Plan, in fleet: Fleet) -> [Int] {
        var at = fleet.problem.domains.map(\.blade)
        for index in plan.waves.joined() where plan.moves.indices.contains(index) {
            let move = plan.moves[index]
            if let domain = fleet.domainIndex[move.domain], let target = fleet.bladeIndex[move.to] { at[domain] = target }
        }
        return at
    }

    /// Domains that are still on the blade, largest first.
    private static func left(in occupancy: Occupancy, on blade: Int) -> [Int] {
        let problem = occupancy.fleet.problem
        let first = problem.resources.firstIndex(where: \.hard) ?? 0
        let size = { (domain: Int) in problem.domains[domain].high.indices.contains(first) ? problem.domains[domain].high[first] : 0 }
        return occupancy.at.indices.filter { occupancy.at[$0] == blade }.sorted { (size($1), $0) < (size($0), $1) }
    }

    // MARK: - Reading a plan

    /// What a plan on the hypothesis' problem says, for people. The plan was checked.
    ///
    /// - Parameter present: the fleet as it is: N+1 is judged by it, with those that found a place.
    public static func outlook(of hypothesis: Hypothesis, _ plan: Plan, on problem: Problem, present: Problem) -> Outlook {
        guard let fleet = try? Fleet(problem) else {
            return Outlook(hypothesis: hypothesis, before: plan.before, after: plan.after, remarks: plan.remarks)
        }
        if case .add = hypothesis {
            return Outlook(hypothesis: hypothesis, before: plan.before, after: plan.after, moves: plan.moves.count, remarks: plan.remarks)
        }
        var at = ends(of: plan, in: fleet)
        guard case .evacuate(let id) = problem.goal, let source = fleet.bladeIndex[id] else {
            return Outlook(hypothesis: hypothesis, before: plan.before, after: plan.after, remarks: plan.remarks)
        }
        var placed = plan.waves.joined().filter { plan.moves.indices.contains($0) && plan.moves[$0].from == id }
            .compactMap { fleet.domainIndex[plan.moves[$0].domain] }.filter { at[$0] != source }
        var homeless: [Outlook.Homeless] = []
        if id == newcomers {
            let (most, why) = bearable(placed, at: at, problem, present)
            for domain in placed[most...] {
                homeless.append(Outlook.Homeless(domainName: problem.domains[domain].name, reason: why))
                at[domain] = source
            }
            placed.removeSubrange(most...)
        }
        let occupancy = Occupancy(fleet, at: at)
        let book = RuleBook(fleet)
        let known = Set(homeless.map(\.domainName))
        var said: String?
        for domain in left(in: occupancy, on: source) where !known.contains(problem.domains[domain].name) {
            // Newcomers are all alike.
            let reason = id == newcomers ? said ?? why(domain, book, occupancy) : why(domain, book, occupancy)
            said = reason
            homeless.append(Outlook.Homeless(domainName: problem.domains[domain].name, reason: reason))
        }
        let after = RunningLoads(fleet, at: at).all.filter { $0.blade != newcomers }
        var outlook = Outlook(
            hypothesis: hypothesis,
            places: placed.map {
                Outlook.Place(domainName: problem.domains[$0].name, blade: problem.blades[at[$0]].id, bladeName: problem.blades[at[$0]].name)
            }, homeless: homeless, before: RunningLoads(fleet).all.filter { $0.blade != newcomers },
            after: id == newcomers ? after : after.filter { $0.blade != id })
        let lead = "\(problem.blades[source].name) could be emptied "
        // What keeps N+1 is worked out apart from the plan: nothing that was tried would help there.
        if !homeless.isEmpty, known.isEmpty {
            outlook.remarks += plan.remarks.filter { $0.hasPrefix(lead) }.map { "all would find room \($0.dropFirst(lead.count))" }
        }
        outlook.remarks += overComfort(placed, occupancy)
        outlook.remarks += wishes(placed, at: at, problem, source)
        if id == newcomers, let template = problem.domains.first(where: { $0.blade == source }) { outlook.bounds = bounds(for: template, in: present) }
        return outlook
    }

    /// Of those placed, how many the fleet bears by its N+1; the whole that a loss would not leave homeless is not lost by fewer.
    private static func bearable(_ placed: [Int], at: [Int], _ problem: Problem, _ present: Problem) -> (Int, why: String) {
        let rules = present.rules.filter { rule in if case .survive = rule.kind { rule.price == nil } else { false } }
        guard !rules.isEmpty else { return (placed.count, "") }
        func units(_ count: Int) -> [Int] {
            var later = present
            later.rules = rules
            for domain in placed.prefix(count) {
                var facts = problem.domains[domain]
                facts.blade = at[domain]
                later.domains.append(facts)
            }
            return RuleMeter.readings(of: later).map(\.units)
        }
        let now = units(0)
        func isBorne(_ count: Int) -> Bool { zip(now, units(count)).allSatisfy { $0 >= $1 } }
        var most = placed.count
        if !isBorne(most) {
            var low = 0
            while most - low > 1 {
                let middle = (low + most) / 2
                if isBorne(middle) { low = middle } else { most = middle }
            }
            most = low
        }
        let names = rules.map(\.name).joined(separator: ", ")
        return (most, "with more than \(most) of them, a loss would leave domains without room elsewhere, and would not now (\(names))")
    }

    /// Wishes that would be broken by more with those who found a place.
    private static func wishes(_ placed: [Int], at: [Int], _ problem: Problem, _ source: Int) -> [String] {
        guard !placed.isEmpty, problem.rules.contains(where: { $0.price != nil }) else { return [] }
        var (now, then) = (problem, problem)
        for domain in problem.domains.indices { then.domains[domain].blade = at[domain] }
        // Who finds no place is nowhere, and so are newcomers now.
        then.domains.removeAll { $0.blade == source }
        if problem.blades[source].id == newcomers { now.domains.removeAll { $0.blade == source } }
        let broken = zip(RuleMeter.readings(of: now), RuleMeter.readings(of: then)).flatMap { before, after in
            before.rule.price != nil && after.units > before.units ? after.sentences.filter { !before.sentences.contains($0) } : []
        }
        return broken.prefix(4).map { "a wish would not be kept: \($0)" } + (broken.count > 4 ? ["and \(broken.count - 4) more wishes"] : [])
    }

    /// Blade by blade, the first thing that is in the way; those that say the same once.
    private static func why(_ domain: Int, _ book: RuleBook, _ occupancy: Occupancy) -> String {
        let problem = occupancy.fleet.problem
        if case .fixed(let reason) = problem.domains[domain].mobility { return reason }
        var sentences: [String] = []
        for blade in problem.blades.indices where blade != problem.domains[domain].blade {
            guard let first = objections(domain, to: blade, book, occupancy).first?.sentence, !sentences.contains(first) else { continue }
            sentences.append(first)
        }
        guard !sentences.isEmpty else { return problem.blades.count < 2 ? "there is no other blade" : "no order of moves is legal" }
        return sentences.prefix(6).joined(separator: "; ") + (sentences.count > 6 ? "; and \(sentences.count - 6) more" : "")
    }

    /// Whose soft resources would be above comfort with the newcomers, by mean, and were not.
    private static func overComfort(_ placed: [Int], _ occupancy: Occupancy) -> [String] {
        let problem = occupancy.fleet.problem
        let targets = Set(placed.map { occupancy.at[$0] }).sorted()
        return problem.resources.indices.filter { !problem.resources[$0].hard }.compactMap { resource in
            let over = targets.filter { blade in
                let limit = problem.blades[blade].capacity[resource] / 1000 * problem.blades[blade].comfort[resource]
                func mean(_ place: (Int) -> Int) -> Int64 {
                    problem.domains.indices.reduce(problem.blades[blade].reserved[resource]) {
                        $0 + (place($1) == blade ? problem.domains[$1].mean[resource] : 0)
                    }
                }
                return limit > 0 && mean { occupancy.at[$0] } > limit && mean { problem.domains[$0].blade } <= limit
            }
            guard !over.isEmpty else { return nil }
            let name = problem.resources[resource].name == "cpu" ? "CPU" : problem.resources[resource].name
            return "\(name) would be above its comfort level on \(list(over.map { problem.blades[$0].name })): domains would wait"
        }
    }

    /// How many more would fit by each resource alone, in pieces of whole domains: hard ones to capacity, soft ones to comfort. The scarcest first.
    public static func bounds(for template: Problem.Domain, in present: Problem) -> [Outlook.Bound] {
        guard let fleet = try? Fleet(present) else { return [] }
        let occupancy = Occupancy(fleet)
        let loads = present.domains.reduce(into: present.blades.map(\.reserved)) { sums, domain in
            for resource in domain.mean.indices { sums[domain.blade][resource] += domain.mean[resource] }
        }
        let bounds = present.resources.indices.compactMap { index -> Outlook.Bound? in
            let resource = present.resources[index]
            let need = resource.hard ? template.high[index] : template.mean[index]
            let judged = present.blades.indices.filter { present.blades[$0].accepts && present.blades[$0].capacity[index] > 0 }
            guard need > 0, !judged.isEmpty else { return nil }
            let free = judged.map { blade in
                let facts = present.blades[blade]
                return resource.hard
                    ? max(0, facts.capacity[index] - occupancy.used(on: blade, index))
                    : max(0, facts.capacity[index] / 1000 * facts.comfort[index] - loads[blade][index])
            }
            return Outlook.Bound(
                resource: resource.name, fits: Int(clamping: free.reduce(0) { $0 + $1 / need }), need: need, free: free.reduce(0, +), unit: resource.unit)
        }
        return bounds.sorted { ($0.fits, $0.resource) < ($1.fits, $1.resource) }
    }
}
