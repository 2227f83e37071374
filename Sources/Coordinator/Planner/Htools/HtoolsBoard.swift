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
    let group: [Int]
    let isOffline: [Bool]
    /// Exclusion tags by instance, locations by node, as indices.
    let tags: Grouping
    let locations: Grouping
    let tagCount: Int
    let locationCount: Int
    let hasTags: Bool

    static let offlinePenalty = 20.0
    static let tagPenalty = 2.0

    init(_ cluster: HtoolsCluster) {
        let books = HtoolsBooks(cluster)
        let places = cluster.instances.map(\.primary)
        let sums = HtoolsSums(cluster, books, places)
        nodes = cluster.nodes.count
        instances = cluster.instances.count
        online = Double(max(1, cluster.nodes.count { !$0.isOffline }))
        isOffline = cluster.nodes.map(\.isOffline)
        origin = places
        isMovable = cluster.instances.map { $0.isShared && $0.autoBalance }
        memory = cluster.instances.map(\.memory)
        usedMemory = cluster.instances.map { $0.usesMemory ? $0.memory : 0 }
        vcpus = cluster.instances.map { $0.status == "offline" ? 0 : $0.vcpus }
        room = cluster.nodes.enumerated().map { $1.totalMemory - $1.dom0Memory - books.missingMemory[$0] }
        vcpuLimit = cluster.nodes.map { (cluster.vcpuRatio[$0.group] ?? 4) * Double($0.cpus) + 1e-9 }
        dom0CPUs = cluster.nodes.map(\.dom0CPUs)
        reserved = sums.reserved
        let groups = Dictionary(cluster.nodes.enumerated().map { ($1.group, $0) }, uniquingKeysWith: min)
        group = cluster.nodes.map { groups[$0.group] ?? 0 }

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
        let locationNames = Set(books.locations.flatMap { $0 }).sorted()
        let locationIndex = Dictionary(uniqueKeysWithValues: locationNames.enumerated().map { ($1, $0) })
        tags = Grouping(books.exclusion.map { $0.compactMap { tagIndex[$0] } })
        locations = Grouping(books.locations.map { $0.compactMap { locationIndex[$0] }.sorted() })
        (tagCount, locationCount, hasTags) = (tagNames.count, locationNames.count, !tagNames.isEmpty)
    }
}

/// Where every instance is while a plan on hbal's score is looked for.
struct HtoolsState {
    typealias Lanes = HtoolsBoard.Lanes

    let board: HtoolsBoard
    private(set) var at: [Int]
    private(set) var lanes: [Lanes]
    private(set) var sum = Lanes(repeating: 0)
    private(set) var squares = Lanes(repeating: 0)
    private(set) var used: [Int]
    private(set) var vcpus: [Int]
    private(set) var tagged: [Int]
    private var crowded: [Int]
    /// Counted terms: tags, locations, instances on offline nodes.
    private(set) var counted = 0.0
    private(set) var displaced = 0
    /// MiB of those that are not where they were.
    private(set) var moved = 0

    init(_ board: HtoolsBoard, at places: [Int]) {
        self.board = board
        at = places
        lanes = board.base
        used = Array(repeating: 0, count: board.nodes)
        vcpus = board.dom0CPUs
        tagged = Array(repeating: 0, count: board.nodes * board.tagCount)
        crowded = Array(repeating: 0, count: board.locationCount * board.tagCount)
        for node in 0..<board.nodes {
            sum += lanes[node]
            squares += lanes[node] * lanes[node]
        }
        for instance in 0..<board.instances {
            add(instance, to: places[instance])
            if places[instance] != board.origin[instance] {
                displaced += 1
                moved += board.memory[instance]
            }
        }
    }

    /// The terms of hbal's score that moves change; `HtoolsScore` has the others too.
    var score: Double { value(sum, squares) + counted }

    @inline(__always)
    private func value(_ sum: Lanes, _ squares: Lanes) -> Double {
        let n = Lanes(repeating: 1 / board.online)
        let mean = sum * n
        let variance = squares * n - mean * mean
        return (board.weights * variance.replacing(with: 0, where: variance .< 0).squareRoot()).sum()
    }

