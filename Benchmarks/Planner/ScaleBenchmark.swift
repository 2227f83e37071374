import Glibc
import PodpModel
import PodpPlanner
import PodpRules

/// `planner-bench scale`: 10,000 blades and 100,000 domains in groups of 500 blades, each with storage of its own: a whole plan, then the plan after a blade died
/// (its domains are to be placed again; nothing else moves). A third of the blades carries most of the load: first some of every group, then whole groups, whose
/// memory is full, and no group helps another.
enum ScaleBenchmark {
    private enum Hot: String { case blades = "hot blades in every group", groups = "whole groups hot and full" }

    static func run(blades: Int, domains: Int) {
        run(.blades, blades: blades, domains: domains)
        run(.groups, blades: blades, domains: domains)
        print("peak memory \(Program.peakMemory()) MiB")
    }

    private static func run(_ hot: Hot, blades: Int, domains: Int) {
        print("\(hot.rawValue):")
        var problem = Fleet.skewed(blades: blades, domains: domains, fill: 55, seed: 1)
        split(&problem, hot: hot)
        problem.limits.steps = 40_000_000
        problem.limits.maxMoves = domains
        problem.limits.movesPerBlade = 2
        problem.limits.movesPerUplink = 16
        var start = Program.processorTime()
        let plan = Planner.plan(problem)
        report("balance", plan, problem, Program.processorTime() - start)
        let blade = Dictionary(uniqueKeysWithValues: problem.blades.enumerated().map { ($1.id, $0) })
        let domain = Dictionary(uniqueKeysWithValues: problem.domains.enumerated().map { ($1.id, $0) })
        for move in plan.moves { if let domain = domain[move.domain], let blade = blade[move.to] { problem.domains[domain].blade = blade } }
        problem.goal = .evacuate(problem.blades[blades / 2].id)
        problem.limits.steps = 400_000
        start = Program.processorTime()
        let again = Planner.plan(problem)
        report("one blade lost", again, problem, Program.processorTime() - start)
    }

    /// Each group's domains reach their disks on their group's blades alone.
    private static func split(_ problem: inout Problem, hot: Hot) {
        let groups = max(1, problem.blades.count / 500)
        let size = (problem.blades.count + groups - 1) / groups
        func group(_ blade: Int) -> Int { hot == .blades ? blade / 14 % groups : blade / size }
        for index in problem.blades.indices { problem.blades[index].sharedStorage = ["/dev/group-\(group(index))/"] }
        for index in problem.domains.indices { problem.domains[index].storage = ["/dev/group-\(group(problem.domains[index].blade))/disk-\(index)"] }
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
