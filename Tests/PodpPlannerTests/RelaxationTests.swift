import PodpModel
import PodpRules
import Testing

@testable import PodpPlanner

@Suite("Where a blade cannot be emptied, what would help")
struct RelaxationTests {
    /// Two blades of 24 GiB; the first is emptied.
    private func fleet(_ memory: [[Int64]], rules: [Rule] = []) -> Problem {
        ProblemGenerator.small(memory, cpu: 100, goal: .evacuate(ProblemGenerator.bladeID(0)), rules: rules)
    }

    @Test("A rule in the way is named, and without it the blade is emptied")
    func rule() throws {
        let apart = Rule(name: "apart: db", kind: .apart([ProblemGenerator.domainID(0), ProblemGenerator.domainID(1)]))
        let problem = fleet([[4], [4]], rules: [apart])
        let plan = Planner.plan(problem)
        #expect(plan.moves.isEmpty)
        #expect(plan.remarks.last == "blade-1 could be emptied without the rule 'apart: db'")
    }

    @Test("The least memory that would do is named, to a thirty-second, and with it the blade is emptied")
    func memory() throws {
        var problem = fleet([[10], [18]])
        let plan = Planner.plan(problem)
        // 6 GiB are free, 10 are needed.
        #expect(plan.remarks.last == "blade-1 could be emptied with 4.1 GiB more memory on blade-2")
        problem.blades[1].capacity[1] += 10 * (10 << 20) / 32 * 14 / 10
        #expect(Planner.plan(problem).after[0].domains == 0)
    }

    @Test("A consolidation that stops for a rule, or for want of memory, says what would let it go on")
    func consolidation() {
        let apart = Rule(name: "apart: db", kind: .apart([ProblemGenerator.domainID(0), ProblemGenerator.domainID(1)]))
        func remarks(_ memory: [[Int64]], _ rules: [Rule]) -> [String] {
            Planner.plan(ProblemGenerator.small(memory, cpu: 100, goal: .consolidate, rules: rules)).remarks
        }
        #expect(remarks([[4], [4]], [apart]).last == "blade-1 could be emptied without the rule 'apart: db'")
        #expect(remarks([[10], [18]], []).last == "blade-1 could be emptied with 4.1 GiB more memory on blade-2")
        // Two go together; the third blade, which is empty then, is not what would help.
        #expect(remarks([[10], [10], [10]], []).last?.contains("more memory on") == true)
        #expect(!remarks([[4], []], []).contains { $0.contains("could be emptied") && $0.contains("blade-2") })
    }

    @Test("What may go nowhere is told with its disk, or with its rule")
    func nowhere() {
        var problem = fleet([[2], [2]])
        for index in 0..<2 { problem.blades[index].sharedStorage = ["/dev/vg0/ (s\(index))"] }
        problem.domains[0].storage = ["/dev/vg0/ (s0)"]
        #expect(Planner.plan(problem).remarks.first == "blade-1 cannot be emptied: d0 may go nowhere: no other blade shares its disk /dev/vg0/")
        problem.domains[0].storage = []
        problem.rules = [Rule(name: "d0 only on blade-1", kind: .onlyOn([problem.domains[0].id], blades: [problem.blades[0].id]))]
        #expect(Planner.plan(problem).remarks.first == "blade-1 cannot be emptied: d0 may go nowhere: by its rules (d0 only on blade-1)")
    }

    @Test("Moves that are not allowed, and a domain that stays, are named", arguments: [1, 2])
    func moves(most: Int) throws {
        var problem = fleet([[2, 2, 2], [2]])
        problem.limits.maxMoves = most
        #expect(Planner.plan(problem).remarks.last == "blade-1 could be emptied with 3 moves allowed instead of \(most)")
        problem.limits.maxMoves = 64
        problem.domains[0].mobility = .fixed(reason: "its owner wants it so")
        #expect(Planner.plan(problem).remarks.last == "blade-1 could be emptied if {d0} might move")
    }
}
