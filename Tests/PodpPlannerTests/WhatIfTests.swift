import PodpModel
import PodpRules
import Testing

@testable import PodpPlanner

@Suite("What if: a loss, more blades, more domains")
struct WhatIfTests {
    private struct Answer {
        var problem: Problem
        var outlook: Outlook
        /// By domain of the problem: where it is in the end.
        var at: [Int]
    }

    /// As the coordinator does it: planned, completed, checked, read.
    private func answer(_ hypothesis: Hypothesis, _ problem: Problem, present: Problem) throws -> Answer {
        let plan = Planner.plan(problem)
        let completed = WhatIf.completed(plan, on: problem)
        let legal = try #require(
            [completed, plan].first { if case .success = PlanChecker.check(problem, $0) { true } else { false } },
            "\(PlanChecker.check(problem, plan))")
        let outlook = WhatIf.outlook(of: hypothesis, legal, on: problem, present: present)
        var at = problem.domains.map(\.blade)
        for place in outlook.places {
            for index in problem.domains.indices where problem.domains[index].name == place.domainName {
                at[index] = problem.blades.firstIndex { $0.id == place.blade } ?? at[index]
            }
        }
        return Answer(problem: problem, outlook: outlook, at: at)
    }

    /// Memory and what else is hard, and what a blade has to have, from the facts alone.
    private func fits(_ domain: Int, on blade: Int, _ answer: Answer) -> Bool {
        let problem = answer.problem
        let (facts, target) = (problem.domains[domain], problem.blades[blade])
        guard target.accepts, facts.bridges.allSatisfy(target.bridges.contains) else { return false }
        for resource in problem.resources.indices where problem.resources[resource].hard && facts.high[resource] > 0 {
            let used = problem.domains.indices.filter { answer.at[$0] == blade }.reduce(target.reserved[resource]) { $0 + problem.domains[$1].high[resource] }
            if used + facts.high[resource] > target.capacity[resource] { return false }
        }
        var later = problem
        later.goal = .balance
        for index in later.domains.indices { later.domains[index].blade = answer.at[index] }
        let move = Move(
            domain: facts.id, domainName: facts.name, from: problem.blades[answer.at[domain]].id, fromName: "", to: target.id, toName: "",
            live: facts.mobility == .live, bytes: .zero, duration: .zero, downtime: .zero, reason: "")
        return StepPremise.changes(for: move, in: later).isEmpty
    }

    /// No blade has more of anything hard than it has room for, unless it had before; nobody arrives where nobody may.
    private func expectLegal(_ answer: Answer, _ arrived: [Int]) {
        let problem = answer.problem
        for blade in Set(arrived.map { answer.at[$0] }) {
            #expect(problem.blades[blade].accepts)
            for resource in problem.resources.indices where problem.resources[resource].hard {
                let here = problem.domains.indices.filter { answer.at[$0] == blade }
                guard here.contains(where: { arrived.contains($0) && problem.domains[$0].high[resource] > 0 }) else { continue }
                let used = here.reduce(problem.blades[blade].reserved[resource]) { $0 + problem.domains[$1].high[resource] }
                #expect(used <= problem.blades[blade].capacity[resource])
            }
        }
    }

    /// Rules that mean the same whatever was before: no zones, no N+1.
    private func plain(_ problem: Problem) -> Problem {
        var problem = problem
        problem.goal = .balance
        problem.rules = problem.rules.filter { rule in
            switch rule.kind {
            case .apart, .onlyOn, .neverOn, .exclusive: true
            default: false
            }
        }
        return problem
    }

    @Test("More domains: who is said to fit does, whoever is not finds no place by first fit over all blades", arguments: 1...150 as ClosedRange<UInt64>)
    func more(seed: UInt64) throws {
        var generator = ProblemGenerator(seed: seed)
        let present = plain(generator.problem())
        guard let template = present.domains.first(where: { $0.high.contains { $0 > 0 } }) else { return }
        let count = 1 + Int(seed % 40)
        let problem = WhatIf.adding(count, like: template, to: present)
        let found = try answer(.more(count, like: template.id), problem, present: present)
        #expect(found.outlook.places.count + found.outlook.homeless.count == count)
        #expect(found.outlook.homeless.allSatisfy { !$0.reason.isEmpty })
        let newcomers = problem.domains.indices.filter { problem.domains[$0].blade == problem.blades.count - 1 }
        expectLegal(found, newcomers.filter { found.at[$0] != problem.blades.count - 1 })
        let before = RuleMeter.readings(of: present).map(\.units)
        var later = present
        later.rules = problem.rules
        for domain in newcomers where found.at[domain] != problem.blades.count - 1 {
            var facts = problem.domains[domain]
            facts.blade = found.at[domain]
            later.domains.append(facts)
        }
        for (index, reading) in RuleMeter.readings(of: later).enumerated() where reading.rule.price == nil {
            #expect(reading.units <= before[index], "\(reading.sentences)")
        }
        if let left = newcomers.first(where: { found.at[$0] == problem.blades.count - 1 }) {
            for blade in present.blades.indices { #expect(!fits(left, on: blade, found), "it fits on \(present.blades[blade].name)") }
        }
        #expect(!found.outlook.before.contains { $0.blade == WhatIf.newcomers } && !found.outlook.after.contains { $0.blade == WhatIf.newcomers })
    }

    @Test(
        "A loss: each domain finds a place that is legal, or none by first fit over all blades, and nobody else moves",
        arguments: 1...150 as ClosedRange<UInt64>)
    func loss(seed: UInt64) throws {
        var generator = ProblemGenerator(seed: seed)
        let present = plain(generator.problem())
        let lost = Int(seed) % present.blades.count
        let problem = WhatIf.losing(present.blades[lost].id, in: present)
        let found = try answer(.lose(present.blades[lost].id), problem, present: present)
        let on = problem.domains.indices.filter { problem.domains[$0].blade == lost }
        #expect(Set(found.outlook.places.map(\.domainName) + found.outlook.homeless.map(\.domainName)) == Set(on.map { problem.domains[$0].name }))
        #expect(found.outlook.places.count + found.outlook.homeless.count == on.count)
        expectLegal(found, on.filter { found.at[$0] != lost })
        for domain in on where found.at[domain] == lost {
            for blade in present.blades.indices where blade != lost { #expect(!fits(domain, on: blade, found), "it fits on \(present.blades[blade].name)") }
        }
        #expect(!found.outlook.after.contains { $0.blade == present.blades[lost].id })
    }

    /// Blades of 24 GiB and 8 cores, domains of so many GiB on each.
    private func fleet(_ memory: [[Int64]], rules: [Rule] = []) -> Problem { ProblemGenerator.small(memory, cpu: 500, goal: .balance, rules: rules) }

    @Test("As many fit as the memory of each blade holds; what runs out first and what each lacks is told in amounts")
    func examples() throws {
        let present = fleet([[5], [10], []])
        let found = try answer(.more(20, like: present.domains[0].id), WhatIf.adding(20, like: present.domains[0], to: present), present: present)
        // 19 GiB, 14 GiB and 24 GiB are free: 3, 2 and 4 times 5 GiB.
        #expect(found.outlook.places.count == 9 && found.outlook.homeless.count == 11)
        #expect(found.outlook.bounds.map(\.resource) == ["memory", "cpu"])
        #expect(found.outlook.bounds.map(\.fits) == [9, 31])
        #expect(found.outlook.homeless.first?.reason.contains("blade-1 has 4 GiB of memory free, 5 GiB are needed") == true)

        let lost = try answer(.lose(present.blades[1].id), WhatIf.losing(present.blades[1].id, in: present), present: present)
        #expect(lost.outlook.homeless.isEmpty && lost.outlook.places.map(\.domainName) == ["d1"])
        let tight = fleet([[20], [10], [20]])
        let none = try answer(.lose(tight.blades[1].id), WhatIf.losing(tight.blades[1].id, in: tight), present: tight)
        #expect(
            none.outlook.homeless.map(\.reason) == [
                "blade-1 has 4 GiB of memory free, 10 GiB are needed for d1; blade-3 has 4 GiB of memory free, 10 GiB are needed for d1"
            ])
        #expect(none.outlook.remarks.contains { $0.hasPrefix("all would find room with ") }, "\(none.outlook.remarks)")
    }

    @Test("Newcomers keep the rules of the one that they are like, and N+1")
    func rules() throws {
        let model = ProblemGenerator.domainID(0)
        func placed(_ rules: [Rule], _ memory: [[Int64]] = [[1], [1], []], count: Int = 20) throws -> Outlook {
            let present = fleet(memory, rules: rules)
            return try answer(.more(count, like: model), WhatIf.adding(count, like: present.domains[0], to: present), present: present).outlook
        }
        let apart = try placed([Rule(name: "apart: web", kind: .apart([model, ProblemGenerator.domainID(1)]))])
        #expect(apart.places.map(\.bladeName) == ["blade-3"])
        let together = try placed([Rule(name: "together: web", kind: .together([model, ProblemGenerator.domainID(7)]))])
        #expect(together.places.count == 20 && Set(together.places.map(\.bladeName)) == ["blade-1"])
        let exclusive = try placed([Rule(name: "exclusive: web", kind: .exclusive([model]))], count: 3)
        #expect(exclusive.places.count == 3 && !exclusive.places.contains { $0.bladeName == "blade-2" })
        // Three blades of 24 GiB bear the loss of one as long as what is on it fits on the other two.
        let survive = [Rule(name: "N+1: blade", kind: .survive(.blade))]
        let bare = try placed([], [[8], [8], [8]])
        let kept = try placed(survive, [[8], [8], [8]])
        #expect(bare.places.count == 6)
        #expect(kept.places.count == 3 && kept.homeless.count == 17, "\(kept.places.count)")
    }

    @Test("Wishes that would not be kept are named, those that are not kept already are not")
    func wishes() throws {
        let ids = (0..<3).map(ProblemGenerator.domainID)
        let apart = Rule(name: "apart: web", kind: .apart([ids[0], ids[1]]), price: 0.01)
        let together = Rule(name: "together: db", kind: .together([ids[0], ids[2]]), price: 0.01)
        // With the first blade lost, d0 finds room beside d1 alone, whom it is to keep from.
        let present = fleet([[6], [6], [20]], rules: [apart, together])
        let lost = try answer(.lose(present.blades[0].id), WhatIf.losing(present.blades[0].id, in: present), present: present).outlook
        #expect(lost.places.map(\.bladeName) == ["blade-2"])
        let named = lost.remarks.filter { $0.hasPrefix("a wish would not be kept: ") }
        #expect(named.count == 1 && named.first?.contains("apart: web") == true, "\(lost.remarks)")
        let more = try answer(.more(2, like: ids[0]), WhatIf.adding(2, like: present.domains[0], to: present), present: present).outlook
        #expect(more.places.count == 2 && more.remarks.contains { $0.contains("a wish would not be kept") }, "\(more.remarks)")
    }

    @Test("More blades take load off the fullest")
    func add() throws {
        var present = fleet([[2, 2, 2, 2, 2], [2]])
        for index in present.domains.indices where present.domains[index].blade == 0 {
            present.domains[index].mean[0] = 1500
            present.domains[index].high[0] = 1500
        }
        let found = try answer(
            .add(blades: 2, cpus: 16, memory: .gibibytes(32)), WhatIf.adding(2, cpus: 16, memory: .gibibytes(32), to: present), present: present)
        #expect(found.outlook.before.count == 4 && found.outlook.after.count == 4 && found.outlook.moves > 0)
        #expect(found.outlook.after.map { $0.permille[0] }.max() ?? 0 < found.outlook.before.map { $0.permille[0] }.max() ?? 0)
    }
}
