import PodpModel
import PodpRules
import Testing

/// What the checker says about a plan by hand: the rules it breaks with their sentences, empty when it is certified.
private func faults(_ problem: Problem, _ plan: Plan) -> [Violation] {
    switch PlanChecker.check(problem, plan) {
    case .success: []
    case .failure(let violations): violations.list
    }
}

@Suite("PlanChecker: a plan is certified or its faults are named")
struct PlanCheckerTests {
    @Test("A sound plan gets a certificate that counts its states")
    func sound() throws {
        let problem = fleet()
        let certificate = try PlanChecker.check(problem, plan([move(0, 0, 2, in: problem), move(1, 0, 1, in: problem)], for: problem)).get()
        #expect(certificate.states == 5)
        #expect(certificate.tolerated.isEmpty)
        #expect(try PlanChecker.check(problem, plan([], for: problem)).get().states == 1)
    }

    @Test("A wrong source, an unknown domain, a wrong name and a journey to where it is are found")
    func wrongMoves() {
        let problem = fleet()
        #expect(faults(problem, plan([move(0, 1, 2, in: problem)], for: problem)).map(\.sentence) == ["web-1 is to leave blade-1, and runs on blade-0 by then"])
        var unknown = move(0, 0, 2, in: problem)
        unknown.domain = domainID(99)
        #expect(faults(problem, plan([unknown], for: problem)).first?.sentence.contains("does not know") == true)
        var misnamed = move(0, 0, 2, in: problem)
        misnamed.toName = "blade-1"
        #expect(faults(problem, plan([misnamed], for: problem)).first?.sentence == "move 1 calls blade-2 blade-1")
        #expect(faults(problem, plan([move(0, 0, 0, in: problem)], for: problem)).count >= 1)
    }

    @Test("Waves hold every move once, within the blades' limit, and nothing else")
    func waves() {
        let problem = fleet()
        let moves = [move(0, 0, 2, in: problem), move(1, 0, 1, in: problem)]
        #expect(faults(problem, plan(moves, waves: [[0]], for: problem)).first?.sentence == "move 2 stands in no wave")
        #expect(faults(problem, plan(moves, waves: [[0], [1], [0]], for: problem)).first?.sentence == "move 1 stands in the waves twice")
        #expect(faults(problem, plan(moves, waves: [[0], [1], [7]], for: problem)).first?.sentence == "wave 3 speaks of move 7 of 2")
        #expect(faults(problem, plan(moves, waves: [[0], [1, -1]], for: problem)).count == 1)
        #expect(faults(problem, plan(moves, waves: [[0, 1]], for: problem)).first?.sentence == "blade-0 takes part in 2 moves of wave 1, 1 are allowed")
        #expect(faults(problem, plan(moves, waves: [[], [0], [1]], for: problem)).count == 1)
    }

    @Test("Memory that overflows at the end of a step is found, with what is free and what is needed")
    func capacity() {
        var problem = fleet()
        problem.domains.append(domain(3, "erp", on: 1, memory: 15))
        let found = faults(problem, plan([move(1, 0, 1, in: problem)], for: problem))
        #expect(found.map(\.rule) == ["capacity"])
        #expect(found.first?.sentence == "blade-1 has 7 GiB of memory free, 8 GiB are needed for db-1")
    }

    @Test("Memory that overflows only in the midst of a wave is found")
    func swap() {
        var problem = fleet()
        problem.limits.movesPerBlade = 2
        problem.domains = [domain(0, "erp", on: 0, memory: 14), domain(1, "mail", on: 1, memory: 14)]
        let swap = [move(0, 0, 1, in: problem), move(1, 1, 0, in: problem)]
        let together = faults(problem, plan(swap, waves: [[0, 1]], for: problem))
        // erp does not fit beside mail, whichever is first; the one that sets off second is told to wait for the one that is leaving.
        #expect(together.map(\.rule) == ["capacity", "memory while moving"])
        #expect(together.last?.sentence == "blade-0 has 10 GiB of memory free while erp is still leaving, 14 GiB are needed for mail")
        #expect(!faults(problem, plan(swap, for: problem)).isEmpty)
        let through = [move(0, 0, 2, in: problem), move(1, 1, 0, in: problem), move(0, 2, 1, in: problem)]
        #expect(faults(problem, plan(through, for: problem)).isEmpty)
    }

