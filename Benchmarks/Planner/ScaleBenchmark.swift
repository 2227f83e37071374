import Glibc
import PodpModel
import PodpPlanner
import PodpRules

/// `planner-bench scale`: 10,000 blades and 100,000 domains in groups of 500 blades, each with storage of its own: a whole plan, then the plan after a blade died
/// (its domains are to be placed again; nothing else moves).
enum ScaleBenchmark {
    static func run(blades: Int, domains: Int) {
        var problem = Fleet.skewed(blades: blades, domains: domains, fill: 55, seed: 1)
        split(&problem, groups: max(1, blades / 500))
        problem.limits.steps = 40_000_000
        problem.limits.maxMoves = domains
        problem.limits.movesPerBlade = 2
        problem.limits.movesPerUplink = 16
        var start = Program.processorTime()
        let plan = Planner.plan(problem)
        report("balance", plan, problem, Program.processorTime() - start)
        for move in plan.moves {
            if let domain = problem.domains.firstIndex(where: { $0.id == move.domain }), let blade = problem.blades.firstIndex(where: { $0.id == move.to }) {
                problem.domains[domain].blade = blade
            }
        }
        problem.goal = .evacuate(problem.blades[blades / 2].id)
        problem.limits.steps = 400_000
        start = Program.processorTime()
        let again = Planner.plan(problem)
        report("one blade lost", again, problem, Program.processorTime() - start)
        print("peak memory \(Program.peakMemory()) MiB")
    }

    /// Each group's domains reach their disks on their group's blades alone.
    private static func split(_ problem: inout Problem, groups: Int) {
        let size = (problem.blades.count + groups - 1) / groups
        for index in problem.blades.indices { problem.blades[index].sharedStorage = ["/dev/group-\(index / size)/"] }
        for index in problem.domains.indices {
            problem.domains[index].storage = ["/dev/group-\(problem.domains[index].blade / size)/disk-\(index)"]
        }
    }

    private static func report(_ name: String, _ plan: Plan, _ problem: Problem, _ seconds: Double) {
        let start = Program.processorTime()
        let verdict: String
        switch PlanChecker.check(problem, plan) {
        case .success(let certificate): verdict = "\(certificate.states) states checked"
        case .failure(let violations): verdict = "REFUSED: \(violations.list.first?.sentence ?? "")"
        }
        print(
            "\(problem.blades.count) x \(problem.domains.count)  \(name): \(plan.moves.count) moves in \(plan.waves.count) waves, "
                + "cost \(FleetBenchmark.decimal(plan.costBefore, 3)) -> \(FleetBenchmark.decimal(plan.costAfter, 3)), "
                + "CPU \(FleetBenchmark.decimal(seconds, 3)) s; \(verdict) in \(FleetBenchmark.decimal(Program.processorTime() - start, 3)) s")
        for remark in plan.remarks.prefix(4) { print("    \(remark.prefix(200))") }
        fflush(nil)
    }
}
