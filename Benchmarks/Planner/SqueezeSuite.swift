import Glibc
import PodpModel
import PodpPlanner
import PodpRules

/// `planner-bench hsqueeze`: blades that can be switched off, beside hsqueeze (where it is installed, ten seconds of patience) and the memory bound: the fewest
/// nodes whose memory is as much as all instances use. Every plan is checked by `PlanChecker` and replayed by `HtoolsReplay`.
enum SqueezeSuite {
    static func run() throws {
        let hasPeer = access("/usr/bin/hsqueeze", X_OK) == 0
        print("nodes  instances  sizes   fill  seed  bound  podp  hsqueeze  moves  CPU s    verdict")
        for (nodes, instances) in [(14, 84), (28, 168), (56, 400)] {
            for mixed in [false, true] {
                for fill in [0.3, 0.5, 0.7] {
                    for seed in 1...3 as ClosedRange<UInt64> {
                        let dump = HtoolsShape.random.cluster(nodes: nodes, instances: instances, mixed: mixed, seed: seed, fill: fill, standby: true)
                        let cluster = try HtoolsCluster(dump.data, utilisation: dump.load)
                        let start = Program.processorTime()
                        let problem = HtoolsProblem(cluster, goal: .consolidate, maxMoves: nil, steps: nil, seed: seed).problem
                        let plan = Planner.plan(problem)
                        let seconds = Program.processorTime() - start
                        let off = plan.after.indices.count { plan.after[$0].domains == 0 && cluster.nodes[$0].tags.contains("htools:standby:auto") }
                        let peer = hasPeer && nodes <= 28 && seed == 1 ? Hbal.squeeze(dump, limit: 60) : nil
                        let columns = [
                            ("\(nodes)", 7), ("\(instances)", 11), (mixed ? "uneven" : "even", 8), (FleetBenchmark.decimal(fill, 1), 6), ("\(seed)", 6),
                            ("\(bound(cluster))", 7), ("\(off)", 6), (peer.map { "\($0)" } ?? "-", 10), ("\(plan.moves.count)", 7),
                            (FleetBenchmark.decimal(seconds, 3), 9), (verdict(plan, problem, cluster, dump.data), 0),
                        ]
                        print(columns.map { FleetBenchmark.column($0.0, $0.1) }.joined())
                        fflush(nil)
                    }
                }
            }
        }
    }

    private static func bound(_ cluster: HtoolsCluster) -> Int {
        var left = cluster.instances.reduce(0) { $0 + $1.memory }
        var on = 0
        for size in cluster.nodes.map({ $0.totalMemory - $0.dom0Memory }).sorted(by: >) where left > 0 {
            left -= size
            on += 1
        }
        return cluster.nodes.count - on
    }

    private static func verdict(_ plan: Plan, _ problem: Problem, _ cluster: HtoolsCluster, _ dump: String) -> String {
        if case .failure(let violations) = PlanChecker.check(problem, plan) { return "REFUSED: \(violations.list.first?.sentence ?? "")" }
        let moves = HtoolsProblem.steps(of: plan).map {
            (cluster.instances[$0.step.instance].name, cluster.nodes[$0.step.from].name, cluster.nodes[$0.step.to].name)
        }
        let broken = HtoolsReplay(dump: dump)?.violations(of: moves).first { $0.rule != HtoolsReplay.coverRule }
        return broken.map { "ILLEGAL: \($0.sentence)" } ?? "legal"
    }
}
