/// A cluster in flat arrays, for plans on hbal's own score.
///
/// The score's deviations are eight lanes of one vector: free memory, free memory as reported, vCPUs, and the four loads. Where both memory figures agree on
/// all nodes, the second lane weighs nothing and the first twice. Other terms that a move can change (exclusion tags, locations, offline nodes) are counts.
final class HtoolsBoard: Sendable {
    typealias Lanes = SIMD8<Double>

    let nodes: Int
    let instances: Int
    let online: Double
    let weights: Lanes
    /// By node: what one unit of a lane's demand changes.
    let factor: [Lanes]
    /// By instance.
    let demand: [Lanes]
    /// By node, empty, less the mean of the cluster at the start: small numbers keep their digits.
    let base: [Lanes]
    let origin: [Int]
    let isMovable: [Bool]
    let memory: [Int]
    /// What hbal counts as used; 0 for those that are down.
    let usedMemory: [Int]
    let vcpus: [Int]
    /// By node: memory for instances, and the most vCPUs.
    let room: [Int]
    let vcpuLimit: [Double]
    let dom0CPUs: [Int]
    let reserved: [Int]
    let isOffline: [Bool]
    /// By kind of origin and node: whether what comes from there may go there (online, same group, migration tags).
    let kind: [Int]
    let isReached: [Bool]
    /// The nodes of each node group.
    let groups: [[Int]]
    /// By node: its seat where all sit by group, and the seats of its group.
    let seat: [Int]
    let seats: [Range<Int>]
    /// By instance: its disks are reached from every node of its group.
    let isShared: [Bool]
    /// The part of hbal's score that no move changes.
    let rest: Double
    /// Exclusion tags by instance, locations by node, as indices.
    let tags: Grouping
    let locations: Grouping
    /// Wanted locations by instance.
    let wishes: Grouping
    let hasWishes: Bool
    let tagCount: Int
    let locationCount: Int
    let hasTags: Bool

    static let offlinePenalty = 20.0
    static let tagPenalty = 2.0

