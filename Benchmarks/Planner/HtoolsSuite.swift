import Glibc
import PodpPlanner
import PodpRules

/// `planner-bench hbal`: podp beside hbal over clusters made from seeds, in one run.
///
/// A line for each shape and size: medians of podp's score, moves and memory as shares of hbal's, the score at 65 % (uneven nodes, 50 and more) or 80 % of hbal's
/// moves, whether podp was ever worse in one of score, moves and memory, and what both took. hbal itself is run where it is installed and the cluster is small;
/// its answer is compared with that of its own way in podp, which stands in for it in larger ones. Every plan is replayed by `HtoolsReplay`.
enum HtoolsSuite {
    private struct Line {
        var scores: [Double] = []
        var fewer: [Double] = []
        var moves: [Double] = []
        var memory: [Double] = []
        var worse = 0
        var illegal = 0
        var differs = 0
        var peerSeconds = 0.0
        var seconds = 0.0
        var slowest = 0.0
    }

    /// - Parameter largest: nodes of the largest cluster.
    static func run(largest: Int) throws {
        let hasHbal = access("/usr/bin/hbal", X_OK) == 0
        print("hbal itself is \(hasHbal ? "run up to 28 nodes" : "not installed")")
        print("nodes  instances  sizes   shape     seeds  score   at fewer  moves   memory  worse  illegal  hbal differs  hbal's CPU s  podp CPU s  slowest")
        let sizes: [(Int, Int, UInt64)] = [(14, 84, 20), (28, 200, 20), (50, 500, 20), (100, 1_200, 3), (200, 3_000, 2), (500, 8_000, 1), (1_000, 20_000, 1)]
        for (nodes, instances, seeds) in sizes where nodes <= largest {
            for mixed in [true, false] {
                for shape in HtoolsShape.allCases where nodes <= 200 || shape == .skewed {
                    var line = Line()
                    for seed in 1...seeds { try add(shape.cluster(nodes: nodes, instances: instances, mixed: mixed, seed: seed), mixed, hasHbal, to: &line) }
                    show(line, nodes, instances, mixed, shape, seeds)
                }
            }
        }
        print("peak memory \(Program.peakMemory()) MiB")
    }

    private static func add(_ dump: (data: String, load: String), _ mixed: Bool, _ hasHbal: Bool, to line: inout Line) throws {
        let cluster = try HtoolsCluster(dump.data, utilisation: dump.load)
        var start = Program.processorTime()
        let peer = HtoolsPlanner.steepestDescent(cluster)
        line.peerSeconds += Program.processorTime() - start
        if hasHbal, cluster.nodes.count <= 28, let other = Hbal.balance(dump) {
            if abs(other.score - peer.after.total) > 1e-6 || other.moves != peer.steps.count { line.differs += 1 }
        }
        start = Program.processorTime()
        let answer = HtoolsPlanner.plan(cluster)
        let seconds = Program.processorTime() - start
        line.seconds += seconds
        line.slowest = max(line.slowest, seconds)
        guard !peer.steps.isEmpty, peer.after.total > 1e-9 else { return }
        if answer.after.total > peer.after.total + 1e-9 || answer.steps.count > peer.steps.count || answer.memory > peer.memory { line.worse += 1 }
        line.scores.append(answer.after.total / peer.after.total)
        line.moves.append(Double(answer.steps.count) / Double(peer.steps.count))
        line.memory.append(peer.memory > 0 ? Double(answer.memory) / Double(peer.memory) : 1)
        var limits = HtoolsPlanner.Limits()
        limits.maxMoves = peer.steps.count * (mixed && cluster.nodes.count >= 50 ? 65 : 80) / 100
        line.fewer.append(HtoolsPlanner.plan(cluster, limits: limits).after.total / peer.after.total)
        let moves = answer.steps.map { (cluster.instances[$0.instance].name, cluster.nodes[$0.from].name, cluster.nodes[$0.to].name) }
        line.illegal += HtoolsReplay(dump: dump.data)?.violations(of: moves).count ?? 1
    }

    private static func show(_ line: Line, _ nodes: Int, _ instances: Int, _ mixed: Bool, _ shape: HtoolsShape, _ seeds: UInt64) {
        let columns = [
            ("\(nodes)", 7), ("\(instances)", 11), (mixed ? "uneven" : "even", 8), (shape.rawValue, 10), ("\(seeds)", 7), (median(line.scores), 8),
            (median(line.fewer), 10), (median(line.moves), 8), (median(line.memory), 8), ("\(line.worse)", 7), ("\(line.illegal)", 9), ("\(line.differs)", 14),
            (FleetBenchmark.decimal(line.peerSeconds / Double(seeds), 4), 14), (FleetBenchmark.decimal(line.seconds / Double(seeds), 4), 12),
            (FleetBenchmark.decimal(line.slowest, 4), 0),
        ]
        print(columns.map { FleetBenchmark.column($0.0, $0.1) }.joined())
        fflush(nil)
    }

    private static func median(_ values: [Double]) -> String {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return "-" }
        return FleetBenchmark.decimal((sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2, 3)
    }
}

/// Debian's `hbal` and `hsqueeze`, run on files in a folder of their own.
enum Hbal {
    static func balance(_ dump: (data: String, load: String)) -> (score: Double, moves: Int)? {
        guard let output = run("hbal", dump, limit: 120) else { return nil }
        var score: Double?
        var moves = 0
        for line in output.split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.contains("Cluster score improved from"), let last = words.last { score = Double(last) }
            if let length = line.firstRange(of: "Solution length=") { moves = Int(line[length.upperBound...]) ?? moves }
            if line.contains("No solution found"), score == nil { score = words.last.flatMap { Double($0) } }
        }
        return score.map { ($0, moves) }
    }

    /// Nodes that hsqueeze would switch off; `nil` when it gives no answer in time.
    static func squeeze(_ dump: (data: String, load: String), limit: Int) -> Int? {
        guard let output = run("hsqueeze", dump, limit: limit) else { return nil }
        // A heading, then a node a line; nothing where none can be switched off.
        let lines = output.split(separator: "\n")
        guard let heading = lines.firstIndex(where: { $0.contains("Nodes to offline") }) else { return lines.isEmpty || output.contains("No ") ? 0 : nil }
        return lines[(heading + 1)...].prefix { !$0.contains(" ") && !$0.contains("'") }.count
    }

    static func run(_ program: String, _ dump: (data: String, load: String), limit: Int) -> String? {
        let base = "/tmp/podp-planner-bench-\(getpid())"
        defer {
            unlink(base + ".data")
            unlink(base + ".util")
        }
        guard write(dump.data, base + ".data"), write(dump.load, base + ".util") else { return nil }
        let load = program == "hbal" ? "-U \(base).util" : ""
        guard let pipe = popen("timeout \(limit) \(program) -t \(base).data \(load) 2>/dev/null", "r") else { return nil }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            guard count > 0 else { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return pclose(pipe) == 0 ? String(decoding: bytes, as: UTF8.self) : nil
    }

    private static func write(_ text: String, _ path: String) -> Bool {
        guard let file = fopen(path, "w") else { return false }
        defer { fclose(file) }
        return fputs(text, file) >= 0
    }
}

/// SplitMix64.
struct Numbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