    /// The score after the instance has gone to the node, and `other` (-1: none), which is on that node, to where the instance was.
    @inline(__always)
    func scoreAfter(_ instance: Int, to target: Int, exchanging other: Int = -1) -> Double {
        let source = at[instance]
        let (a, b) = (lanes[source], lanes[target])
        var newA = a - board.demand[instance] * board.factor[source]
        var newB = b + board.demand[instance] * board.factor[target]
        if other >= 0 {
            newA += board.demand[other] * board.factor[source]
            newB -= board.demand[other] * board.factor[target]
        }
        let after = value(sum + (newA - a) + (newB - b), squares + (newA * newA - a * a) + (newB * newB - b * b))
        var counted = counted
        if board.isOffline[source] { counted -= HtoolsBoard.offlinePenalty }
        if board.isOffline[target] { counted += HtoolsBoard.offlinePenalty }
        if board.hasTags {
            counted += countedChange(instance, from: source, to: target)
            if other >= 0 { counted += countedChange(other, from: target, to: source) }
        }
        return after + counted
    }

    private func countedChange(_ instance: Int, from source: Int, to target: Int) -> Double {
        var change = 0.0
        for position in board.tags.range(instance) {
            let tag = board.tags.value(position)
            if !board.isOffline[source] {
                if tagged[source * board.tagCount + tag] > 1 { change -= HtoolsBoard.tagPenalty }
                for location in board.locations[source] where !board.locations[target].contains(location) || board.isOffline[target] {
                    if crowded[location * board.tagCount + tag] > 1 { change -= 1 }
                }
            }
            if !board.isOffline[target] {
                if tagged[target * board.tagCount + tag] > 0 { change += HtoolsBoard.tagPenalty }
                for location in board.locations[target] where !board.locations[source].contains(location) || board.isOffline[source] {
                    if crowded[location * board.tagCount + tag] > 0 { change += 1 }
                }
            }
        }
        return change
    }

    /// Whether hbal's rules let the instance go to the node, if `other` (-1: nobody) has left it before.
    @inline(__always)
    func fits(_ instance: Int, on target: Int, without other: Int = -1) -> Bool {
        guard !board.isOffline[target], board.group[target] == board.group[board.origin[instance]] else { return false }
        let leaving = other >= 0 ? board.usedMemory[other] : 0
        let free = board.room[target] - used[target] + leaving
        let after = free - board.usedMemory[instance]
        guard after > 0, after > board.reserved[target] || free <= board.reserved[target] else { return false }
        let cpus = vcpus[target] + board.vcpus[instance] - (other >= 0 ? board.vcpus[other] : 0)
        guard Double(cpus) <= board.vcpuLimit[target] else { return false }
        if board.hasTags {
            for position in board.tags.range(instance) {
                let tag = board.tags.value(position)
                let left = other >= 0 && board.tags[other].contains(tag) ? 1 : 0
                if tagged[target * board.tagCount + tag] > left { return false }
            }
        }
        return true
    }

    mutating func move(_ instance: Int, to target: Int) {
        let source = at[instance]
        guard source != target else { return }
        let origin = board.origin[instance]
        if source == origin {
            displaced += 1
            moved += board.memory[instance]
        } else if target == origin {
            displaced -= 1
            moved -= board.memory[instance]
        }
        remove(instance, from: source)
        add(instance, to: target)
        at[instance] = target
    }

    private mutating func change(_ node: Int, by effect: Lanes) {
        let old = lanes[node]
        let new = old + effect
        lanes[node] = new
        sum += new - old
        squares += new * new - old * old
    }

    private mutating func add(_ instance: Int, to node: Int) {
        change(node, by: board.demand[instance] * board.factor[node])
        used[node] += board.usedMemory[instance]
        vcpus[node] += board.vcpus[instance]
        if board.isOffline[node] { counted += HtoolsBoard.offlinePenalty }
        for position in board.tags.range(instance) {
            let tag = board.tags.value(position)
            if !board.isOffline[node] {
                if tagged[node * board.tagCount + tag] > 0 { counted += HtoolsBoard.tagPenalty }
                for location in board.locations[node] {
                    if crowded[location * board.tagCount + tag] > 0 { counted += 1 }
                    crowded[location * board.tagCount + tag] += 1
                }
            }
            tagged[node * board.tagCount + tag] += 1
        }
    }

    private mutating func remove(_ instance: Int, from node: Int) {
        change(node, by: board.demand[instance] * -board.factor[node])
        used[node] -= board.usedMemory[instance]
        vcpus[node] -= board.vcpus[instance]
        if board.isOffline[node] { counted -= HtoolsBoard.offlinePenalty }
        for position in board.tags.range(instance) {
            let tag = board.tags.value(position)
            tagged[node * board.tagCount + tag] -= 1
            if !board.isOffline[node] {
                if tagged[node * board.tagCount + tag] > 0 { counted -= HtoolsBoard.tagPenalty }
                for location in board.locations[node] {
                    crowded[location * board.tagCount + tag] -= 1
                    if crowded[location * board.tagCount + tag] > 0 { counted -= 1 }
                }
            }
        }
    }
}
