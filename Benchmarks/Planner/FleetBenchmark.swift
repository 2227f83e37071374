import PodpModel
import PodpPlanner
import PodpRules

/// Fleets of three sizes, skewed: a third of the blades carries most of the load.
enum FleetBenchmark {
    private struct Case {
        var blades: Int
        var domains: Int
        var steps: Int
        var maxMoves: Int
    }

    private static let cases = [
        Case(blades: 14, domains: 84, steps: 200_000, maxMoves: 64),
        Case(blades: 50, domains: 500, steps: 200_000, maxMoves: 64),
        Case(blades: 200, domains: 3_000, steps: 200_000, maxMoves: 64),
        Case(blades: 200, domains: 3_000, steps: 4_000_000, maxMoves: 1_000),
        Case(blades: 1_000, domains: 20_000, steps: 200_000, maxMoves: 64),
        Case(blades: 1_000, domains: 20_000, steps: 8_000_000, maxMoves: 5_000),
    ]

    static func run(seeds: UInt64) {
        print("blades  domains  steps    goal         seconds  moves  waves  cost before  after     empty  checked")
        for size in cases {
            for goal in ["balance", "consolidate", "evacuate"] {
                for seed in 1...seeds { measure(size, goal: goal, seed: seed) }
            }
        }
        print("peak memory \(Program.peakMemory()) MiB")
    }

    private static func measure(_ size: Case, goal: String, seed: UInt64) {
        let fill = goal == "balance" ? 60 : 35
        var problem = Fleet.skewed(blades: size.blades, domains: size.domains, fill: fill, seed: seed)
        problem.limits.steps = size.steps
        problem.limits.maxMoves = size.maxMoves
        problem.goal = goal == "balance" ? .balance : goal == "consolidate" ? .consolidate : .evacuate(problem.blades[0].id)
        let start = Program.processorTime()
        let plan = Planner.plan(problem)
        let seconds = Program.processorTime() - start
        let verdict: String
        switch PlanChecker.check(problem, plan) {
        case .success(let certificate): verdict = "\(certificate.states) states"
        case .failure(let violations): verdict = "REFUSED: \(violations.list.first?.sentence ?? "")"
        }
        let columns = [
            column("\(size.blades)", 8), column("\(size.domains)", 9), column("\(size.steps)", 9), column(goal, 13), column(decimal(seconds, 4), 9),
            column("\(plan.moves.count)", 7), column("\(plan.waves.count)", 7), column(decimal(plan.costBefore, 3), 13), column(decimal(plan.costAfter, 3), 10),
            column("\(plan.after.count { $0.domains == 0 })", 7), verdict,
        ]
        print(columns.joined())
    }

    static func column(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(1, width - text.count)) }

    static func decimal(_ value: Double, _ digits: Int) -> String {
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int(min(max(value, 0), 1e12) * Double(scale) + 0.5)
        let fraction = String(scaled % scale)
        return "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}

/// Fleets made from a seed.
enum Fleet {
    static func skewed(blades: Int, domains: Int, fill: Int, seed: UInt64) -> Problem {
        var random = Numbers(state: seed)
        func below(_ bound: Int) -> Int { Int.random(in: 0..<max(1, bound), using: &random) }
        var problem = Problem(revision: seed, goal: .balance, blades: [], domains: [])
        for index in 0..<blades {
            problem.blades.append(
                Problem.Blade(
                    id: BladeID(ID128(high: 1, low: UInt64(index))), name: "blade-\(index + 1)", chassis: "chassis-\(index / 14 + 1)",
                    capacity: [8_000, 22 << 20, 400 << 10, 120 << 10], comfort: [700, 900, 600, 700], reserved: [0, 0, 0, 0], cpuFeatures: features,
                    bridges: ["br0"],
                    sharedStorage: ["/dev/vg0/"]))
        }
        // Mean sizes that fill the fleet's memory to `fill` percent; CPU to two thirds of that.
        let memory = 22 * blades * fill / 100 * 1024 / max(1, domains)
        let cpu = 8_000 * blades * fill / 150 / max(1, domains)
        var free = [Int](repeating: 22 * 1024, count: blades)
        for index in 0..<domains {
            let size = max(128, memory / 2 + below(memory))
            var blade = below(100) < 60 ? below(max(1, blades / 3)) : below(blades)
            for _ in 0..<blades where free[blade] < size { blade = (blade + 1) % blades }
            free[blade] -= size
            let mean = Int64(cpu / 2 + below(cpu))
            problem.domains.append(
                Problem.Domain(
                    id: DomainID(ID128(high: 2, low: UInt64(index))), name: "domain-\(index + 1)", blade: blade,
                    mean: [mean, Int64(size) << 10, Int64(below(20 << 10)), Int64(below(4 << 10))],
                    high: [mean + Int64(below(cpu)), Int64(size) << 10, 20 << 10, 4 << 10], memory: .mebibytes(UInt64(size)),
                    dirtyBytesPerSecond: UInt64(below(30_000_000)), cpuFeatures: features, bridges: ["br0"], storage: ["/dev/vg0/domain-\(index + 1)"]))
        }
        for group in 0..<domains / 40 {
            let members = (0..<3).map { problem.domains[(group * 40 + $0 * 13) % domains].id }
            problem.rules.append(Rule(name: "apart-\(group + 1)", kind: .apart(members)))
        }
        return problem
    }

    private static let features = (0..<60).map { "flag-\($0 < 10 ? "0" : "")\($0)" }
}
