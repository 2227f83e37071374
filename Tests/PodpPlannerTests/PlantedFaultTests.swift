import PodpModel
import PodpRules
import Testing

@testable import PodpPlanner

/// Plans of the planner with one fault planted in each: the checker finds every one.
@Suite("PlanChecker: planted faults in real plans")
struct PlantedFaultTests {
    private func isRefused(_ problem: Problem, _ plan: Plan) -> Bool {
        if case .failure = PlanChecker.check(problem, plan) { true } else { false }
    }

    @Test("A wrong source, a move left out, a wave twice, a wrong load, a move too many: all are found", arguments: 0..<20)
    func structure(block: UInt64) {
        var planted = 0
        for seed in block * 15..<(block + 1) * 15 {
            var generator = ProblemGenerator(seed: 40_000 + seed)
            let problem = generator.problem()
            let plan = Planner.plan(problem)
            guard let first = plan.moves.first else { continue }
            var random = SplitMix64(seed: seed)
            let victim = random.below(plan.moves.count)
            var faulty = plan
            faulty.moves[victim].from = faulty.moves[victim].to
            #expect(isRefused(problem, faulty), "seed \(seed): source")
            faulty = plan
            faulty.waves.removeLast()
            #expect(isRefused(problem, faulty), "seed \(seed): a wave is missing")
            faulty = plan
            faulty.waves.append(faulty.waves[0])
            #expect(isRefused(problem, faulty), "seed \(seed): a wave twice")
            faulty = plan
            faulty.moves[victim].live.toggle()
            #expect(isRefused(problem, faulty), "seed \(seed): live")
            faulty = plan
            faulty.after[0].permille[0] += 1
            #expect(isRefused(problem, faulty), "seed \(seed): load")
            // Another blade than planned: the loads shown are not so, whatever else.
            if let other = problem.blades.first(where: { $0.id != first.to && $0.id != first.from && $0.capacity[0] > 0 }),
                problem.domains.contains(where: { $0.mean[0] > 100 && $0.id == first.domain })
            {
                faulty = plan
                faulty.moves[0].to = other.id
                faulty.moves[0].toName = other.name
                #expect(isRefused(problem, faulty), "seed \(seed): target")
            }
            planted += 1
        }
        #expect(planted > 0)
    }

    @Test("Memory overcommitted in the midst: the target's room is taken away just below what the worst moment needs", arguments: 0..<20)
    func memory(block: UInt64) {
        var planted = 0
        for seed in block * 15..<(block + 1) * 15 {
            var generator = ProblemGenerator(seed: 50_000 + seed)
            let problem = generator.problem()
            guard let memory = problem.resources.firstIndex(where: \.hard) else { continue }
            var plan = Planner.plan(problem)
            plan.before = []
            plan.after = []
            guard let wave = plan.waves.first, let index = wave.first else { continue }
            let move = plan.moves[index]
            // All that may be on the target in the first wave: what is there, and everything of the wave that comes.
            guard let target = problem.blades.firstIndex(where: { $0.id == move.to }) else { continue }
            let there = problem.domains.filter { $0.blade == target }.reduce(problem.blades[target].reserved[memory]) { $0 + $1.high[memory] }
            let coming = wave.filter { plan.moves[$0].to == move.to }.compactMap { step in problem.domains.first { $0.id == plan.moves[step].domain } }
            let worst = coming.reduce(there) { $0 + $1.high[memory] }
            guard coming.allSatisfy({ $0.high[memory] > 0 }) else { continue }
            var exact = problem
            exact.blades[target].capacity[memory] = worst - 1
            #expect(isRefused(exact, plan), "seed \(seed)")
            planted += 1
        }
        #expect(planted > 0)
    }

    @Test("A pair made to run apart that meets in the midst of a wave is found", arguments: 0..<20)
    func apart(block: UInt64) {
        var planted = 0
        for seed in block * 15..<(block + 1) * 15 {
            var generator = ProblemGenerator(seed: 60_000 + seed)
            var problem = generator.problem()
            let plan = Planner.plan(problem)
            guard let wave = plan.waves.first, let index = wave.first, let target = problem.blades.firstIndex(where: { $0.id == plan.moves[index].to }) else {
                continue
            }
            guard let resident = problem.domains.first(where: { $0.blade == target && $0.id != plan.moves[index].domain }) else { continue }
            problem.rules.append(Rule(name: "planted", kind: .apart([resident.id, plan.moves[index].domain])))
            guard case .failure(let violations) = PlanChecker.check(problem, plan) else {
                Issue.record("seed \(seed) was certified")
                continue
            }
            #expect(violations.list.contains { $0.rule == "planted" })
            planted += 1
        }
        #expect(planted > 0)
    }

    @Test("Malformed problems get an empty plan and a remark")
    func malformed() {
        var generator = ProblemGenerator(seed: 1)
        let sound = generator.problem()
        let changes: [(inout Problem) -> Void] = [
            { $0.blades[0].capacity = [] }, { $0.blades[0].comfort = [-1] }, { $0.blades[0].reserved = Array(repeating: .max, count: 4) },
            { $0.blades.append($0.blades[0]) }, { $0.goal = .evacuate(BladeID(.zero)) }, { $0.limits.movesPerBlade = 0 }, { $0.limits.steps = -5 },
            { $0.limits.migrationBytesPerSecond = 0 }, { $0.resources = Array(repeating: .cpu, count: 4) }, { $0.limits.minimumGainPermille = .min },
        ]
        for (number, change) in changes.enumerated() {
            var problem = sound
            change(&problem)
            let plan = Planner.plan(problem)
            #expect(plan.moves.isEmpty && !plan.remarks.isEmpty, "change \(number)")
        }
        #expect(Planner.plan(Problem(revision: 0, goal: .balance, resources: [], blades: [], domains: [])).moves.isEmpty)
        #expect(Planner.plan(Problem(revision: 0, goal: .consolidate, blades: [], domains: [])).moves.isEmpty)
    }

    @Test("Extreme limits end in a plan", arguments: [0, 1, 2, 1_000_000])
    func extremes(steps: Int) throws {
        for seed in 0..<20 as Range<UInt64> {
            var generator = ProblemGenerator(seed: 70_000 + seed)
            var problem = generator.problem()
            problem.limits.steps = steps == 1_000_000 ? .max : steps
            problem.limits.maxMoves = seed % 2 == 0 ? .max : 1
            problem.limits.movesPerBlade = seed % 3 == 0 ? .max : 1
            problem.limits.migrationBytesPerSecond = seed % 5 == 0 ? .max : 1
            for index in problem.domains.indices where index % 3 == 0 {
                problem.domains[index].memory = Bytes(.max)
                problem.domains[index].dirtyBytesPerSecond = .max
            }
            _ = try PlanChecker.check(problem, Planner.plan(problem)).get()
        }
    }
}