    /// - Parameter leaving: only what is on this node may move.
    init(_ cluster: HtoolsCluster, leaving: Int? = nil) {
        let books = HtoolsBooks(cluster)
        let places = cluster.instances.map(\.primary)
        let sums = HtoolsSums(cluster, books, places)
        nodes = cluster.nodes.count
        instances = cluster.instances.count
        online = Double(max(1, cluster.nodes.count { !$0.isOffline }))
        isOffline = cluster.nodes.map(\.isOffline)
        origin = places
        // What is on an offline node is to leave it, whether Ganeti balances it or not.
        isMovable = cluster.instances.map { instance in
            instance.isShared && (leaving.map { $0 == instance.primary } ?? (instance.autoBalance || cluster.nodes[instance.primary].isOffline))
        }
        memory = cluster.instances.map(\.memory)
        usedMemory = cluster.instances.map { $0.usesMemory ? $0.memory : 0 }
        vcpus = cluster.instances.map { $0.status == "offline" ? 0 : $0.vcpus }
        room = cluster.nodes.enumerated().map { $1.totalMemory - $1.dom0Memory - books.missingMemory[$0] }
        vcpuLimit = cluster.nodes.map { (cluster.vcpuRatio[$0.group] ?? 4) * Double($0.cpus) + 1e-9 }
        dom0CPUs = cluster.nodes.map(\.dom0CPUs)
        reserved = sums.reserved
        (kind, isReached) = Self.reach(cluster)
        groups = Dictionary(grouping: cluster.nodes.indices) { cluster.nodes[$0].group }.values.sorted { $0[0] < $1[0] }
        (seat, seats) = Self.seats(groups, nodes: cluster.nodes.count)
        isShared = cluster.instances.map(\.isShared)

        // Lanes.
        factor = cluster.nodes.map { node in
            guard !node.isOffline else { return Lanes(repeating: 0) }
            let memory = node.totalMemory > 0 ? -1 / Double(node.totalMemory) : 0
            let cpu = node.cpus > 0 && node.cpuSpeed > 0 ? 1 / (Double(node.cpus) * node.cpuSpeed) : 0
            return Lanes(memory, memory, cpu, 1, 1, 1, 1, 0)
        }
        demand = cluster.instances.map { instance in
            let memory = Double(instance.usesMemory ? instance.memory : 0)
            let vcpus = Double(instance.status == "offline" ? 0 : instance.vcpus)
            return Lanes(memory, memory, vcpus, instance.load[0], instance.load[1], instance.load[2], instance.load[3], 0)
        }
        var empty = cluster.nodes.enumerated().map { index, node -> Lanes in
            guard !node.isOffline else { return Lanes(repeating: 0) }
            let memory = node.totalMemory > 0 ? 1 / Double(node.totalMemory) : 0
            let cpu = node.cpus > 0 && node.cpuSpeed > 0 ? Double(node.dom0CPUs) / (Double(node.cpus) * node.cpuSpeed) : 0
            let room = Double(node.totalMemory - node.dom0Memory - books.missingMemory[index])
            return Lanes(room * memory, Double(books.reportedFree[index]) * memory, cpu, 0, 0, 0, 0, 0)
        }
        for instance in cluster.instances {
            guard let secondary = instance.secondary, !cluster.nodes[secondary].isOffline else { continue }
            empty[secondary][5] += instance.load[2]
        }
        var mean = Lanes(repeating: 0)
        for index in cluster.nodes.indices where !cluster.nodes[index].isOffline { mean += empty[index] }
        for index in cluster.instances.indices where !cluster.nodes[places[index]].isOffline { mean += demand[index] * factor[places[index]] }
        mean /= Lanes(repeating: online)
        let agrees = cluster.nodes.indices.allSatisfy { abs(empty[$0][0] - empty[$0][1]) < 1e-12 }
        weights = agrees ? Lanes(1, 0, 1, 1, 1, 1, 1, 0) : Lanes(0.5, 0.5, 1, 1, 1, 1, 1, 0)
        for index in empty.indices where !cluster.nodes[index].isOffline { empty[index] -= mean }
        base = empty

        // Tags.
        let tagNames = Set(books.exclusion.flatMap { $0 }).sorted()
        let tagIndex = Dictionary(uniqueKeysWithValues: tagNames.enumerated().map { ($1, $0) })
        let locationNames = Set(books.locations.flatMap { $0 }).union(books.wanted.flatMap { $0 }).sorted()
        let locationIndex = Dictionary(uniqueKeysWithValues: locationNames.enumerated().map { ($1, $0) })
        tags = Grouping(books.exclusion.map { $0.compactMap { tagIndex[$0] } })
        locations = Grouping(books.locations.map { $0.compactMap { locationIndex[$0] }.sorted() })
        wishes = Grouping(books.wanted.map { $0.compactMap { locationIndex[$0] }.sorted() })
        hasWishes = books.wanted.contains { !$0.isEmpty }
        (tagCount, locationCount, hasTags) = (tagNames.count, locationNames.count, !tagNames.isEmpty)
        let score = HtoolsScore(cluster)
        rest = zip(HtoolsScore.names, zip(HtoolsScore.weights, score.values)).reduce(0) { sum, term in
            let isMoved = ["mem_cv", "vcpu", "_load_cv", "free_mem_cv_forth", "offline", "pri_tags", "location"].contains { term.0.contains($0) }
            return isMoved && term.0 != "reserved_mem_cv" ? sum : sum + term.1.0 * term.1.1
        }
    }

    private static func seats(_ groups: [[Int]], nodes: Int) -> (seat: [Int], seats: [Range<Int>]) {
        var seat = [Int](repeating: 0, count: nodes)
        var seats = [Range<Int>](repeating: 0..<0, count: nodes)
        var first = 0
        for group in groups {
            for (index, node) in group.enumerated() { (seat[node], seats[node]) = (first + index, first..<first + group.count) }
            first += group.count
        }
        return (seat, seats)
    }

    /// Nodes of one group with the same migration tags are of one kind.
    private static func reach(_ cluster: HtoolsCluster) -> (kind: [Int], isReached: [Bool]) {
        let migration = HtoolsMigration(cluster)
        var kinds: [String: Int] = [:]
        var samples: [Int] = []
        let kind = cluster.nodes.indices.map { node in
            let key = cluster.nodes[node].group + "\n" + migration.needed[node].sorted().joined(separator: "\n")
            if let known = kinds[key] { return known }
            kinds[key] = samples.count
            samples.append(node)
            return samples.count - 1
        }
        let isReached = samples.flatMap { sample in
            cluster.nodes.indices.map { node in
                !cluster.nodes[node].isOffline && cluster.nodes[node].group == cluster.nodes[sample].group
                    && migration.needed[sample].isSubset(of: migration.received[node])
            }
        }
        return (kind, isReached)
    }

    /// Locations that the instance wants and the node is not in.
    func unmet(_ instance: Int, on node: Int) -> Double {
        if isOffline[node] { return 0 }
        var count = 0.0
        for position in wishes.range(instance) where !locations[node].contains(wishes.value(position)) { count += 1 }
        return count
    }
}
