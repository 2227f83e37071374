import PodpModel
import PodpRules
import Testing

@testable import PodpPlanner

/// Watts in the objective, where they are asked for.
struct WattsTests {
    private func problem(_ memory: [[Int64]], cpu: Int64, watts: [BladePower?], goal: Problem.Goal, weighs: Bool = true) -> Problem {
        var problem = ProblemGenerator.small(memory, cpu: cpu, goal: goal, rules: [])
        for (index, power) in watts.enumerated() { problem.blades[index].power = power }
        problem.limits.weighsWatts = weighs
        problem.limits.minimumGainPermille = 0
        return problem
    }

    private func emptied(_ plan: Plan) -> [Int] { plan.after.indices.filter { plan.after[$0].domains == 0 && plan.before[$0].domains > 0 } }

    @Test func `a consolidation empties the blade that draws most, where watts are asked for`() {
        let watts = [BladePower(idleWatts: 150, busyWatts: 250), BladePower(idleWatts: 400, busyWatts: 600)]
        // The first one has less on it.
        let domains: [[Int64]] = [[2, 2], [2, 2, 2]]
        let plain = Planner.plan(problem(domains, cpu: 200, watts: watts, goal: .consolidate, weighs: false))
        #expect(emptied(plain) == [0])
        let weighed = Planner.plan(problem(domains, cpu: 200, watts: watts, goal: .consolidate))
        #expect(emptied(weighed) == [1])
        #expect(weighed.wattsBefore == 150 + 400 + 5 + 15 && weighed.wattsAfter == 150 + 13, "\(weighed.wattsBefore ?? 0), \(weighed.wattsAfter ?? 0)")
        #expect((plain.wattsAfter ?? 0) > 400)
    }

    @Test func `a balance empties a blade that idles and computes where it takes fewer watts, and makes nobody wait for that`() throws {
        let (lean, hungry) = (BladePower(idleWatts: 60, busyWatts: 120), BladePower(idleWatts: 400, busyWatts: 700))
        let domains: [[Int64]] = [[2, 2], [1], [2, 2]]
        let watts = [lean, hungry, lean]
        for cpu in [Int64(200), 2700] {
            let plain = Planner.plan(problem(domains, cpu: cpu, watts: watts, goal: .balance, weighs: false))
            let asked = problem(domains, cpu: cpu, watts: watts, goal: .balance)
            let plan = Planner.plan(asked)
            #expect(emptied(plain).isEmpty)
            #expect(emptied(plan) == (cpu == 200 ? [1] : []), "at \(cpu) the others would be above their comfort")
            #expect(try PlanChecker.check(asked, plan).get().states > 0)
            guard cpu == 200 else { continue }
            #expect((plan.wattsAfter ?? 0) < (plan.wattsBefore ?? 0) - 390)
            #expect(plan.moves.first?.reason.contains("fewer watts") == true, "\(plan.moves.first?.reason ?? "")")
        }
    }

    @Test func `where watts are not measured it is said, and they count as a usual blade's`() {
        let power = BladePower(idleWatts: 200, busyWatts: 300)
        let domains: [[Int64]] = [[2, 2], [2, 2, 2], [1]]
        let none = Planner.plan(problem(domains, cpu: 200, watts: [nil, nil, nil], goal: .consolidate))
        let plain = Planner.plan(problem(domains, cpu: 200, watts: [nil, nil, nil], goal: .consolidate, weighs: false))
        #expect(none.moves == plain.moves && none.wattsBefore == nil && none.remarks.contains { $0.contains("watts are not weighed") })
        let some = Planner.plan(problem(domains, cpu: 200, watts: [power, nil, power], goal: .consolidate))
        #expect(some.moves == plain.moves && some.remarks.contains { $0.contains("{blade-2}") && $0.contains("usual") })
        #expect(!plain.remarks.contains { $0.contains("watts") })
        let wrong = Planner.plan(problem(domains, cpu: 200, watts: [BladePower(idleWatts: 9, busyWatts: 3), nil, power], goal: .balance))
        #expect(wrong.moves.isEmpty && wrong.remarks.contains { $0.contains("the watts of blade-1 are not sound") })
    }

    @Test("Plans by watts pass the checker, never cost more than the present, and what a placement weighs more by watts is what it draws", arguments: 0..<60)
    func property(seed: UInt64) throws {
        var generator = ProblemGenerator(seed: seed)
        var problem = generator.problem()
        var random = SplitMix64(seed: seed)
        for index in problem.blades.indices where seed % 3 != 0 || random.below(3) > 0 {
            let idle = random.below(500)
            problem.blades[index].power = BladePower(idleWatts: idle, busyWatts: idle + random.below(400))
        }
        problem.limits.weighsWatts = true
        let plan = Planner.plan(problem)
        #expect(try PlanChecker.check(problem, plan).get().states > 0)
        #expect(plan.costAfter <= plan.costBefore + 1e-9)
        guard seed % 3 != 0, problem.goal == .balance, problem.blades.allSatisfy({ $0.capacity[0] > 0 }) else { return }
        var plain = problem
        plain.limits.weighsWatts = false
        let (weights, reach) = (Weights(), Reach(problem))
        let board = Board(problem, reach: reach, weights: weights, banned: [])
        var (with, without) = (Placement(board), Placement(Board(plain, reach: reach, weights: weights, banned: [])))
        for _ in 0..<40 where board.items > 0 {
            let (item, blade) = (random.below(board.items), random.below(board.blades))
            with.move(item, to: blade)
            without.move(item, to: blade)
        }
        // Use above 1 draws no more, and weighs more: there a blade is over its comfort anyway.
        let isFull = (0..<board.blades).contains { Double(with.mean[$0 * board.resources]) * board.inverse[$0 * board.resources] > 1 }
        guard !isFull else { return }
        let drawn = try #require(BoardWatts.drawn(problem, with))
        #expect(abs(with.placementCost - without.placementCost - weights.watt * Double(drawn)) < 0.001)
    }
}
