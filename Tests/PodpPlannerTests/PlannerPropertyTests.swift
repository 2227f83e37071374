import PodpModel
import PodpRules
import Testing

@testable import PodpPlanner

@Suite("Planner: properties over random problems")
struct PlannerPropertyTests {
    @Test("Every plan passes the independent checker, never costs more than the present, and is told in words", arguments: 0..<40)
    func legal(block: UInt64) throws {
        for seed in block * 12..<(block + 1) * 12 {
            var generator = ProblemGenerator(seed: seed)
            let problem = generator.problem()
            let plan = Planner.plan(problem)
            switch PlanChecker.check(problem, plan) {
            case .success(let certificate): #expect(certificate.states == 1 + 2 * plan.waves.count)
            case .failure(let violations): Issue.record("seed \(seed): \(violations)")
            }
            #expect(plan.costAfter <= plan.costBefore, "seed \(seed)")
            #expect(plan.moves.allSatisfy { !$0.reason.isEmpty && !$0.reason.contains("nan") }, "seed \(seed)")
            if plan.moves.isEmpty, problem.goal == .balance { #expect(!plan.remarks.isEmpty, "seed \(seed)") }
        }
    }

    @Test("The same problem gives the same plan", arguments: [3, 14, 159, 265] as [UInt64])
    func deterministic(seed: UInt64) {
        var generator = ProblemGenerator(seed: seed)
        let problem = generator.problem()
        #expect(Planner.plan(problem) == Planner.plan(problem))
    }

    @Test("An evacuation empties the blade or says why not", arguments: 0..<20)
    func evacuation(block: UInt64) throws {
        for seed in block * 10..<(block + 1) * 10 {
            var generator = ProblemGenerator(seed: 10_000 + seed)
            var problem = generator.problem()
            problem.goal = .evacuate(problem.blades[0].id)
            let plan = Planner.plan(problem)
            let left = try #require(plan.after.first).domains
            if left > 0 {
                #expect(plan.remarks.contains { $0.contains(problem.blades[0].name) || $0.contains("left where they are") }, "seed \(seed): \(plan.remarks)")
            }
        }
    }

    @Test("A balance that gains less than the hysteresis asks for proposes nothing", arguments: 0..<20)
    func hysteresis(block: UInt64) {
        for seed in block * 5..<(block + 1) * 5 {
            var generator = ProblemGenerator(seed: 20_000 + seed)
            var problem = generator.problem()
            problem.goal = .balance
            problem.limits.minimumGainPermille = 300
            let plan = Planner.plan(problem)
            if !plan.moves.isEmpty { #expect((plan.costBefore - plan.costAfter) * 1000 >= plan.costBefore * 300, "seed \(seed)") }
            problem.limits.minimumGainPermille = 1001
            #expect(Planner.plan(problem).moves.isEmpty, "seed \(seed)")
        }
    }

    @Test("What the search calls a fit is what the rules call legal, and sums kept step by step equal sums made anew", arguments: 0..<20)
    func incremental(block: UInt64) throws {
        for seed in block * 5..<(block + 1) * 5 {
            var generator = ProblemGenerator(seed: 30_000 + seed)
            var problem = generator.problem()
            problem.rules.removeAll { if case .together = $0.kind { true } else { false } }
            let board = Board(problem, reach: Reach(problem), weights: Weights(), banned: [])
            var placement = Placement(board)
            var random = SplitMix64(seed: seed)
            var now = problem
            for _ in 0..<60 where board.items > 0 && board.blades > 1 {
                let item = random.below(board.items)
                let blade = random.below(board.blades)
                let domain = board.domains[item].first ?? 0
                guard blade != placement.at[item], blade != board.origin[item], board.isMovable[item] else { continue }
                let facts = problem.domains[domain]
                let live = facts.mobility == .live
                let objections = StepPremise.objections(
                    moving: facts.id, to: problem.blades[blade].id, live: live, downtime: live ? .zero : MigrationEstimate.stopAndStart.downtime, in: now)
                // The rules look at the storage of the blade where it is now as well: the search knows that it was reachable from the start.
                let rules = placement.ruleChange(item, to: blade)
                let cover = placement.coverChange(item, to: blade)
                let mayBe = placement.fits(item, on: blade) && rules != nil && cover != nil
                // On its way a domain takes room at both ends: N+1 may forbid it then and not afterwards.
                let onlyUnderWay = mayBe && objections.allSatisfy { $0.contains("without room elsewhere") }
                #expect(mayBe == objections.isEmpty || onlyUnderWay, "seed \(seed), \(facts.name) to \(problem.blades[blade].name): \(objections)")
                if onlyUnderWay, !objections.isEmpty {
                    var after = now
                    after.domains[domain].blade = blade
                    #expect(Self.lossesUnborne(after) <= Self.lossesUnborne(now), "seed \(seed), \(facts.name) to \(problem.blades[blade].name)")
                }
                guard objections.isEmpty, let rules, let cover else { continue }
                let expected =
                    placement.placementCost + rules + cover - placement.cost[placement.at[item]] - placement.cost[blade]
                    + placement.cost(of: placement.at[item], without: item) + placement.cost(of: blade, with: item)
                placement.move(item, to: blade)
                now.domains[domain].blade = blade
                #expect(abs(placement.placementCost - expected) < 1e-6 * max(1, expected))
                let anew = Placement(board, at: placement.at)
                #expect(anew.mean == placement.mean && anew.high == placement.high && anew.spread == placement.spread)
                #expect(anew.cost == placement.cost && anew.displaced == placement.displaced)
                #expect(abs(anew.placementCost - placement.placementCost) < 1e-9 * max(1, expected))
                // What the rules weigh is what their own checkers count; what a consolidation has emptied is off, and a problem does not say so.
                guard problem.goal != .consolidate else { continue }
                let weighed = RuleMeter.readings(of: now).reduce(0.0) { $0 + ($1.rule.price ?? Weights().broken) * Double($1.units) }
                #expect(abs(placement.rules.cost + placement.coverCost - weighed) < 1e-9 * max(1, weighed), "seed \(seed)")
            }
        }
    }

    /// Zones whose loss cannot be borne, by the rules' own count.
    private static func lossesUnborne(_ problem: Problem) -> Int {
        RuleMeter.readings(of: problem).reduce(0) { sum, reading in
            if case .survive = reading.rule.kind, reading.rule.price == nil { sum + reading.units } else { sum }
        }
    }
}
