import PodpModel
import PodpRules
import Testing

@Suite("Rollback: the inverse of a plan, checked like any other")
struct RollbackTests {
    /// The fleet after the moves.
    private func after(_ moves: [Move], _ problem: Problem) -> Problem {
        var later = problem
        for move in moves {
            for index in later.domains.indices where later.domains[index].id == move.domain {
                later.domains[index].blade = later.blades.firstIndex { $0.id == move.to } ?? later.domains[index].blade
            }
        }
        later.revision += 1
        return later
    }

    @Test("What was done is undone in reverse order, legally, and ends where it began")
    func inverse() throws {
        let problem = fleet()
        let moves = [move(0, 0, 2, in: problem), move(1, 0, 1, in: problem)]
        let present = after(moves, problem)
        let back = Rollback.plan(undoing: plan(moves, for: problem), called: "abc", done: [0, 1], on: present)
        #expect(back.moves.map(\.domainName) == ["db-1", "web-1"])
        #expect(back.moves.map(\.toName) == ["blade-0", "blade-0"])
        #expect(back.waves == [[0], [1]])
        #expect(back.remarks.isEmpty)
        _ = try PlanChecker.check(present, back).get()
        #expect(after(back.moves, present).domains == problem.domains)
    }

    @Test("A domain that stepped aside and went on comes back the same way")
    func twice() throws {
        let problem = fleet()
        let moves = [move(0, 0, 2, in: problem), move(0, 2, 1, in: problem)]
        let back = Rollback.plan(undoing: plan(moves, for: problem), called: "abc", done: [0, 1], on: after(moves, problem))
        #expect(back.moves.map(\.toName) == ["blade-2", "blade-0"])
        _ = try PlanChecker.check(after(moves, problem), back).get()
    }

    @Test("What was not done is left out, and so is what has gone elsewhere since, with a remark; room that was taken is found by the checker")
    func partial() {
        let problem = fleet()
        let moves = [move(0, 0, 2, in: problem), move(1, 0, 1, in: problem)]
        var present = after([moves[0]], problem)
        #expect(Rollback.plan(undoing: plan(moves, for: problem), called: "abc", done: [0], on: present).moves.map(\.domainName) == ["web-1"])
        var full = after(moves, problem)
        full.blades[0].reserved[1] = 23 * gibibyte
        let back = Rollback.plan(undoing: plan(moves, for: problem), called: "abc", done: [0, 1], on: full)
        if case .success = PlanChecker.check(full, back) { Issue.record("there is no room for the way back") }
        present.domains[0].blade = 1
        let gone = Rollback.plan(undoing: plan(moves, for: problem), called: "abc", done: [0], on: present)
        #expect(gone.moves.isEmpty)
        #expect(gone.remarks == ["web-1 runs on blade-1 by now: move 1 is not undone"])
    }
}
