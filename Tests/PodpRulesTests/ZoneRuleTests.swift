import PodpModel
import PodpRules
import Testing

/// Four blades in two chassis: a, b in c1; c, d in c2; power domains p1 (a, c) and p2 (b, d).
private func racks() -> Problem {
    var problem = Problem(
        revision: 5, goal: .balance, blades: [blade(0), blade(1), blade(2), blade(3)],
        domains: [domain(0, "web-1", on: 0), domain(1, "web-2", on: 2), domain(2, "db", on: 1, memory: 8)])
    for index in 0..<4 {
        problem.blades[index].chassis = index < 2 ? "c1" : "c2"
        problem.blades[index].zones = [.power: index % 2 == 0 ? "p1" : "p2"]
    }
    return problem
}

private func sentences(_ problem: Problem, _ plan: Plan) -> [String] {
    if case .failure(let violations) = PlanChecker.check(problem, plan) { violations.list.map(\.sentence) } else { [] }
}

@Suite("Rules about zones, exclusive blades and N+1")
struct ZoneRuleTests {
    @Test("A spread group stays in as many chassis, at the end and on the way")
    func spread() {
        var problem = racks()
        problem.rules = [Rule(name: "web", kind: .spread([domainID(0), domainID(1)], over: .chassis, atLeast: 2))]
        #expect(sentences(problem, plan([move(0, 0, 1, in: problem)], for: problem)).isEmpty)
        #expect(
            sentences(problem, plan([move(0, 0, 3, in: problem)], for: problem)) == [
                "web-1 and web-2 are to run in 2 chassis or more (web), and would be in 1 with web-1 on blade-3"
            ])
        // Both cross in one wave: whichever arrives first is where the other still is.
        #expect(!sentences(problem, plan([move(0, 0, 3, in: problem), move(1, 2, 1, in: problem)], waves: [[0, 1]], for: problem)).isEmpty)
        problem.rules[0].price = 1
        #expect(sentences(problem, plan([move(0, 0, 3, in: problem)], for: problem)).isEmpty)
        problem.domains[0].blade = 3
        #expect(RuleMeter.readings(of: problem).map(\.units) == [1])
    }

    @Test("Blades whose chassis is unknown count as one for a spread, and as near to nobody")
    func unknown() {
        var problem = racks()
        problem.blades[0].chassis = ""
        problem.blades[2].chassis = ""
        problem.rules = [
            Rule(name: "far", kind: .spread([domainID(0), domainID(1)], over: .chassis, atLeast: 2)),
            Rule(name: "close", kind: .near([domainID(0), domainID(1)], within: .chassis)),
        ]
        #expect(RuleMeter.readings(of: problem).map(\.units) == [1, 1])
    }

    @Test("A group that is near is not left in two power domains, and not spread over three on its way")
    func near() {
        var problem = racks()
        problem.rules = [Rule(name: "shop", kind: .near([domainID(0), domainID(1)], within: .power))]
        #expect(
            sentences(problem, plan([move(0, 0, 1, in: problem)], for: problem)) == [
                "web-1 and web-2 are to run in one power domain (shop), and are left in p1 and p2"
            ])
        #expect(sentences(problem, plan([move(0, 0, 1, in: problem), move(1, 2, 3, in: problem)], for: problem)).isEmpty)
    }

    @Test("An exclusive blade takes no stranger, and its domain goes to none where one runs")
    func exclusive() {
        var problem = racks()
        problem.rules = [Rule(name: "alone", kind: .exclusive([domainID(2)]))]
        #expect(
            sentences(problem, plan([move(0, 0, 1, in: problem)], for: problem)) == ["blade-1 is for db alone (alone), and web-1 is sent there"])
        #expect(
            sentences(problem, plan([move(2, 1, 0, in: problem)], for: problem)) == [
                "db is to share its blade with nobody (alone), and web-1 may be on blade-0"
            ])
        #expect(sentences(problem, plan([move(2, 1, 3, in: problem)], for: problem)).isEmpty)
        problem.blades[3].reserved[1] = 1
        #expect(sentences(problem, plan([move(2, 1, 3, in: problem)], for: problem)).first?.contains("does not manage") == true)
    }

    @Test("N+1: what fits where it goes and leaves a loss that nobody can bear is refused; wishes and losses that were unbearable before are not")
    func survive() {
        var problem = racks()
        for index in 0..<4 { problem.blades[index].capacity[1] = 10 * gibibyte }
        problem.domains += [domain(3, "big", on: 3, memory: 7), domain(4, "fat", on: 2, memory: 5)]
        problem.rules = [Rule(name: "N+1", kind: .survive(.blade))]
        // db's 8 GiB find room on blade-0 alone.
        #expect(RuleMeter.readings(of: problem).map(\.units) == [0])
        let both = plan([move(3, 3, 0, in: problem)], for: problem)
        #expect(sentences(problem, both).contains { $0.contains("the loss of blade-1 would leave domains without room elsewhere") })
        problem.rules[0].price = 1
        #expect(sentences(problem, both).isEmpty)
        problem.rules = [Rule(name: "N+1", kind: .survive(.chassis))]
        #expect(RuleMeter.readings(of: problem).map(\.units) == [2])
        #expect(PlanChecker.presentViolations(in: problem).count == 2)
    }

    @Test("Rules are told in words, wishes with their price")
    func words() {
        let problem = racks()
        let group = [domainID(0), domainID(1)]
        let rules: [(Rule.Kind, String)] = [
            (.spread(group, over: .power, atLeast: 2), "web-1 and web-2 run in at least 2 power domains"),
            (.near(group, within: .chassis), "web-1 and web-2 run in one chassis"),
            (.exclusive([domainID(2)]), "db shares its blade with nobody"),
            (.survive(.network), "the loss of any one switch module leaves room for its domains elsewhere"),
        ]
        for (kind, sentence) in rules { #expect(Rule(name: "", kind: kind).sentence(in: problem) == sentence) }
        #expect(Rule(name: "", kind: rules[1].0, price: 2).sentence(in: problem) == "web-1 and web-2 run in one chassis, if that does not cost more than 2.0")
    }
}
