import PodpModel

/// A cluster of Ganeti's as a problem of podp's own: how `podp plan --htools` plans on podp's objective.
///
/// | podp | Ganeti |
/// |---|---|
/// | memory, hard | total less dom0's, less what is missing from the books and what is held back for secondaries, less 1 MiB: Ganeti wants more than 0 free |
/// | vCPUs, hard | the policy's ratio times the CPUs, less dom0's |
/// | CPU, disk, network | `-U`'s, where a load of 1 is a node of the cluster's mean CPUs; without `-U` vCPUs through the ratio, and no disk or network |
/// | blade sets | node groups |
/// | CPU features | migration tags |
/// | apart | exclusion tags |
/// | accepts | online |
/// | N+1, where it is to be kept | nodes whose loss the others can bear at the start stay such |
/// | fixed | disks on one node or a pair (`plain`, `file`, `drbd`), and instances that Ganeti is not to balance, unless their node is to be emptied |
public struct HtoolsProblem: Sendable {
    public private(set) var problem: Problem

    /// - Parameters:
    ///   - steps: the budget; `nil`: the usual one.
    ///   - keepsCover: N+1 is a rule.
    public init(_ cluster: HtoolsCluster, goal: Problem.Goal, maxMoves: Int?, steps: Int?, seed: UInt64, keepsCover: Bool = false) {
        problem = Problem(revision: 1, goal: goal, resources: Self.resources(cluster), blades: [], domains: [])
        problem.limits.maxMoves = max(0, maxMoves ?? 2 * cluster.instances.count)
        problem.limits.steps = max(1, steps ?? Self.usualSteps(cluster))
        problem.limits.seed = seed
        problem.limits.minimumGainPermille = 10
        addNodes(cluster)
        addInstances(cluster)
        addRules(cluster)
        if keepsCover { addCover(cluster) }
    }

    /// Loads are in the unit of the file, where CPU is given in them too.
    private static func resources(_ cluster: HtoolsCluster) -> [Resource] {
        [
            cluster.hasLoad ? Resource(name: "cpu", unit: Words.load) : .cpu, .memory, Resource(name: "vcpus", unit: "vCPUs", hard: true),
            Resource(name: "disk", unit: Words.load), Resource(name: "network", unit: Words.load),
        ]
    }

    /// Candidates that are usually worth their time.
    public static func usualSteps(_ cluster: HtoolsCluster) -> Int { min(20_000_000, 100_000 + 1_000 * cluster.instances.count) }

    /// podp's objective before the steps and after them, with what they cost.
    public func costs(of steps: [HtoolsPlanner.Step]) -> (before: Double, after: Double) {
        let weights = Weights()
        let board = Board(problem, reach: Reach(problem), weights: weights, banned: [])
        var places = problem.domains.map(\.blade)
        for step in steps { places[step.instance] = step.to }
        let end = Placement(board, at: (0..<board.items).map { places[board.domains[$0].first ?? 0] })
        return (Placement(board).placementCost, end.placementCost + steps.reduce(0) { $0 + board.estimates[$1.instance].cost(weights) })
    }

    public static func id(ofNode index: Int) -> BladeID { BladeID(ID128(high: 1, low: UInt64(index))) }
    static func id(ofInstance index: Int) -> DomainID { DomainID(ID128(high: 2, low: UInt64(index))) }

    /// The plan's moves in the order of its waves, by indices into the cluster.
    public static func steps(of plan: Plan) -> [(step: HtoolsPlanner.Step, wave: Int)] {
        plan.waves.enumerated().flatMap { number, wave in
            wave.compactMap { index -> (step: HtoolsPlanner.Step, wave: Int)? in
                guard plan.moves.indices.contains(index) else { return nil }
                let move = plan.moves[index]
                return (
                    HtoolsPlanner.Step(
                        instance: Int(truncatingIfNeeded: move.domain.uuid.low), from: Int(truncatingIfNeeded: move.from.uuid.low),
                        to: Int(truncatingIfNeeded: move.to.uuid.low)), number
                )
            }
        }
    }

    private mutating func addNodes(_ cluster: HtoolsCluster) {
        let books = HtoolsBooks(cluster)
        let sums = HtoolsSums(cluster, books, cluster.instances.map(\.primary))
        let online = cluster.nodes.filter { !$0.isOffline && $0.cpus > 0 }
        let meanCPUs = online.isEmpty ? 1 : max(1e-9, online.reduce(0) { $0 + Double($1.cpus) * $1.cpuSpeed } / Double(online.count))
        let hasStandby = cluster.nodes.contains { $0.tags.contains(HtoolsCluster.standby) }
        let taken = Set(cluster.tags)
        let migration = HtoolsMigration(cluster)
        for (index, node) in cluster.nodes.enumerated() {
            let ratio = cluster.vcpuRatio[node.group] ?? 4
            let cpu = cluster.hasLoad ? Double(node.cpus) * node.cpuSpeed / meanCPUs * 1_000_000 : Double(node.cpus) * 1_000
            let memory = node.totalMemory - node.dom0Memory - books.missingMemory[index] - sums.reserved[index] - 1
            let vcpus = Int(min(ratio * Double(node.cpus) + 1e-9, 1e9)) - node.dom0CPUs
            // Nodes that may not be switched off are never empty.
            let mayRest = !hasStandby || node.tags.contains(HtoolsCluster.standby)
            problem.blades.append(
                Problem.Blade(
                    id: Self.id(ofNode: index), name: node.name,
                    chassis: node.tags.first { tag in taken.contains { $0.hasPrefix("htools:nlocation:") && tag.hasPrefix($0.dropFirst(17) + ":") } } ?? "",
                    capacity: [Self.whole(cpu), Int64(max(0, memory)) << 10, Int64(max(0, vcpus)), 1_000_000, 1_000_000],
                    comfort: problem.goal == .consolidate || !cluster.hasLoad ? [950, 900, 900, 950, 950] : [700, 900, 900, 600, 700],
                    reserved: [problem.goal == .consolidate && !mayRest ? 1 : 0, 0, 0, 0, 0], accepts: !node.isOffline,
                    reason: node.isOffline ? "offline" : nil, cpuFeatures: migration.received[index].map { Words.migrationTag + $0 }.sorted()))
        }
    }

