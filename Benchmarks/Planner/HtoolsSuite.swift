import Glibc
import PodpPlanner
import PodpRules

/// `planner-bench hbal`: podp beside hbal over clusters made from seeds, in one run.
///
/// A line for each shape and size: medians of podp's score, moves and memory as shares of hbal's; the score at 65 % (uneven nodes, 50 and more) or 80 % of hbal's
/// moves and how many clusters reach hbal's score with them; clusters in which podp is worse in one of score, moves and memory
/// (in brackets: of them those where hbal loses N+1, which podp never does); seconds by the clock, on two threads. Then the goals, over
/// skewed, random and packed together. hbal's answer is that of its own way in podp; Debian's hbal is run on the first seeds of small clusters to compare.
/// Every plan is replayed by `HtoolsReplay`.
struct HtoolsSuite {
    static let usage = "hbal [LARGEST] [--sizes 14,50] [--shapes skewed,packed] [--seeds N] [--compared N]"

    private struct Line {
        var scores: [Double] = []
        var fewer: [Double] = []
        var memory: [Double] = []
        var moves: [Double] = []
        var peer: [Double] = []
        var seconds: [Double] = []
        var worse = 0
        /// Of those, where hbal's own way leaves a node uncovered that was not.
        var exposed = 0
        var illegal = 0
        var differs = 0
        var compared = 0

        mutating func add(_ other: Line) {
            scores += other.scores
            fewer += other.fewer
            memory += other.memory
            moves += other.moves
            peer += other.peer
            seconds += other.seconds
            worse += other.worse
            exposed += other.exposed
            illegal += other.illegal
            differs += other.differs
            compared += other.compared
        }
    }

    /// Nodes, instances, seeds, and the seconds that a plan may take.
    private static let sizes: [(nodes: Int, instances: Int, seeds: UInt64, seconds: Double?)] = [
        (14, 84, 20, 0.01), (28, 200, 20, nil), (50, 500, 20, 0.2), (100, 1_200, 5, nil), (200, 3_000, 2, 2), (500, 8_000, 1, nil), (1_000, 20_000, 1, 10),
    ]
    private static let columns = [7, 11, 8, 10, 7, 8, 8, 10, 10, 8, 8, 7, 9, 14, 12, 12, 9, 0]

    private var chosen: [Int]?
    private var largest = 200
    private var shapes = HtoolsShape.allCases
    private var seeds: UInt64?
    /// The share of the memory that is in use.
    private var fill = 0.6
    /// Clusters of each row, of 14 nodes, that Debian's hbal is run on.
    private var compared: UInt64 = 3
    private let hasHbal = access("/usr/bin/hbal", X_OK) == 0

    /// `nil`: the arguments are none of its own.
    init?(_ arguments: [String]) {
        var index = 0
        while index < arguments.count {
            let value = index + 1 < arguments.count ? arguments[index + 1] : ""
            switch arguments[index] {
            case "--sizes": chosen = value.split(separator: ",").compactMap { Int($0) }
            case "--shapes": shapes = value.split(separator: ",").compactMap { HtoolsShape(rawValue: String($0)) }
            case "--seeds":
                guard let number = UInt64(value), number > 0 else { return nil }
                seeds = number
            case "--fill":
                guard let share = Double(value), (0.05...0.95).contains(share) else { return nil }
                fill = share
            case "--compared":
                guard let number = UInt64(value) else { return nil }
                compared = number
            default:
                guard let number = Int(arguments[index]) else { return nil }
                largest = number
                index -= 1
            }
            index += 2
        }
    }

    func run() throws {
        print(hasHbal && compared > 0 ? "Debian's hbal is run on the first \(compared) seeds of 14 nodes" : "Debian's hbal is not run")
        let heads = [
            "nodes", "instances", "sizes", "shape", "seeds", "score", "worst", "at fewer", "reached", "moves", "memory", "worse", "illegal", "hbal differs",
            "hbal's way s", "podp s", "slowest", "peak MiB",
        ]
        print(zip(heads, Self.columns).map { FleetBenchmark.column($0.0, $0.1) }.joined())
        for size in Self.sizes where chosen?.contains(size.nodes) ?? (size.nodes <= largest) {
            for mixed in [true, false] {
                var pool = Line()
                for shape in shapes where size.nodes <= 200 || shape == .skewed || shapes.count == 1 {
                    var line = Line()
                    for seed in 1...(seeds ?? size.seeds) {
                        try add(shape.cluster(nodes: size.nodes, instances: size.instances, mixed: mixed, seed: seed, fill: fill), mixed, seed, to: &line)
                    }
                    show(line, size.nodes, size.instances, mixed, shape)
                    if [.skewed, .random, .packed].contains(shape) { pool.add(line) }
                }
                goals(pool, size.nodes, size.seconds, mixed)
            }
        }
    }

    private static let sideBySide = Program.sideBySide(threads: 2)

    private static func percent(_ mixed: Bool, _ nodes: Int) -> Int { mixed && nodes >= 50 ? 65 : 80 }

