import PodpModel
import PodpRules
import Testing

@testable import PodpPlanner

/// Fleets of more blades than are scanned for each candidate, where groups are counted in few places and storage parts the fleet.
@Suite("Planner: large fleets")
struct LargeFleetTests {
    private func problem(seed: UInt64, fill: Int) -> Problem {
        var random = SplitMix64(seed: seed)
        let blades = 66 + random.below(40)
        let parts = 1 + random.below(4)
        let size = (blades + parts - 1) / parts
        var problem = Problem(revision: seed, goal: .balance, blades: [], domains: [])
        for index in 0..<blades {
            problem.blades.append(
                Problem.Blade(
                    id: ProblemGenerator.bladeID(index), name: "blade-\(index + 1)", chassis: random.below(20) == 0 ? "" : "chassis-\(index / 7)",
                    capacity: [8000, 24 << 20, 0, 0], comfort: [700, 900, 700, 700], reserved: [0, 0, 0, 0], accepts: random.below(15) > 0,
                    bridges: ["br0"], sharedStorage: ["/dev/part-\(index / size)/"]))
            var free = Int64(24 * fill / 100)
            while free > 1 {
                let memory = min(free, Int64(1 + random.below(8)))
                free -= memory
                let cpu = Int64(random.below(index < blades / 4 ? 2500 : 700))
                let number = problem.domains.count
                problem.domains.append(
                    Problem.Domain(
                        id: ProblemGenerator.domainID(number), name: "d\(number)", blade: index, mean: [cpu, memory << 20, 0, 0],
                        high: [cpu + 100, memory << 20, 0, 0], memory: .gibibytes(UInt64(memory)), bridges: ["br0"],
                        storage: ["/dev/part-\(index / size)/d\(number)"]))
            }
        }
        for number in 0..<40 {
            let members = (0..<2 + random.below(random.below(8) == 0 ? 25 : 4)).map { _ in problem.domains[random.below(problem.domains.count)].id }
            let named = (0..<1 + random.below(5)).map { _ in problem.blades[random.below(blades)].id }
            let kind: Rule.Kind =
                switch random.below(6) {
                case 0: .apart(members)
                case 1: .spread(members, over: .chassis, atLeast: 2)
                case 2: .near(members, within: .chassis)
                case 3: .exclusive(Array(members.prefix(1)))
                case 4: .neverOn(members, blades: named)
                default: .together(members)
                }
            // Together is a wish here, so that each domain is an item of its own.
            let isWish = if case .together = kind { true } else { random.below(2) == 0 }
            problem.rules.append(Rule(name: "rule-\(number)", kind: kind, price: isWish ? Double(1 + random.below(9)) : nil))
        }
        return problem
    }

    @Test("What the rules weigh, kept step by step in few places, is what their own checkers count", arguments: 0..<6)
    func incremental(seed: UInt64) {
        let problem = problem(seed: seed, fill: 50)
        let board = Board(problem, reach: Reach(problem), weights: Weights(), banned: [])
        var placement = Placement(board)
        var random = SplitMix64(seed: seed)
        var now = problem
        var moved = 0
        for _ in 0..<400 {
            let (item, blade) = (random.below(board.items), random.below(board.blades))
            guard blade != placement.at[item], board.isMovable[item], placement.fits(item, on: blade) else { continue }
            let weighed = placement.rules.cost
            let change = placement.rules.change(item, from: placement.at[item], to: blade)
            guard let change else { continue }
            placement.move(item, to: blade)
            now.domains[board.domains[item].first ?? 0].blade = blade
            #expect(abs(placement.rules.cost - weighed - change) < 1e-6, "seed \(seed)")
            moved += 1
            if moved % 10 == 0 {
                let expected = RuleMeter.readings(of: now).reduce(0.0) { $0 + ($1.rule.price ?? Weights().broken) * Double($1.units) }
                #expect(abs(placement.rules.cost - expected) < 1e-6, "seed \(seed) after \(moved)")
            }
        }
        #expect(moved > 20)
    }

    @Test("Every plan passes the independent checker, in loose fleets and where hardly a move is possible", arguments: 0..<4)
    func legal(seed: UInt64) throws {
        for fill in [50, 80, 97] {
            var problem = problem(seed: 100 + seed, fill: fill)
            problem.limits.maxMoves = 2_000
            problem.limits.movesPerBlade = 1 + Int(seed % 2)
            problem.limits.minimumGainPermille = 1
            problem.limits.steps = 60_000
            if seed % 4 == 3 { problem.goal = .evacuate(problem.blades[3].id) }
            let plan = Planner.plan(problem)
            _ = try PlanChecker.check(problem, plan).get()
            #expect(plan.costAfter <= plan.costBefore, "seed \(seed), \(fill) %")
            if fill == 50, problem.goal == .balance { #expect(!plan.moves.isEmpty, "seed \(seed): \(plan.remarks)") }
        }
    }
}