    private mutating func addInstances(_ cluster: HtoolsCluster) {
        let migration = HtoolsMigration(cluster)
        for (index, instance) in cluster.instances.enumerated() {
            let memory = instance.usesMemory ? instance.memory : 0
            let vcpus = instance.status == "offline" ? 0 : instance.vcpus
            let ratio = cluster.vcpuRatio[cluster.nodes[instance.primary].group] ?? 4
            let cpu = cluster.hasLoad ? instance.load[0] * 1_000_000 : Double(vcpus) * 1_000 / max(1, ratio)
            let amounts = [
                Self.whole(cpu), Int64(memory) << 10, Int64(vcpus), cluster.hasLoad ? Self.whole(instance.load[2] * 1_000_000) : 0,
                cluster.hasLoad ? Self.whole(instance.load[3] * 1_000_000) : 0,
            ]
            var mobility = Problem.Mobility.live
            if !instance.isShared { mobility = .fixed(reason: "its disks (\(instance.template)) are not reached from other nodes") }
            if !instance.autoBalance, problem.goal == .balance, !cluster.nodes[instance.primary].isOffline {
                mobility = .fixed(reason: "Ganeti is not to balance it")
            }
            problem.domains.append(
                Problem.Domain(
                    id: Self.id(ofInstance: index), name: instance.name, blade: instance.primary, mean: amounts, high: amounts, mobility: mobility,
                    memory: .mebibytes(UInt64(memory)), cpuFeatures: migration.needed[instance.primary].map { Words.migrationTag + $0 }.sorted()))
        }
    }

    private mutating func addRules(_ cluster: HtoolsCluster) {
        let exclusion = HtoolsBooks(cluster).exclusion
        var holders: [String: [DomainID]] = [:]
        for (index, tags) in exclusion.enumerated() { for tag in Set(tags) { holders[tag, default: []].append(Self.id(ofInstance: index)) } }
        for (tag, members) in holders.sorted(by: { $0.key < $1.key }) where members.count > 1 {
            problem.rules.append(Rule(name: tag, kind: .apart(members)))
        }
        let groups = Dictionary(grouping: cluster.nodes.indices) { cluster.nodes[$0].group }
        guard groups.count > 1 else { return }
        for (group, nodes) in groups.sorted(by: { $0.key < $1.key }) {
            let inside = Set(nodes)
            let members = cluster.instances.indices.filter { inside.contains(cluster.instances[$0].primary) }.map(Self.id(ofInstance:))
            problem.rules.append(Rule(name: "group \(group)", kind: .onlyOn(members, blades: nodes.map(Self.id(ofNode:)))))
        }
    }

    /// N+1 is kept, not made: nodes that cannot be lost at the start are of no zone, so that they neither weigh anything nor hold anything up.
    private mutating func addCover(_ cluster: HtoolsCluster) {
        // What no other node could restart is nobody's loss.
        for (index, instance) in cluster.instances.enumerated() where !instance.isShared { problem.domains[index].storage = ["disks of its node"] }
        problem.rules.append(Rule(name: "N+1", kind: .survive(.network)))
        for (index, blade) in problem.blades.enumerated() { problem.blades[index].zones = [.network: blade.name] }
        let covered = Cover(problem, weights: Weights()).atStart.first ?? []
        for index in problem.blades.indices where !covered[index] { problem.blades[index].zones = [:] }
    }

    private static func whole(_ amount: Double) -> Int64 { Int64(min(max(0, amount), 1e14)) }
}

/// Which migration tags a node's instances need at their target, and which a node receives (hbal's manual page, MIGRATION TAGS).
struct HtoolsMigration {
    let needed: [Set<String>]
    let received: [Set<String>]

    init(_ cluster: HtoolsCluster) {
        let keys = cluster.tags.filter { $0.hasPrefix("htools:migration:") }.map { $0.dropFirst(17) + ":" }
        let allowed = cluster.tags.filter { $0.hasPrefix("htools:allowmigration:") }.compactMap { tag -> (from: String, to: String)? in
            let pair = tag.dropFirst(22)
            guard let middle = pair.firstRange(of: "::") else { return nil }
            return (String(pair[..<middle.lowerBound]), String(pair[middle.upperBound...]))
        }
        let needed = cluster.nodes.map { node in keys.isEmpty ? [] : Set(node.tags.filter { tag in keys.contains { tag.hasPrefix($0) } }) }
        self.needed = needed
        received = needed.map { tags in tags.union(allowed.filter { tags.contains($0.to) }.map(\.from)) }
    }
}
