import Glibc
import PodpModel
import PodpPlanner
import PodpRules

/// `planner-bench fleets`: how long a plan takes and what it comes to, by size and goal. `planner-bench hbal`: hbal's score beside hbal's own way, over
/// clusters made from seeds. `planner-bench htools FILE`: the same on one dump.
///
/// The problems are made from a seed, so that every machine plans the same ones; every plan is checked by `PlanChecker`.
@main
enum Program {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case nil, "fleets": FleetBenchmark.run(seeds: 3)
        case "hbal":
            do { try HtoolsSuite.run() } catch { print("\(error)") }
        case "htools": exit(HtoolsBenchmark.run(Array(arguments.dropFirst())))
        default:
            print("usage: planner-bench fleets | hbal | htools FILE.data [FILE.util]")
            exit(64)
        }
    }

    /// Seconds of CPU time that this process has used.
    static func processorTime() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }

    /// The largest resident size that this process has had, in MiB.
    static func peakMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss / 1024
    }
}
