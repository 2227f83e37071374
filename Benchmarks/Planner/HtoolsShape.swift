/// Clusters in htools' text format, from a seed: the shapes of the comparison with hbal.
enum HtoolsShape: String, CaseIterable {
    /// Every node is drawn by a weight of its own, so some are crowded.
    case skewed
    /// A node at random that has room.
    case random
    /// First fit on as few nodes as possible.
    case packed
    /// At random, and the last tenth of the nodes is empty.
    case newnode
    /// At random, and the first node is offline and full.
    case drained

    private static let nodeSizes = [(65_536, 16), (98_304, 24), (131_072, 32), (262_144, 48)]
    /// Memory in MiB, vCPUs, how often of 100.
    private static let instanceSizes = [(512, 1, 20), (1_024, 1, 25), (2_048, 2, 25), (4_096, 2, 15), (8_192, 4, 10), (16_384, 8, 4), (32_768, 8, 1)]

    /// - Parameters:
    ///   - mixed: nodes of four sizes; else all alike.
    ///   - fill: the share of the memory that is in use.
    func cluster(nodes: Int, instances: Int, mixed: Bool, seed: UInt64, fill: Double = 0.6, standby: Bool = false) -> (data: String, load: String) {
        var random = Numbers(state: seed)
        func unit() -> Double { Double.random(in: 0..<1, using: &random) }
        let sizes = (0..<nodes).map { _ in mixed ? Self.nodeSizes[Int.random(in: 0..<4, using: &random)] : Self.nodeSizes[2] }
        let used = self == .newnode ? nodes - max(1, nodes / 10) : nodes
        var free = sizes.map { $0.0 - 2_048 }
        var cpus = sizes.map { $0.1 * 4 }
        let weights = (0..<nodes).map { _ in 0.2 + 1.6 * unit() }
        let picks = (0..<instances).map { _ -> (Int, Int) in
            var draw = Int.random(in: 0..<100, using: &random)
            for size in Self.instanceSizes {
                if draw < size.2 { return (size.0, size.1) }
                draw -= size.2
            }
            return (512, 1)
        }
        let scale = fill * Double(free[..<used].reduce(0, +)) / Double(max(1, picks.reduce(0) { $0 + $1.0 }))
        var rows: [String] = []
        var load = ""
        for (index, pick) in picks.enumerated() {
            let memory = max(128, min(Int(Double(pick.0) * scale) / 64 * 64, 61_440))
            var node = 0
            switch self {
            // The heaviest of a few nodes drawn, else the next one with room.
            case .skewed: node = (0..<3).map { _ in Int.random(in: 0..<used, using: &random) }.max { weights[$0] < weights[$1] } ?? 0
            case .packed: node = 0
            default: node = Int.random(in: 0..<used, using: &random)
            }
            for _ in 0..<used where free[node] <= memory || cpus[node] <= pick.1 { node = (node + 1) % used }
            guard free[node] > memory, cpus[node] > pick.1 else { continue }
            free[node] -= memory
            cpus[node] -= pick.1
            rows.append("vm\(index)|\(memory)|0|\(pick.1)|running|Y|node\(node)||ext||1|-|N")
            let share = unit() * unit() * unit()
            load += "vm\(index) \(share * Double(pick.1) / 32) \(Double(memory) / 131_072) \(0.01 + share * 0.02) \(0.01 + share * 0.03)\n"
        }
        let heads = (0..<nodes).map { node in
            let flag = node == 1 ? "M" : self == .drained && node == 0 ? "Y" : "N"
            let tags = standby && flag == "N" ? "htools:standby:auto" : ""
            return "node\(node)|\(sizes[node].0)|2048|\(free[node])|0|0|\(sizes[node].1)|\(flag)|uuid-0|4|\(tags)|N|0|0|1.0"
        }
        let policy = "128,1,1024,1,1,1|128,1,0,1,1,1;65536,32,1048576,16,8,12|ext|4.0|64.0"
        return (
            "group0|uuid-0|preferred||\n\n" + heads.joined(separator: "\n") + "\n\n" + rows.joined(separator: "\n") + "\n\n\n|\(policy)\ngroup0|\(policy)\n",
            load
        )
    }
}