    private func add(_ dump: (data: String, load: String), _ mixed: Bool, _ seed: UInt64, to line: inout Line) throws {
        let cluster = try HtoolsCluster(dump.data, utilisation: dump.load)
        let usual = HtoolsPlanner.Limits()
        let start = Program.clock()
        let session = HtoolsSession(cluster, Self.sideBySide)
        let middle = Program.clock()
        let answer = session.best(of: session.usualSeeds, seed: usual.seed, steps: session.usualSteps, Self.sideBySide)
        let end = Program.clock()
        let peer = session.way
        line.peer.append(middle - start)
        line.seconds.append(end - start)
        if hasHbal, seed <= compared, cluster.nodes.count <= 14, let other = Hbal.balance(dump) {
            line.compared += 1
            if abs(other.score - peer.after.total) > 1e-6 || other.moves != peer.steps.count { line.differs += 1 }
        }
        guard !peer.steps.isEmpty, peer.after.total > 1e-9 else { return }
        if answer.after.total > peer.after.total + 1e-9 || answer.steps.count > peer.steps.count || answer.memory > peer.memory {
            line.worse += 1
            if session.plain.steps != peer.steps { line.exposed += 1 }
        }
        line.scores.append(answer.after.total / peer.after.total)
        line.moves.append(Double(answer.steps.count) / Double(peer.steps.count))
        line.memory.append(peer.memory > 0 ? Double(answer.memory) / Double(peer.memory) : 1)
        let fewer = session.limited(to: peer.steps.count * Self.percent(mixed, cluster.nodes.count) / 100)
        line.fewer.append(fewer.best(of: session.usualSeeds, seed: usual.seed, steps: session.usualSteps, Self.sideBySide).after.total / peer.after.total)
        let moves = answer.steps.map { (cluster.instances[$0.instance].name, cluster.nodes[$0.from].name, cluster.nodes[$0.to].name) }
        line.illegal += HtoolsReplay(dump: dump.data)?.violations(of: moves).count ?? 1
    }

    private func show(_ line: Line, _ nodes: Int, _ instances: Int, _ mixed: Bool, _ shape: HtoolsShape) {
        let values = [
            "\(nodes)", "\(instances)", mixed ? "uneven" : "even", shape.rawValue, "\(line.seconds.count)", Self.decimal(Self.median(line.scores)),
            Self.decimal(line.scores.max()), Self.decimal(Self.median(line.fewer)), Self.reached(line), Self.decimal(Self.median(line.moves)),
            Self.decimal(Self.median(line.memory)), line.exposed > 0 ? "\(line.worse) (\(line.exposed))" : "\(line.worse)", "\(line.illegal)",
            line.compared > 0 ? "\(line.differs) of \(line.compared)" : "-",
            Self.decimal(Self.median(line.peer), 4), Self.decimal(Self.median(line.seconds), 4), Self.decimal(line.seconds.max(), 4),
            "\(Program.peakMemory())",
        ]
        print(zip(values, Self.columns).map { FleetBenchmark.column($0.0, $0.1) }.joined())
        fflush(nil)
    }

    private func goals(_ pool: Line, _ nodes: Int, _ seconds: Double?, _ mixed: Bool) {
        guard let score = Self.median(pool.scores), let fewer = Self.median(pool.fewer), let time = Self.median(pool.seconds) else { return }
        let limit = mixed ? 0.9 : 0.75
        func verdict(_ isReached: Bool) -> String { isReached ? "reached" : "not reached" }
        print("  goals, \(nodes) \(mixed ? "uneven" : "even") nodes, \(pool.scores.count) clusters:")
        print("    score \(Self.decimal(score)) (\(limit)): \(verdict(score <= limit))")
        print(
            "    score \(Self.decimal(fewer)) with \(Self.percent(mixed, nodes)) % of hbal's moves (1), in \(Self.reached(pool)) clusters:",
            verdict(fewer <= 1))
        if let seconds {
            print("    on two threads \(Self.decimal(time, 4)) s, at most \(Self.decimal(pool.seconds.max(), 4)) (\(seconds)): \(verdict(time <= seconds))")
        }
        print(
            "    worse \(pool.worse) (0), \(pool.exposed) of them where hbal loses N+1; illegal \(pool.illegal) (0):",
            verdict(pool.worse == 0 && pool.illegal == 0))
        if nodes == 1_000 { print("    peak memory \(Program.peakMemory()) MiB (200): \(verdict(Program.peakMemory() <= 200))") }
        fflush(nil)
    }

    private static func reached(_ line: Line) -> String { "\(line.fewer.count { $0 <= 1 + 1e-9 })/\(line.fewer.count)" }

    private static func median(_ values: [Double]) -> Double? {
        let sorted = values.sorted()
        return sorted.isEmpty ? nil : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }

    private static func decimal(_ value: Double?, _ places: Int = 3) -> String { value.map { FleetBenchmark.decimal($0, places) } ?? "-" }
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
