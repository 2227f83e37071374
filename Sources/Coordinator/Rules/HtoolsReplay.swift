import PodpModel

/// Replays moves on a cluster of Ganeti's (htools' text format) and says whether every step is one that Ganeti may make.
///
/// It shares no code with the planner and reads the dump itself. A step moves one instance whose disks every node reaches to another node of its group that is
/// online, keeps more memory free than it must (0, or what it holds back for its secondaries), stays within the policy's vCPUs per CPU, shares no exclusion
/// tag, and understands the source's migration tags: src/Ganeti/HTools/Node.hs (`addPriEx`) of Ganeti 3.0. And no step loses N+1: `Cover` says what that is.
public struct HtoolsReplay: Sendable {
    /// How well the cluster would come through the loss of a node; no step may leave a node uncovered that was not.
    public enum Cover: Int, Comparable, Sendable {
        /// Some of its instances would find no room.
        case none
        /// All find room if they are restarted largest first, each where most memory is free.
        case largestFirst
        /// All find room whatever the order and the choice of nodes.
        case anyOrder

        public static func < (a: Cover, b: Cover) -> Bool { a.rawValue < b.rawValue }
    }

    struct Node {
        var name: String
        var group: String
        var isOffline: Bool
        /// For instances: total, less dom0's and what is missing from the books.
        var room = 0
        /// Held back for the secondaries of the worst peer.
        var reserved = 0
        var used = 0
        var vcpus = 0
        var mostVCPUs = 0.0
        var tags: [String: Int] = [:]
        var migration: Set<String> = []
        var receives: Set<String> = []
        /// Memory of its instances that could be restarted elsewhere.
        var restartable: [Int] = []

        var free: Int { room - used }
        /// What the restart of others may take.
        var spare: Int { max(0, isOffline ? 0 : free - reserved) }
    }

    struct Instance {
        var memory: Int
        var vcpus: Int
        var node: Int
        var isShared: Bool
        var tags: [String]
    }

    private var nodes: [Node]
    private var instances: [String: Instance]
    private let nodeIndex: [String: Int]

    /// `nil` when the text is no dump: the planner's reader says where and why.
    ///
    /// - Parameter offline: nodes that are to be taken as offline, as hbal's `-O`.
    public init?(dump: String, offline: Set<String> = []) {
        guard let text = HtoolsText(dump), let read = text.cluster(offline: offline) else { return nil }
        (nodes, instances, nodeIndex) = (read.nodes, read.instances, read.nodeIndex)
    }

    /// What is wrong with the moves, in their order; empty when every state between them is legal.
    public func violations(of moves: [(instance: String, from: String, to: String)]) -> [Violation] {
        var cluster = self
        var known = nodes.indices.map { cluster.cover(ofLosing: $0) }
        var found: [Violation] = []
        for (index, move) in moves.enumerated() {
            func object(_ rule: String, _ sentence: String) { found.append(Violation(step: index + 1, rule: rule, sentence: sentence)) }
            guard let instance = cluster.instances[move.instance], let from = nodeIndex[move.from], let to = nodeIndex[move.to] else {
                object("plan", "move \(index + 1) speaks of \(move.instance), \(move.from) or \(move.to), which the dump does not know")
                continue
            }
            guard instance.node == from, from != to else {
                object("plan", "\(move.instance) is to leave \(move.from) for \(move.to), and runs on \(cluster.nodes[instance.node].name) by then")
                continue
            }
            for (rule, sentence) in cluster.objections(to: instance, named: move.instance, at: to) { object(rule, sentence) }
            cluster.carryOut(move.instance, to: to)
            for node in cluster.exposed(&known, by: from, to, memory: instance.memory) {
                object(Self.coverRule, "with \(move.instance) on \(move.to), the loss of \(node) leaves instances without room, and did not before")
            }
        }
        return found
    }

