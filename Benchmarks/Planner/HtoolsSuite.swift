import Glibc
import PodpPlanner

/// podp beside hbal's own way over clusters made from seeds: medians of score, moves and memory, and whether podp was ever worse in one of them.
///
/// The clusters: `ext` template, skewed, 60 % full, either all nodes alike or of four sizes.
enum HtoolsSuite {
    static func run() throws {
        print("nodes  instances  sizes  seeds  score/hbal's  moves/hbal's  memory/hbal's  worse in one  hbal's way CPU s  podp CPU s")
        for (nodes, instances, seeds) in [(14, 84, 20), (28, 200, 20), (50, 500, 20), (100, 1_200, 3)] as [(Int, Int, UInt64)] {
            for mixed in [true, false] {
                var ratios: [(score: Double, moves: Double, memory: Double)] = []
                var worse = 0
                var (peerSeconds, seconds) = (0.0, 0.0)
                for seed in 1...seeds {
                    let dump = cluster(nodes: nodes, instances: instances, mixed: mixed, seed: seed)
                    let cluster = try HtoolsCluster(dump.data, utilisation: dump.load)
                    let start = Program.processorTime()
                    let peer = HtoolsPlanner.steepestDescent(cluster, exhaustive: .max)
                    let middle = Program.processorTime()
                    let answer = HtoolsPlanner.plan(cluster)
                    peerSeconds += middle - start
                    seconds += Program.processorTime() - middle
                    if answer.after.total > peer.after.total + 1e-9 || answer.steps.count > peer.steps.count || answer.memory > peer.memory { worse += 1 }
                    ratios.append(
                        (
                            answer.after.total / max(peer.after.total, 1e-9), Double(answer.steps.count) / Double(max(1, peer.steps.count)),
                            Double(answer.memory) / Double(max(1, peer.memory))
                        ))
                }
                let texts = [median(ratios.map(\.score)), median(ratios.map(\.moves)), median(ratios.map(\.memory))]
                let columns = [
                    ("\(nodes)", 7), ("\(instances)", 11), (mixed ? "mixed" : "alike", 7), ("\(seeds)", 7), (texts[0], 14), (texts[1], 14), (texts[2], 15),
                    ("\(worse)", 14), (FleetBenchmark.decimal(peerSeconds / Double(seeds), 3), 18), (FleetBenchmark.decimal(seconds / Double(seeds), 3), 0),
                ]
                print(columns.map { FleetBenchmark.column($0.0, $0.1) }.joined())
                fflush(nil)
            }
        }
    }

    private static func median(_ values: [Double]) -> String {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return "" }
        return FleetBenchmark.decimal((sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2, 3)
    }

    private static let nodeSizes = [(65_536, 16), (98_304, 24), (131_072, 32), (262_144, 48)]
    /// Memory in MiB, vCPUs, how often of 100.
    private static let instanceSizes = [(512, 1, 20), (1_024, 1, 25), (2_048, 2, 25), (4_096, 2, 15), (8_192, 4, 10), (16_384, 8, 4), (32_768, 8, 1)]

    static func cluster(nodes: Int, instances: Int, mixed: Bool, seed: UInt64) -> (data: String, load: String) {
        var random = Numbers(state: seed)
        func unit() -> Double { Double.random(in: 0..<1, using: &random) }
        let sizes = (0..<nodes).map { _ in mixed ? nodeSizes[Int.random(in: 0..<4, using: &random)] : nodeSizes[2] }
        var free = sizes.map { $0.0 - 2_048 }
        var cpus = sizes.map { $0.1 * 4 }
        let weights = (0..<nodes).map { _ in 0.2 + 1.6 * unit() }
        let picks = (0..<instances).map { _ -> (Int, Int) in
            var draw = Int.random(in: 0..<100, using: &random)
            for size in instanceSizes {
                if draw < size.2 { return (size.0, size.1) }
                draw -= size.2
            }
            return (512, 1)
        }
        let scale = 0.6 * Double(free.reduce(0, +)) / Double(max(1, picks.reduce(0) { $0 + $1.0 }))
        var rows: [String] = []
        var load = ""
        for (index, pick) in picks.enumerated() {
            let memory = max(128, min(Int(Double(pick.0) * scale) / 64 * 64, 61_440))
            // The heavier of a few nodes drawn, else the next one with room.
            var node = (0..<3).map { _ in Int.random(in: 0..<nodes, using: &random) }.max { weights[$0] < weights[$1] } ?? 0
            for _ in 0..<nodes where free[node] <= memory || cpus[node] < pick.1 { node = (node + 1) % nodes }
            guard free[node] > memory, cpus[node] >= pick.1 else { continue }
            free[node] -= memory
            cpus[node] -= pick.1
            rows.append("vm\(index)|\(memory)|0|\(pick.1)|running|Y|node\(node)||ext||1|-|N")
            let share = unit() * unit() * unit()
            load += "vm\(index) \(share * Double(pick.1) / 32) \(Double(memory) / 131_072) \(0.01 + share * 0.02) \(0.01 + share * 0.03)\n"
        }
        let heads = (0..<nodes).map { "node\($0)|\(sizes[$0].0)|2048|\(free[$0])|0|0|\(sizes[$0].1)|N|uuid-0|4||N|0|0|1.0" }
        let policy = "128,1,1024,1,1,1|128,1,0,1,1,1;65536,32,1048576,16,8,12|ext|4.0|64.0"
        return (
            "group0|uuid-0|preferred||\n\n" + heads.joined(separator: "\n") + "\n\n" + rows.joined(separator: "\n") + "\n\n\n|\(policy)\ngroup0|\(policy)\n",
            load
        )
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
