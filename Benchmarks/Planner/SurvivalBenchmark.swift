import Glibc
import PodpModel
import PodpRules

/// `planner-bench survival`: what a question about N+1 costs where every domain has a disk of its own, as operators' starts, moves and offs ask it.
enum SurvivalBenchmark {
    static func run() {
        print("blades  domains  as it stands s  one move s  one off s")
        for (blades, domains) in [(14, 84), (100, 3_000), (250, 10_000), (1_000, 40_000)] {
            var problem = Fleet.skewed(blades: blades, domains: domains, fill: 55, seed: 1)
            // Half of the fleet reaches what the other does not.
            for index in problem.blades.indices { problem.blades[index].sharedStorage = ["/dev/half-\(index % 2)/"] }
            for index in problem.domains.indices {
                problem.domains[index].blade = index % blades
                problem.domains[index].storage = ["/dev/half-\(index % blades % 2)/disk-\(index)"]
            }
            problem.rules.append(Rule(name: "N+1", kind: .survive(.blade)))
            let blade = problem.blades[blades - 1].id
            let figures = [
                seconds { RuleMeter.readings(of: problem).last?.units ?? 0 },
                seconds { SurvivalPremise(problem).losses(moving: problem.domains[0].id, to: blade).count },
                seconds { SurvivalPremise.losses(switchingOff: blade, in: problem).count },
            ]
            print(
                FleetBenchmark.column("\(blades)", 8) + FleetBenchmark.column("\(domains)", 9) + FleetBenchmark.column(figures[0], 16)
                    + FleetBenchmark.column(figures[1], 12) + figures[2])
            fflush(nil)
        }
    }

    /// The least of three, with what was answered where it is not that all is well.
    private static func seconds(_ question: () -> Int) -> String {
        var (least, answer) = (Double.infinity, 0)
        for _ in 0..<3 {
            let start = Program.processorTime()
            answer = question()
            least = min(least, Program.processorTime() - start)
        }
        return FleetBenchmark.decimal(least, 4) + (answer == 0 ? "" : " (\(answer) lost)")
    }
}
