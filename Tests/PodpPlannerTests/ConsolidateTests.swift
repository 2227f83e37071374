import PodpModel
import PodpRules
import Testing

@testable import PodpPlanner

@Suite("Planner: consolidation")
struct ConsolidateTests {
    private static let gibibyte: Int64 = 1 << 20

    /// Blades by their GiB and mCPU, domains as (blade, mCPU, GiB).
    private func problem(_ blades: [(memory: Int64, cpu: Int64)], _ domains: [(blade: Int, cpu: Int64, memory: Int64)]) -> Problem {
        var problem = Problem(
            revision: 1, goal: .consolidate,
            blades: blades.enumerated().map { index, size in
                Problem.Blade(
                    id: ProblemGenerator.bladeID(index), name: "blade-\(index + 1)", capacity: [size.cpu, size.memory * Self.gibibyte, 0, 0],
                    comfort: [900, 900, 700, 700], reserved: [0, 0, 0, 0])
            },
            domains: domains.enumerated().map { index, facts in
                let amounts = [facts.cpu, facts.memory * Self.gibibyte, 0, 0]
                return Problem.Domain(
                    id: ProblemGenerator.domainID(index), name: "domain-\(index + 1)", blade: facts.blade, mean: amounts, high: amounts,
                    memory: .gibibytes(UInt64(facts.memory)))
            })
        problem.limits.maxMoves = 1_000
        return problem
    }

    /// Four blades of 16 GiB, each with two domains of 8 and 5 GiB, and an empty one of 64.
    private func fourSmall() -> Problem {
        let domains = (0..<8).map { (blade: $0 / 2, cpu: Int64(300), memory: Int64($0 % 2 == 0 ? 8 : 5)) }
        return problem(Array(repeating: (16, 8_000), count: 4) + [(64, 32_000)], domains)
    }

    private func certified(_ problem: Problem) throws -> Plan {
        let plan = Planner.plan(problem)
        _ = try PlanChecker.check(problem, plan).get()
        return plan
    }

    private func on(_ loads: [BladeLoad]) -> Int { loads.count { $0.domains > 0 } }

    /// Uneven blades, filled to a third, half or two thirds, first fit or at random, with some CPU.
    private func random(_ seed: UInt64) -> Problem {
        var random = SplitMix64(seed: seed)
        let sizes: [(memory: Int64, cpu: Int64)] = (0..<3 + random.below(12)).map { _ in
            let size = [16, 24, 32, 64][random.below(4)]
            return (Int64(size), Int64(size * 400))
        }
        let isPacked = random.below(2) == 0
        var free = sizes.map(\.memory)
        var left = free.reduce(0, +) * Int64(1 + random.below(3)) / 4
        var domains: [(blade: Int, cpu: Int64, memory: Int64)] = []
        while left > 0 {
            let memory = min(left, Int64(1 + random.below(8)))
            left -= memory
            let first = isPacked ? 0 : random.below(sizes.count)
            guard let blade = (0..<sizes.count).map({ (first + $0) % sizes.count }).first(where: { free[$0] >= memory }) else { continue }
            free[blade] -= memory
            domains.append((blade, memory * Int64(random.below(400)), memory))
        }
        return problem(sizes, domains)
    }

    /// Blades on with best fit decreasing, the largest first, all placed anew; `nil` where that finds no placement.
    private func bestFit(_ problem: Problem) -> Int? {
        var left = problem.blades.map { [$0.capacity[0] * 9 / 10, $0.capacity[1]] }
        var waiting = left.indices.sorted { (left[$1][1], $0) < (left[$0][1], $1) }
        var on: [Int] = []
        for domain in problem.domains.sorted(by: { $0.mean[1] > $1.mean[1] }) {
            func fits(_ blade: Int) -> Bool { domain.mean[0] <= left[blade][0] && domain.mean[1] <= left[blade][1] }
            while !on.contains(where: fits) {
                guard !waiting.isEmpty else { return nil }
                on.append(waiting.removeFirst())
            }
            guard let target = on.filter(fits).min(by: { left[$0][1] < left[$1][1] }) else { return nil }
            left[target][0] -= domain.mean[0]
            left[target][1] -= domain.mean[1]
        }
        return on.count
    }

    @Test("A resource of which no blade tells what it has, or one does not, keeps no blade on", arguments: [false, true])
    func unknown(known: Bool) throws {
        var problem = fourSmall()
        for index in problem.domains.indices { (problem.domains[index].mean[2], problem.domains[index].high[2]) = (500, 900) }
        if known { for index in 1..<5 { problem.blades[index].capacity[2] = 400 << 10 } }
        let plan = try certified(problem)
        #expect(plan.after.map { $0.domains > 0 } == [false, false, false, false, true])
    }

    @Test("An empty large blade is filled where that empties several small ones")
    func emptyLargeBlade() throws {
        let plan = try certified(fourSmall())
        #expect(plan.after.map(\.domains) == [0, 0, 0, 0, 8])
        #expect(plan.moves.count == 8)
    }

    @Test("An empty blade is left empty where filling it empties no more than one other")
    func emptyEqualBlade() throws {
        let plan = try certified(problem([(16, 8_000), (16, 8_000), (16, 8_000)], [(0, 300, 12), (1, 300, 12)]))
        #expect(plan.moves.isEmpty)
    }

