/// hbal's own score of a cluster: src/Ganeti/HTools/Cluster/Metrics.hs of Ganeti 3.0.
public struct HtoolsScore: Hashable, Sendable {
    /// In the order of `names`.
    public var values: [Double]
    public var total: Double { zip(Self.weights, values).reduce(0) { $0 + $1.0 * $1.1 } }

    public static let names = [
        "free_mem_cv", "free_disk_cv", "n1_cnt", "reserved_mem_cv", "offline_all_cnt", "offline_pri_cnt", "vcpu_ratio_cv", "cpu_load_cv", "mem_load_cv",
        "disk_load_cv", "net_load_cv", "pri_tags_score", "spindles_cv", "free_mem_cv_forth", "free_disk_cv_forth", "vcpu_ratio_cv_forth", "spindles_cv_forth",
        "location_score", "location_exclusion_score", "reserved_mem_rtotal",
    ]
    static let weights: [Double] = [0.5, 0.5, 1, 1, 4, 16, 0.5, 1, 1, 1, 1, 2, 0.5, 0.5, 0.5, 0.5, 0.5, 1, 1, 0.25]

    /// With every instance where `places` says (by instance, index into `nodes`); secondaries stay.
    public init(_ cluster: HtoolsCluster, places: [Int]) {
        let books = HtoolsBooks(cluster)
        let sums = HtoolsSums(cluster, books, places)
        let online = cluster.nodes.indices.filter { !cluster.nodes[$0].isOffline }
        let offline = cluster.nodes.indices.filter { cluster.nodes[$0].isOffline }
        func deviation(_ value: (Int) -> Double) -> Double {
            guard !online.isEmpty else { return 0 }
            let values = online.map(value)
            let mean = values.reduce(0, +) / Double(values.count)
            return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
        }
        func share(_ part: Int, _ whole: Int, empty: Double = 0) -> Double { whole > 0 ? Double(part) / Double(whole) : empty }
        let nodes = cluster.nodes
        let memory = deviation { share(sums.unallocated($0, books), nodes[$0].totalMemory) }
        let disk = deviation { share(nodes[$0].freeDisk, nodes[$0].totalDisk, empty: 1) }
        let cpu = deviation { nodes[$0].cpus > 0 && nodes[$0].cpuSpeed > 0 ? Double(sums.vcpus[$0]) / Double(nodes[$0].cpus) / nodes[$0].cpuSpeed : 0 }
        let spindles = deviation { node in
            let most = (cluster.spindleRatio[nodes[node].group] ?? 32) * Double(nodes[node].spindles)
            return most > 0 ? Double(sums.spindles[node]) / most : 0
        }
        values = [
            memory, disk, Double(online.reduce(0) { $0 + (sums.unallocated($1, books) < sums.reserved[$1] ? sums.primaries[$1] + sums.secondaries[$1] : 0) }),
            deviation { share(sums.reserved[$0], nodes[$0].totalMemory) }, Double(offline.reduce(0) { $0 + sums.primaries[$1] + sums.secondaries[$1] }),
            Double(offline.reduce(0) { $0 + sums.primaries[$1] }), cpu, deviation { sums.load[$0][0] }, deviation { sums.load[$0][1] },
            deviation { sums.load[$0][2] }, deviation { sums.load[$0][3] }, Double(online.reduce(0) { $0 + sums.tags[$1].values.reduce(0) { $0 + $1 - 1 } }),
            spindles, deviation { share(books.reportedFree[$0] - sums.memory[$0], nodes[$0].totalMemory) }, disk, cpu, spindles,
            sums.unmetLocations(cluster, books, places), sums.crowdedLocations(cluster, books),
            online.reduce(0) { $0 + share(sums.reserved[$1], nodes[$1].totalMemory) },
        ]
    }

    public init(_ cluster: HtoolsCluster) { self.init(cluster, places: cluster.instances.map(\.primary)) }
}

/// What a cluster's tags and reports mean, worked out once.
struct HtoolsBooks {
    /// Exclusion tags by instance.
    let exclusion: [[String]]
    /// Failure domains by node.
    let locations: [Set<String>]
    /// Wanted locations by instance.
    let wanted: [Set<String>]
    /// Memory that a node's report is short of, by node.
    let missingMemory: [Int]
    /// Where the figure with forthcoming instances starts from, by node.
    let reportedFree: [Int]

