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

    /// Blades of 10 GiB, a domain of 4 GiB on each of the first three: any one can be lost, also with one blade off, not with two.
    private func spare(_ blades: Int) -> Problem {
        Problem(
            revision: 5, goal: .balance, blades: (0..<blades).map { blade($0, memory: 10) }, domains: (0..<3).map { domain($0, "d\($0)", on: $0, memory: 4) },
            rules: [Rule(name: "N+1", kind: .survive(.blade))])
    }

    @Test("N+1 counts what a consolidation has emptied as off, at its end")
    func emptied() throws {
        var problem = spare(4)
        problem.goal = .consolidate
        #expect(sentences(problem, plan([move(0, 0, 1, in: problem)], for: problem)).isEmpty)
        var less = problem
        less.blades.removeLast()
        let lost = "with blade-0 off, the loss of blade-1 would leave domains without room elsewhere, and would not have before (N+1)"
        #expect(sentences(less, plan([move(0, 0, 1, in: less)], for: less)).first == lost)
        // As a wish it is named.
        var wish = less
        wish.rules[0].price = 1
        #expect(try PlanChecker.check(wish, plan([move(0, 0, 1, in: wish)], for: wish)).get().wishes?.first?.sentence == lost)
        // A domain that podp does not manage keeps it on.
        less.blades[0].reserved[1] = 1
        #expect(sentences(less, plan([move(0, 0, 1, in: less)], for: less)).isEmpty)
        less.goal = .balance
        less.blades[0].reserved[1] = 0
        #expect(sentences(less, plan([move(0, 0, 1, in: less)], for: less)).isEmpty)
    }

    @Test("Which losses could not be borne with a blade off, also of one that is being drained and of one that an evacuation empties")
    func off() throws {
        var problem = spare(3)
        problem.domains[0].blade = 1
        let losses = SurvivalPremise.losses(switchingOff: bladeID(0), in: problem)
        #expect(losses.first == "the loss of blade-1 would leave domains without room elsewhere (N+1)")
        problem.blades[0].accepts = false
        #expect(SurvivalPremise.losses(switchingOff: bladeID(0), in: problem) == losses)
        problem.rules[0].price = 1
        #expect(SurvivalPremise.losses(switchingOff: bladeID(0), in: problem).isEmpty)
        var roomy = spare(4)
        #expect(SurvivalPremise.losses(switchingOff: bladeID(3), in: roomy).isEmpty)
        roomy.goal = .evacuate(bladeID(0))
        #expect(try PlanChecker.check(roomy, plan([move(0, 0, 3, in: roomy)], for: roomy)).get().whenOff == [])
        // blade-1's two find room on blade-0 and blade-2, and on blade-2 alone they do not.
        var tight = spare(3)
        tight.domains = [
            domain(0, "small", on: 0, memory: 1), domain(1, "d1", on: 1, memory: 4), domain(2, "d2", on: 1, memory: 4), domain(3, "d3", on: 2, memory: 4),
        ]
        tight.goal = .evacuate(bladeID(0))
        let certificate = try PlanChecker.check(tight, plan([move(0, 0, 2, in: tight)], for: tight)).get()
        #expect(certificate.whenOff == (1...2).map { "the loss of blade-\($0) would leave domains without room elsewhere (N+1)" })
    }

    @Test("Where a domain may be restarted by the rules that name blades is asked of an off and of a start, too")
    func named() {
        // Room everywhere, and d0 may run on blade-0 and blade-1 alone.
        var problem = spare(4)
        problem.rules.append(Rule(name: "d0 only on", kind: .onlyOn([domainID(0)], blades: [bladeID(0), bladeID(1)])))
        let lost = ["the loss of blade-0 would leave domains without room elsewhere (N+1)"]
        let places = [0, 2, 2]
        #expect(SurvivalPremise.losses(switchingOff: bladeID(1), in: problem, at: places) == lost)
        problem.rules[1].kind = .neverOn([domainID(0)], blades: [bladeID(2), bladeID(3)])
        #expect(SurvivalPremise.losses(switchingOff: bladeID(1), in: problem, at: places) == lost)
        // blade-1 has no room for it.
        problem.domains[1].high[1] = 8 * 1_048_576
        #expect(SurvivalPremise(problem, without: problem.domains[0].id).losses(starting: problem.domains[0]) == lost)
        problem.rules[1].price = 1
        #expect(SurvivalPremise.losses(switchingOff: bladeID(3), in: problem, at: places).isEmpty)
        #expect(SurvivalPremise(problem, without: problem.domains[0].id).losses(starting: problem.domains[0]).isEmpty)
    }

    @Test("Alone on its way a domain is restarted once, for N+1; side by side with others at both ends; losses elsewhere find both ends taken")
    func survivalOnTheWay() {
        // 10 GiB each: 4 and 2 against 4, and whichever blade is lost, all fits the other one to the last byte.
        func pair(_ sizes: [(blade: Int, memory: Double)], blades: Int = 2) -> Problem {
            var problem = Problem(
                revision: 5, goal: .balance, blades: (0..<blades).map { blade($0, memory: 10) },
                domains: sizes.enumerated().map { domain($0, "d\($0)", on: $1.blade, memory: $1.memory) })
            problem.rules = [Rule(name: "N+1", kind: .survive(.blade))]
            return problem
        }
        let full = pair([(0, 4), (0, 2), (1, 4)])
        #expect(PlanChecker.presentViolations(in: full).isEmpty)
        #expect(sentences(full, plan([move(1, 0, 1, in: full)], for: full)).isEmpty)
        var four = pair([(0, 2), (0, 2), (0, 2), (1, 4)])
        four.limits.movesPerBlade = 2
        let moves = [move(0, 0, 1, in: four), move(1, 0, 1, in: four)]
        #expect(sentences(four, plan(moves, for: four)).isEmpty)
        #expect(
            sentences(four, plan(moves, waves: [[0, 1]], for: four)).first
                == "with d1 on blade-1, the loss of blade-0 would leave domains without room elsewhere, and would not now (N+1)")
        // blade-2's 7 GiB find room on blade-1 before the move, on blade-0 after it, and nowhere in its midst.
        let taken = pair([(0, 4), (1, 3), (2, 7)], blades: 3)
        #expect(PlanChecker.presentViolations(in: taken).isEmpty)
        #expect(
            sentences(taken, plan([move(0, 0, 1, in: taken)], for: taken)).first
                == "with d0 on blade-1, the loss of blade-2 would leave domains without room elsewhere, and would not now (N+1)")
        #expect(SurvivalPremise(taken).losses(moving: domainID(0), to: bladeID(1)).isEmpty)
    }

    @Test("A move by hand is told which loss it would take, and only then")
    func byHand() {
        // d0 finds room on blade-3 alone, and on blade-1 once d1 has left it: what is on its way counts once.
        var problem = spare(4)
        problem.blades[3].capacity[1] = 12 * 1_048_576
        problem.domains[0].high[1] = 9 * 1_048_576
        #expect(SurvivalPremise(problem).losses(moving: domainID(1), to: bladeID(3)).isEmpty)
        problem.blades[1].capacity[1] = 8 * 1_048_576
        #expect(
            SurvivalPremise(problem).losses(moving: domainID(1), to: bladeID(3)).first
                == "the loss of blade-0 would leave domains without room elsewhere (N+1)")
        #expect(SurvivalPremise(problem).losses(moving: domainID(1), to: bladeID(2)).isEmpty)
        problem.rules[0].price = 1
        #expect(SurvivalPremise(problem).losses(moving: domainID(1), to: bladeID(3)).isEmpty)
    }

    @Test("A blade bears what it bore before others were drained: draining two does not make the off of one free")
    func drained() {
        // Three domains behind one switch module, and three blades behind the other, each with room for one of them.
        var problem = spare(3)
        problem.blades += (3..<6).map { blade($0, memory: 5) }
        for index in 0..<6 { problem.blades[index].zones = [.network: index < 3 ? "north" : "south"] }
        problem.rules[0].kind = .survive(.network)
        let losses = ["the loss of switch module north would leave domains without room elsewhere (N+1)"]
        #expect(SurvivalPremise.losses(switchingOff: bladeID(4), in: problem) == losses)
        for index in [4, 5] {
            problem.blades[index].accepts = false
            problem.blades[index].reason = Problem.Blade.draining
        }
        #expect(SurvivalPremise.losses(switchingOff: bladeID(4), in: problem) == losses)
        // One that is off, or silent, bears nothing: north could not be lost before, either.
        problem.blades[5].reason = "unknown: no agent answers"
        #expect(SurvivalPremise.losses(switchingOff: bladeID(4), in: problem).isEmpty)
    }

    @Test("A certificate names the wishes that are not kept at the end, apart from hard rules")
    func wishes() throws {
        var problem = racks()
        problem.rules = [
            Rule(name: "close", kind: .near([domainID(0), domainID(1)], within: .chassis), price: 2),
            Rule(name: "one", kind: .together([domainID(0), domainID(2)])),
        ]
        let kept = try PlanChecker.check(problem, plan([move(1, 2, 1, in: problem)], for: problem)).get()
        #expect(kept.wishes == [] && kept.left?.map(\.rule) == ["one"])
        let broken = try PlanChecker.check(problem, plan([], for: problem)).get()
        #expect(broken.wishes?.map(\.rule) == ["close"] && broken.left?.map(\.rule) == ["one"])
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