    @Test("Moves that leave or enter a chassis keep to what its uplink carries; within it they do not count")
    func uplinks() {
        var problem = fleet()
        problem.limits.movesPerBlade = 9
        problem.limits.movesPerUplink = 1
        (problem.blades[0].chassis, problem.blades[1].chassis, problem.blades[2].chassis) = ("c1", "c1", "c2")
        let crossing = [move(0, 0, 2, in: problem), move(2, 1, 2, in: problem)]
        let found = faults(problem, plan(crossing, waves: [[0, 1]], for: problem)).map(\.sentence)
        #expect(found == ["2 moves of wave 1 leave or enter c1, 1 are allowed", "2 moves of wave 1 leave or enter c2, 1 are allowed"])
        #expect(faults(problem, plan(crossing, for: problem)).isEmpty)
        #expect(faults(problem, plan([move(0, 0, 1, in: problem), move(2, 1, 2, in: problem)], waves: [[0, 1]], for: problem)).isEmpty)
        problem.limits.movesPerUplink = 0
        #expect(!faults(problem, plan([], for: problem)).isEmpty)
    }

    @Test("The certificate tells the loads after each wave, of the blades that it changed, and the rules that are broken still")
    func predicted() throws {
        var problem = fleet()
        problem.rules = [Rule(name: "alone", kind: .apart([domainID(0), domainID(1)]))]
        let moves = [move(2, 1, 2, in: problem), move(1, 0, 1, in: problem)]
        let mended = try PlanChecker.check(problem, plan(moves, for: problem)).get()
        #expect(mended.tolerated.map(\.rule) == ["alone"] && mended.left == [])
        let waves = try #require(mended.waves)
        #expect(waves.map { $0.map(\.name) } == [["blade-1", "blade-2"], ["blade-0", "blade-1"]])
        #expect(waves.map { $0.map(\.domains) } == [[0, 1], [1, 1]])
        // 8 GiB of 24, with nothing reserved.
        #expect(waves[1][1].permille[1] == 8 * 1000 / 24)
        let unmended = try PlanChecker.check(problem, plan([moves[0]], for: problem)).get()
        #expect(unmended.left?.map(\.rule) == ["alone"] && unmended.left?.first?.step == 1)
        #expect(unmended.left?.first?.sentence.contains("web-1") == true)
    }

    @Test("A pair that runs apart may not meet, not even while one of them is leaving")
    func apart() {
        var problem = fleet()
        problem.rules = [Rule(name: "webs", kind: .apart([domainID(0), domainID(2), domainID(77)]))]
        #expect(faults(problem, plan([move(0, 0, 1, in: problem)], for: problem)).map(\.rule) == ["webs"])
        problem.limits.movesPerBlade = 2
        let moves = [move(2, 1, 2, in: problem), move(0, 0, 1, in: problem)]
        #expect(faults(problem, plan(moves, for: problem)).isEmpty)
        let meeting = faults(problem, plan(moves, waves: [[0, 1]], for: problem))
        #expect(meeting.first?.sentence == "web-1 and web-2 are to run apart (webs), and web-2 has not left blade-1")
        let both = [move(2, 1, 2, in: problem), move(0, 0, 2, in: problem)]
        #expect(faults(problem, plan(both, waves: [[0, 1]], for: problem)).first?.sentence.contains("is on its way to blade-2") == true)
    }

    @Test("A group that runs together moves whole or not at all, and never over three blades")
    func together() {
        var problem = fleet()
        problem.rules = [Rule(name: "shop", kind: .together([domainID(0), domainID(1)]))]
        #expect(faults(problem, plan([move(0, 0, 2, in: problem)], for: problem)).map(\.rule) == ["shop"])
        #expect(faults(problem, plan([move(0, 0, 2, in: problem), move(1, 0, 2, in: problem)], for: problem)).isEmpty)
        let wandering = [move(0, 0, 2, in: problem), move(1, 0, 1, in: problem), move(0, 2, 1, in: problem)]
        #expect(faults(problem, plan(wandering, for: problem)).contains { $0.sentence.contains("spread over") })
    }

