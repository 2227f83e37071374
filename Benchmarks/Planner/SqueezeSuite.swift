import Glibc
import PodpModel
import PodpPlanner
import PodpRules

/// `planner-bench hsqueeze`: nodes that can be switched off, beside what cannot be exceeded, best fit decreasing, and hsqueeze (where it is installed).
///
/// A line for each shape and size: nodes off, summed over the seeds, of podp, of the memory bound, of the bound by all resources and of best fit decreasing
/// (`SqueezeBounds`); how far podp is below either bound and below best fit in the worst cluster; moves; CPU seconds of the slowest plan. hsqueeze is run on the
/// first seed of 14 and 28 nodes. Then what the worst cluster of all comes to. Every plan is checked by `PlanChecker` and replayed by `HtoolsReplay`.
struct SqueezeSuite {
    static let usage = "hsqueeze [--sizes 14,28,56] [--shapes skewed,random,packed,newnode] [--fills 0.3,0.5,0.7] [--seeds N] [--each]"

    private static let widths = [7, 11, 9, 8, 6, 7, 8, 7, 6, 9, 8, 7, 10, 7, 8, 0]

    private var sizes = [14, 28, 56]
    private var shapes: [HtoolsShape] = [.skewed, .random, .packed, .newnode]
    /// Shares of the memory that are in use.
    private var fills = [0.3, 0.5, 0.7]
    private var seeds: UInt64 = 3
    /// A line for each cluster, not for each row.
    private var isEach = false
    private let hasPeer = access("/usr/bin/hsqueeze", X_OK) == 0

    private struct Line {
        var podp = 0
        var memory = 0
        var bound = 0
        var fitted = 0
        var belowMemory = 0
        var belowBound = 0
        var belowFitted = 0
        var peer: Int?
        var moves = 0
        var seconds = 0.0
        var faults: [String] = []

        mutating func add(_ other: Line) {
            podp += other.podp
            memory += other.memory
            bound += other.bound
            fitted += other.fitted
            belowMemory = max(belowMemory, other.belowMemory)
            belowBound = max(belowBound, other.belowBound)
            belowFitted = max(belowFitted, other.belowFitted)
            peer = peer ?? other.peer
            moves += other.moves
            seconds = max(seconds, other.seconds)
            faults += other.faults
        }
    }

    /// `nil`: the arguments are none of its own.
    init?(_ arguments: [String]) {
        var index = 0
        while index < arguments.count {
            let value = index + 1 < arguments.count ? arguments[index + 1] : ""
            switch arguments[index] {
            case "--sizes": sizes = value.split(separator: ",").compactMap { Int($0) }.filter { $0 > 1 }
            case "--shapes": shapes = value.split(separator: ",").compactMap { HtoolsShape(rawValue: String($0)) }
            case "--fills": fills = value.split(separator: ",").compactMap { Double($0) }.filter { $0 > 0 && $0 < 1 }
            case "--seeds":
                guard let number = UInt64(value), number > 0 else { return nil }
                seeds = number
            case "--each":
                isEach = true
                index -= 1
            default: return nil
            }
            index += 2
        }
    }

    func run() throws {
        Self.print([
            "nodes", "instances", "shape", "sizes", "fill", "podp", "memory", "bound", "BFD", "<memory", "<bound", "<BFD", "hsqueeze", "moves", "CPU s",
            "verdict",
        ])
        var all = Line()
        for nodes in sizes {
            for shape in shapes {
                for mixed in [false, true] {
                    for fill in fills {
                        var row = Line()
                        for seed in 1...seeds {
                            let line = try measure(shape, nodes: nodes, mixed: mixed, fill: fill, seed: seed)
                            row.add(line)
                            if isEach { show(line, nodes, shape, mixed, fill) }
                        }
                        if !isEach { show(row, nodes, shape, mixed, fill) }
                        all.add(row)
                    }
                }
            }
        }
        Swift.print(
            "nodes off: podp \(all.podp), memory bound \(all.memory), bound \(all.bound), BFD \(all.fitted); "
                + "at worst \(all.belowMemory) below the memory bound, "
                + "\(all.belowBound) below the bound, \(all.belowFitted) below BFD; at most \(FleetBenchmark.decimal(all.seconds, 3)) CPU s; "
                + (all.faults.isEmpty ? "every plan legal" : "\(all.faults.count) plans NOT legal"))
    }

    /// As many instances a node as the comparison of 23 November 2026 had.
    private static func instances(_ nodes: Int) -> Int { nodes < 56 ? 6 * nodes : nodes * 50 / 7 }

    private func measure(_ shape: HtoolsShape, nodes: Int, mixed: Bool, fill: Double, seed: UInt64) throws -> Line {
        let dump = shape.cluster(nodes: nodes, instances: Self.instances(nodes), mixed: mixed, seed: seed, fill: fill, standby: true)
        let cluster = try HtoolsCluster(dump.data, utilisation: dump.load)
        let start = Program.processorTime()
        let problem = HtoolsProblem(cluster, goal: .consolidate, maxMoves: nil, steps: nil, seed: seed).problem
        let plan = Planner.plan(problem)
        var line = Line()
        line.seconds = Program.processorTime() - start
        line.podp = plan.after.indices.count { plan.after[$0].domains == 0 && problem.blades[$0].mayBeOff }
        line.moves = plan.moves.count
        let bounds = SqueezeBounds(problem)
        line.memory = bounds.byMemory
        line.bound = bounds.byAll
        line.fitted = bounds.bestFit
        line.belowMemory = line.memory - line.podp
        line.belowBound = line.bound - line.podp
        line.belowFitted = line.fitted - line.podp
        if hasPeer, nodes <= 28, seed == 1 { line.peer = Hbal.squeeze(dump, limit: 60) }
        if let fault = Self.fault(plan, problem, cluster, dump.data) { line.faults = [fault] }
        return line
    }

    private func show(_ line: Line, _ nodes: Int, _ shape: HtoolsShape, _ mixed: Bool, _ fill: Double) {
        Self.print([
            "\(nodes)", "\(Self.instances(nodes))", shape.rawValue, mixed ? "uneven" : "even", FleetBenchmark.decimal(fill, 2), "\(line.podp)",
            "\(line.memory)",
            "\(line.bound)", "\(line.fitted)", "\(line.belowMemory)", "\(line.belowBound)", "\(line.belowFitted)", line.peer.map { "\($0)" } ?? "-",
            "\(line.moves)", FleetBenchmark.decimal(line.seconds, 3), line.faults.first ?? "legal",
        ])
        fflush(nil)
    }

    private static func print(_ columns: [String]) { Swift.print(zip(columns, widths).map { FleetBenchmark.column($0, $1) }.joined()) }

    private static func fault(_ plan: Plan, _ problem: Problem, _ cluster: HtoolsCluster, _ dump: String) -> String? {
        if case .failure(let violations) = PlanChecker.check(problem, plan) { return "REFUSED: \(violations.list.first?.sentence ?? "")" }
        let moves = HtoolsProblem.steps(of: plan).map {
            (cluster.instances[$0.step.instance].name, cluster.nodes[$0.step.from].name, cluster.nodes[$0.step.to].name)
        }
        let broken = HtoolsReplay(dump: dump)?.violations(of: moves).first { $0.rule != HtoolsReplay.coverRule }
        return broken.map { "ILLEGAL: \($0.sentence)" }
    }
}