    init(_ cluster: HtoolsCluster) {
        func suffixes(_ key: String) -> [String] { cluster.tags.filter { $0.hasPrefix(key) }.map { String($0.dropFirst(key.count)) } }
        let exclusionKeys = suffixes("htools:iextags:")
        let wantedKeys = suffixes("htools:desiredlocation:")
        let locationKeys = suffixes("htools:nlocation:").map { $0 + ":" }
        exclusion = cluster.instances.map { instance in instance.tags.filter { tag in exclusionKeys.contains { tag.hasPrefix($0) } } }
        wanted = cluster.instances.map { instance in Set(instance.tags.filter { tag in wantedKeys.contains { tag.hasPrefix($0) } }) }
        locations = cluster.nodes.map { node in Set(node.tags.filter { tag in locationKeys.contains { tag.hasPrefix($0) } }) }
        var held = [Int](repeating: 0, count: cluster.nodes.count)
        var down = held
        for instance in cluster.instances {
            if instance.usesMemory { held[instance.primary] += instance.memory } else { down[instance.primary] += instance.memory }
        }
        missingMemory = cluster.nodes.enumerated().map { max(0, $1.totalMemory - $1.dom0Memory - held[$0] - $1.freeMemory) }
        reportedFree = cluster.nodes.enumerated().map { $1.freeMemory + held[$0] - down[$0] }
    }
}

/// A placement's sums by node.
struct HtoolsSums {
    private(set) var memory: [Int]
    private(set) var vcpus: [Int]
    private(set) var spindles: [Int]
    private(set) var primaries: [Int]
    private(set) var secondaries: [Int]
    private(set) var reserved: [Int]
    private(set) var load: [[Double]]
    private(set) var tags: [[String: Int]]
    private let free: [Int]

    init(_ cluster: HtoolsCluster, _ books: HtoolsBooks, _ places: [Int]) {
        let count = cluster.nodes.count
        memory = Array(repeating: 0, count: count)
        (spindles, primaries, secondaries, reserved) = (memory, memory, memory, memory)
        vcpus = cluster.nodes.map(\.dom0CPUs)
        load = Array(repeating: [0, 0, 0, 0], count: count)
        tags = Array(repeating: [:], count: count)
        free = cluster.nodes.map { $0.totalMemory - $0.dom0Memory }
        var held: [[Int: Int]] = Array(repeating: [:], count: count)
        for (index, instance) in cluster.instances.enumerated() {
            let node = places[index]
            let isLocal = instance.template == "drbd" || instance.template == "plain"
            memory[node] += instance.usesMemory ? instance.memory : 0
            vcpus[node] += instance.status == "offline" ? 0 : instance.vcpus
            spindles[node] += isLocal ? instance.spindles : 0
            primaries[node] += 1
            for resource in 0..<4 { load[node][resource] += instance.load[resource] }
            for tag in books.exclusion[index] { tags[node][tag, default: 0] += 1 }
            guard let secondary = instance.secondary else { continue }
            secondaries[secondary] += 1
            load[secondary][2] += instance.load[2]
            spindles[secondary] += isLocal ? instance.spindles : 0
            if instance.autoBalance, instance.status != "offline" { held[secondary][node, default: 0] += instance.memory }
        }
        reserved = held.map { $0.values.max() ?? 0 }
    }

    func unallocated(_ node: Int, _ books: HtoolsBooks) -> Int { free[node] - memory[node] - books.missingMemory[node] }

    func unmetLocations(_ cluster: HtoolsCluster, _ books: HtoolsBooks, _ places: [Int]) -> Double {
        var count = 0
        for (index, instance) in cluster.instances.enumerated() where !cluster.nodes[places[index]].isOffline {
            count += books.wanted[index].subtracting(books.locations[places[index]]).count
            if let secondary = instance.secondary { count += books.locations[places[index]].intersection(books.locations[secondary]).count }
        }
        return Double(count)
    }

    func crowdedLocations(_ cluster: HtoolsCluster, _ books: HtoolsBooks) -> Double {
        var counts: [String: Int] = [:]
        for node in cluster.nodes.indices where !cluster.nodes[node].isOffline {
            for (tag, count) in tags[node] { for location in books.locations[node] { counts[location + "\n" + tag, default: 0] += count } }
        }
        return Double(counts.values.reduce(0) { $0 + $1 - 1 })
    }
}