    @Test("Blade sets, features, bridges, storage, acceptance and mobility each object in their own words")
    func objections() {
        func sentence(_ change: (inout Problem) -> Void) -> [String] {
            var problem = fleet()
            change(&problem)
            return faults(problem, plan([move(0, 0, 2, in: problem)], for: problem)).map(\.sentence)
        }
        #expect(
            sentence { $0.rules = [Rule(name: "home", kind: .onlyOn([domainID(0)], blades: [bladeID(0), bladeID(1)]))] }
                == ["web-1 is to run on blade-0 and blade-1 only, not on blade-2 (home)"])
        #expect(sentence { $0.rules = [Rule(name: "not", kind: .neverOn([domainID(0)], blades: [bladeID(2)]))] } == ["web-1 is never to run on blade-2 (not)"])
        #expect(sentence { $0.blades[2].cpuFeatures = ["aes"] } == ["blade-2's CPU lacks avx, which web-1 may rely on"])
        #expect(sentence { $0.blades[2].bridges = [] } == ["blade-2 has no bridge br0, which web-1 is plugged into"])
        #expect(sentence { $0.blades[2].sharedStorage = ["/dev/vg0"] } == ["/dev/vg0/web-1 of web-1 is no shared storage on blade-2"])
        #expect(sentence { $0.blades[0].sharedStorage = [] } == ["/dev/vg0/web-1 of web-1 is no shared storage on blade-0"])
        #expect(sentence { $0.domains[0].storage = ["/dev/vg0/../sda"] }.count == 2)
        #expect(
            sentence {
                $0.blades[2].accepts = false
                $0.blades[2].reason = "draining"
            } == ["blade-2 accepts no domains: draining"])
        #expect(sentence { $0.goal = .evacuate(bladeID(2)) } == ["blade-2 is being emptied, and web-1 is sent there"])
        #expect(sentence { $0.domains[0].mobility = .fixed(reason: "a USB device is plugged in") } == ["web-1 stays where it is: a USB device is plugged in"])
        #expect(sentence { $0.domains[0].mobility = .stopAndGo(downtime: .seconds(60)) } == ["web-1 cannot migrate live"])
        #expect(sentence { $0.blades[2].capacity[1] = 0 } == ["how much memory blade-2 has is unknown, so that web-1 cannot be shown to fit"])
    }

    @Test("A stop longer than its owner allows is refused; CPU features need not match for one that is started anew")
    func stopAndGo() {
        var problem = fleet()
        problem.domains[0].mobility = .stopAndGo(downtime: .seconds(20))
        problem.blades[2].cpuFeatures = []
        var stop = move(0, 0, 2, in: problem)
        stop.live = false
        stop.downtime = .seconds(20)
        #expect(faults(problem, plan([stop], for: problem)).isEmpty)
        stop.downtime = .milliseconds(20_500)
        #expect(faults(problem, plan([stop], for: problem)).map(\.sentence) == ["web-1 may be stopped for 20 s, and would be for 20.5 s"])
    }

    @Test("What was broken before is tolerated and named; making it worse is not")
    func tolerated() throws {
        var problem = fleet()
        problem.blades[0].capacity[1] = 9 * gibibyte
        problem.rules = [Rule(name: "split", kind: .apart([domainID(0), domainID(1)])), Rule(name: "gone", kind: .onlyOn([domainID(2)], blades: []))]
        let certificate = try PlanChecker.check(problem, plan([move(1, 0, 2, in: problem)], for: problem)).get()
        #expect(certificate.tolerated.map(\.rule) == ["capacity", "split", "gone"])
        #expect(certificate.tolerated.first?.sentence == "blade-0 has 9 GiB of memory, 10 GiB are in use")
        #expect(faults(problem, plan([move(2, 1, 0, in: problem)], for: problem)).map(\.rule) == ["capacity", "gone"])
    }

    @Test("Loads that are shown and are not so are found, and so are limits, goals and revisions that do not fit")
    func shown() {
        let problem = fleet()
        var wrong = plan([move(0, 0, 2, in: problem)], for: problem)
        wrong.after = [BladeLoad(blade: bladeID(2), name: "blade-2", permille: [0, 0, 0, 0], domains: 0)]
        #expect(faults(problem, wrong).first?.step == 1)
        wrong.after = [BladeLoad(blade: bladeID(2), name: "blade-2", permille: [125, 83, 0, 0], domains: 1)]
        #expect(faults(problem, wrong).isEmpty)
        wrong.revision = 6
        #expect(!faults(problem, wrong).isEmpty)
        var limited = problem
        limited.limits.maxMoves = 0
        #expect(faults(limited, plan([move(0, 0, 2, in: problem)], for: problem)).first?.sentence == "the plan has 1 moves, 0 are allowed")
        var costless = plan([], for: problem)
        costless.costAfter = .nan
        #expect(!faults(problem, costless).isEmpty)
    }

    @Test("Rules are told in words")
    func sentences() {
        let problem = fleet()
        #expect(Rule(name: "r", kind: .apart([domainID(0), domainID(2)])).sentence(in: problem) == "web-1 and web-2 run on different blades")
        #expect(Rule(name: "r", kind: .neverOn([domainID(1)], blades: [bladeID(2)])).sentence(in: problem) == "db-1 never run on blade-2")
    }
}
