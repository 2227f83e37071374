import Dispatch
import Glibc
import PodpModel
import PodpPlanner
import PodpRules

/// `planner-bench fleets`: how long a plan takes and what it comes to, by size and goal; `scale`: the largest of them; `survival`: questions about N+1. `hbal [LARGEST]` and `hsqueeze`: podp
/// beside Ganeti's tools, over clusters made from seeds up to so many nodes (200). `htools FILE`: hbal's score beside hbal's own way, on one dump.
/// `roadef`: machine reassignment, ROADEF 2012, and `roadef-table` beside its winner. `planetlab`: power-aware consolidation on traces; `stream`: the same over
/// standard input and output.
/// `topology`: requests for virtual machines, one after the other, on Huawei Cloud's data set.
///
/// The problems are made from a seed, so that every machine plans the same ones; every plan is checked by `PlanChecker`.
@main
enum Program {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case nil, "fleets": FleetBenchmark.run(seeds: 3)
        case "hbal":
            guard let suite = HtoolsSuite(Array(arguments.dropFirst())) else {
                print("usage: planner-bench \(HtoolsSuite.usage)")
                exit(64)
            }
            do { try suite.run() } catch { print("\(error)") }
        case "hsqueeze":
            guard let suite = SqueezeSuite(Array(arguments.dropFirst())) else {
                print("usage: planner-bench \(SqueezeSuite.usage)")
                exit(64)
            }
            do { try suite.run() } catch { print("\(error)") }
        case "scale": ScaleBenchmark.run(blades: 10_000, domains: 100_000)
        case "survival": SurvivalBenchmark.run()
        case "roadef": exit(RoadefBenchmark.run(Array(arguments.dropFirst())))
        case "roadef-table": exit(RoadefTable.run(Array(arguments.dropFirst())))
        case "stream": exit(StreamBenchmark.run())
        case "planetlab": exit(PlanetLabBenchmark.run(Array(arguments.dropFirst())))
        case "topology": exit(TopologyBenchmark.run(Array(arguments.dropFirst())))
        case "htools": exit(HtoolsBenchmark.run(Array(arguments.dropFirst())))
        default:
            print("usage: planner-bench fleets | scale | survival | hbal [LARGEST] | hsqueeze [--seeds N] | htools FILE.data [FILE.util]")
            print("       planner-bench stream | planetlab DAY... | topology [FILE]")
            print("       \(RoadefBenchmark.usage)")
            print("       \(RoadefTable.usage)")
            exit(64)
        }
    }

    /// Seconds of CPU time that this process has used.
    static func processorTime() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
    }

    static func sideBySide(threads: Int) -> SideBySide { SideBySide(threads: threads) { DispatchQueue.concurrentPerform(iterations: $0, execute: $1) } }

    /// Seconds on a clock that only goes on.
    static func clock() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// The largest resident size that this process has had, in MiB.
    static func peakMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss / 1024
    }
}