    @Test("With too few moves for all of it, whole blades are emptied or none")
    func fewMoves() throws {
        var problem = fourSmall()
        problem.limits.maxMoves = 5
        let plan = try certified(problem)
        #expect(plan.moves.count == 4)
        #expect(plan.after.map(\.domains).sorted() == [0, 0, 2, 2, 4])
    }

    @Test("Random uneven fleets: legal, at most one blade more on than best fit decreasing, never more than before", arguments: 0..<20)
    func bestFitDecreasing(block: UInt64) throws {
        for seed in block * 2..<(block + 1) * 2 {
            var problem = random(seed)
            problem.limits.steps = 20_000
            let plan = try certified(problem)
            #expect(on(plan.after) <= on(plan.before), "seed \(seed)")
            if let fitted = bestFit(problem) { #expect(on(plan.after) <= fitted + 1, "seed \(seed)") }
        }
    }

    @Test("Random fleets of all shapes, with rules: legal, within the moves, never more blades on than before", arguments: 0..<20)
    func allShapes(block: UInt64) throws {
        for seed in block * 2..<(block + 1) * 2 {
            var generator = ProblemGenerator(seed: 40_000 + seed)
            var problem = generator.problem()
            problem.goal = .consolidate
            let plan = try certified(problem)
            #expect(on(plan.after) <= on(plan.before), "seed \(seed)")
            #expect(plan.moves.count <= problem.limits.maxMoves, "seed \(seed)")
        }
    }

    @Test("Under N+1 only so many are emptied as may be switched off", arguments: [false, true])
    func survival(isWanted: Bool) throws {
        var problem = problem(Array(repeating: (16, 8_000), count: 4), (0..<4).map { ($0, 300, 7) })
        if isWanted { problem.rules = [Rule(name: "N+1", kind: .survive(.blade))] }
        let plan = try certified(problem)
        #expect(on(plan.after) == (isWanted ? 3 : 2))
    }

    @Test("Two blades that could each just take the other's domains are balanced, one move after the other")
    func survivalOnTheWay() throws {
        var problem = problem(Array(repeating: (10, 8_000), count: 2), [(0, 3_000, 2), (0, 3_000, 2), (0, 100, 2), (1, 100, 4)])
        problem.goal = .balance
        problem.rules = [Rule(name: "N+1", kind: .survive(.blade))]
        let plan = try certified(problem)
        #expect(plan.moves.count == 1 && plan.costAfter < plan.costBefore)
    }

    @Test("Random fleets under N+1: whichever blade is lost with the emptied ones off, no more domains are without room than before", arguments: 0..<10)
    func randomSurvival(block: UInt64) throws {
        for seed in block * 2..<(block + 1) * 2 {
            var problem = random(1_000 + seed)
            problem.limits.steps = 20_000
            problem.rules = [Rule(name: "N+1", kind: .survive(.blade))]
            let plan = try certified(problem)
            var dark = problem
            let places = Dictionary(plan.moves.map { ($0.domain, $0.to) }, uniquingKeysWith: { $1 })
            for index in dark.domains.indices {
                if let place = places[dark.domains[index].id] { dark.domains[index].blade = dark.blades.firstIndex { $0.id == place } ?? 0 }
            }
            let used = Set(dark.domains.map(\.blade))
            for blade in Set(problem.domains.map(\.blade)).subtracting(used) { dark.blades[blade].accepts = false }
            let (before, after) = (RuleMeter.readings(of: problem).map(\.units), RuleMeter.readings(of: dark).map(\.units))
            #expect(zip(before, after).allSatisfy { $0 >= $1 }, "seed \(seed)")
        }
    }

    @Test("Where a rule is in the way, the remark says so")
    func exclusive() throws {
        var problem = problem([(16, 8_000), (16, 8_000)], [(0, 300, 2), (1, 300, 2), (1, 300, 2)])
        problem.rules = [Rule(name: "alone", kind: .exclusive([ProblemGenerator.domainID(0)]))]
        let plan = try certified(problem)
        #expect(plan.moves.isEmpty)
        #expect(plan.remarks.first == "blade-1 is not emptied: rules keep {domain-1} off every other blade that is on and has room")
    }

    @Test("Where somebody would wait longer, the remark says so")
    func waiting() throws {
        let plan = try certified(problem([(16, 8_000), (16, 8_000)], [(0, 5_000, 2), (1, 5_000, 2)]))
        #expect(plan.remarks.first == "blade-1 is not emptied: somebody would wait longer if {domain-1} ran on another blade that is on")
    }

    @Test("The only blade that is on stays on, and the remark says why")
    func onlyOne() throws {
        let plan = try certified(problem([(16, 8_000), (16, 8_000)], [(0, 300, 2)]))
        #expect(plan.remarks == ["blade-1 is not emptied: no other blade is on, and an empty one would only take its place"])
    }

    @Test("A fleet without domains stops at no limit")
    func noDomains() throws {
        var problem = problem([(16, 8_000)], [])
        problem.limits.maxMoves = 0
        #expect(try certified(problem).remarks.isEmpty)
    }
}