    private func objections(to instance: Instance, named name: String, at target: Int) -> [(rule: String, sentence: String)] {
        let node = nodes[target]
        let source = nodes[instance.node]
        var found: [(String, String)] = []
        if !instance.isShared { found.append(("shared storage", "\(name)'s disks are on \(source.name) alone or in a pair: it cannot go to \(node.name)")) }
        if node.isOffline { found.append(("acceptance", "\(node.name) is offline")) }
        if node.group != source.group { found.append(("group", "\(node.name) is of another node group than \(source.name)")) }
        if !source.migration.isSubset(of: node.receives) {
            let missing = list(source.migration.subtracting(node.receives).sorted())
            found.append(("migration tags", "\(node.name) does not take what runs on \(source.name): \(missing)"))
        }
        let after = node.free - instance.memory
        if after <= 0 || (after <= node.reserved && node.free > node.reserved) {
            found.append(("memory", "\(node.name) has \(node.free) MiB free and holds \(node.reserved) back, \(instance.memory) MiB are needed for \(name)"))
        }
        if Double(node.vcpus + instance.vcpus) > node.mostVCPUs + 1e-9 {
            found.append(("vCPUs", "\(node.name) would run \(node.vcpus + instance.vcpus) vCPUs, \(Int(node.mostVCPUs)) are the policy's most"))
        }
        for tag in instance.tags where node.tags[tag, default: 0] > 0 {
            found.append(("exclusion tag", "an instance with the tag \(tag) of \(name) is on \(node.name)"))
        }
        return found
    }

    private mutating func carryOut(_ name: String, to target: Int) {
        guard var instance = instances[name] else { return }
        let source = instance.node
        nodes[source].used -= instance.memory
        nodes[target].used += instance.memory
        nodes[source].vcpus -= instance.vcpus
        nodes[target].vcpus += instance.vcpus
        for tag in instance.tags {
            nodes[source].tags[tag, default: 0] -= 1
            nodes[target].tags[tag, default: 0] += 1
        }
        if instance.isShared {
            if let position = nodes[source].restartable.firstIndex(of: instance.memory) { nodes[source].restartable.remove(at: position) }
            nodes[target].restartable.append(instance.memory)
        }
        instance.node = target
        instances[name] = instance
    }

    // MARK: - N+1

    /// What a violation of N+1 is called.
    public static let coverRule = "N+1"

    /// The same once the moves have been made.
    public func coveredNodes(after moves: [(instance: String, from: String, to: String)]) -> Int {
        var cluster = self
        for move in moves { if let to = nodeIndex[move.to] { cluster.carryOut(move.instance, to: to) } }
        return cluster.coveredNodes
    }

    /// How many nodes the cluster could lose, one at a time, with all their instances restarted elsewhere in their group.
    public var coveredNodes: Int { nodes.indices.count { cover(ofLosing: $0).cover > .none } }

    /// Any order: as long as an instance of m MiB finds nothing, each node with more than m free has given up all that exceeds it; what others can have taken
    /// is less than the node's whole. So all find room if what exceeds the largest is more than the rest of the node's memory; `reserve` is by how much.
    private func cover(ofLosing lost: Int) -> (cover: Cover, reserve: Int) {
        let needs = nodes[lost].restartable
        guard let largest = needs.max(), largest > 0 else { return (.anyOrder, .max) }
        var reserve = largest - needs.reduce(0, +)
        for (index, node) in nodes.enumerated() where index != lost && node.group == nodes[lost].group { reserve += max(0, node.spare - largest) }
        if reserve > 0 { return (.anyOrder, reserve) }
        var spare = nodes.enumerated().filter { $0 != lost && $1.group == nodes[lost].group }.map(\.element.spare)
        for need in needs.sorted(by: >) {
            guard let widest = spare.indices.max(by: { spare[$0] < spare[$1] }), spare[widest] > need else { return (.none, 0) }
            spare[widest] -= need
        }
        return (.largestFirst, 0)
    }

    /// The nodes that a move of so much memory leaves uncovered.
    ///
    /// A move takes no more from another node's reserve than its memory: as long as that leaves something, nobody need count again.
    private func exposed(_ known: inout [(cover: Cover, reserve: Int)], by source: Int, _ target: Int, memory: Int) -> [String] {
        var found: [String] = []
        for index in nodes.indices where known[index].cover > .none {
            if index != source, index != target {
                if known[index].reserve == .max { continue }
                known[index].reserve -= memory
                if known[index].reserve > 0 { continue }
            }
            let now = cover(ofLosing: index)
            // What leaves an offline node must go somewhere, whatever that takes from the others.
            if nodes[source].isOffline {
                known[index] = now
                continue
            }
            if now.cover == .none { found.append(nodes[index].name) }
            known[index] = (max(now.cover, .largestFirst), now.reserve)
        }
        return found
    }
}
