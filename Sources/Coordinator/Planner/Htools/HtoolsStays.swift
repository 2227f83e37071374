/// What stays where it should not, and why, by Ganeti's rules: on nodes that are to be emptied, and beside others with the same exclusion tag.
public struct HtoolsStays {
    private let cluster: HtoolsCluster
    private let board: HtoolsBoard
    private let migration: HtoolsMigration
    private let exclusion: [[String]]
    /// By instance: its node in the end.
    private let at: [Int]
    /// By node: what one instance may need and less than that, vCPUs that are left, exclusion tags.
    private let usable: [Int]
    private let vcpusLeft: [Int]
    private let tags: [Set<String>]
    /// Sentences at most, and names in one.
    private static let most = 8

    /// - Parameter places: where every instance is in the end.
    public init(_ cluster: HtoolsCluster, places: [Int]) {
        self.cluster = cluster
        board = HtoolsBoard(cluster)
        migration = HtoolsMigration(cluster)
        exclusion = HtoolsBooks(cluster).exclusion
        at = places
        let state = HtoolsState(board, at: places)
        var (usable, vcpusLeft): ([Int], [Int]) = ([], [])
        for node in 0..<board.nodes {
            usable.append(state.usable(node))
            vcpusLeft.append(state.vcpusLeft(node))
        }
        var tags = [Set<String>](repeating: [], count: board.nodes)
        for (instance, node) in places.enumerated() { tags[node].formUnion(exclusion[instance]) }
        (self.usable, self.vcpusLeft, self.tags) = (usable, vcpusLeft, tags)
    }

    /// `node3 keeps vm1 and vm2: their disks (plain) are not reached from other nodes`; none where nothing stays.
    public func onNode(_ node: Int) -> [String] {
        var groups: [(why: Why, members: [Int])] = []
        for instance in 0..<board.instances where at[instance] == node {
            let why = why(instance)
            if let known = groups.firstIndex(where: { $0.why == why }) { groups[known].members.append(instance) } else { groups.append((why, [instance])) }
        }
        let sentences = groups.prefix(Self.most).map { "\(cluster.nodes[node].name) keeps \(names($0.members, withMemory: $0.why.isOfMemory)): \($0.why.text)" }
        let others = groups.dropFirst(Self.most).reduce(0) { $0 + $1.members.count }
        return sentences + (others > 0 ? ["\(cluster.nodes[node].name) keeps \(others) more"] : [])
    }

    /// Online nodes where several instances have the same exclusion tag.
    public func crowded() -> [String] {
        guard board.hasTags else { return [] }
        var holders: [String: [Int]] = [:]
        for instance in 0..<board.instances where !board.isOffline[at[instance]] {
            for tag in Set(exclusion[instance]) { holders["\(at[instance]) \(tag)", default: []].append(instance) }
        }
        let met = holders.filter { $0.value.count > 1 }.sorted { ($0.value[0], $0.key) < ($1.value[0], $1.key) }
        let sentences = met.prefix(Self.most).map { key, members in
            let tag = key.split(separator: " ", maxSplits: 1).last.map(String.init) ?? ""
            // One of them may stay: all but one would have to go.
            let whys = members.map(why)
            let reason = (whys.first { $0 != .mayGo } ?? .mayGo).text
            return "\(cluster.nodes[at[members[0]]].name) runs \(names(members)), all with the exclusion tag \(tag): \(reason)"
        }
        return sentences + (met.count > Self.most ? ["exclusion tags meet \(met.count - Self.most) times more"] : [])
    }

    private struct Why: Hashable {
        var text: String
        /// Whose memory matters.
        var isOfMemory = false

        init(_ text: String, isOfMemory: Bool = false) { (self.text, self.isOfMemory) = (text, isOfMemory) }

        static let mayGo = Why("there is room elsewhere, but no plan that was found goes there")
    }

    private func why(_ instance: Int) -> Why {
        let facts = cluster.instances[instance]
        guard board.isShared[instance] else { return Why("the disks (\(facts.template)) are not reached from other nodes") }
        let home = at[instance]
        let group = cluster.nodes[home].group
        let others = cluster.nodes.indices.filter { $0 != home && cluster.nodes[$0].group == group && !board.isOffline[$0] }
        if others.isEmpty { return Why("no other node of the group is online") }
        let reached = others.filter { migration.needed[home].isSubset(of: migration.received[$0]) }
        if reached.isEmpty {
            let missing = migration.needed[home].subtracting(migration.received[others[0]]).sorted()
            let tag = "\(cluster.nodes[others[0]].name) lacks migration tag \(missing.joined(separator: ", "))"
            return Why("no other node of the group takes what runs there: \(tag)")
        }
        let needed = board.usedMemory[instance]
        let roomy = reached.filter { usable[$0] > needed }
        if roomy.isEmpty {
            let widest = reached.reduce(reached[0]) { usable[$1] > usable[$0] ? $1 : $0 }
            let most = Self.memory(max(0, usable[widest]))
            return Why("no node that may take it has more free than \(cluster.nodes[widest].name)'s \(most)", isOfMemory: true)
        }
        let vcpus = board.vcpus[instance]
        let computing = roomy.filter { vcpusLeft[$0] >= vcpus }
        if computing.isEmpty {
            let left = max(0, roomy.map { vcpusLeft[$0] }.max() ?? 0)
            return Why("\(vcpus) vCPUs are needed, the policy leaves \(left) at most where there is memory")
        }
        if !computing.contains(where: { tags[$0].isDisjoint(with: exclusion[instance]) }) {
            return Why("wherever there is room, others have the exclusion tag \(Set(exclusion[instance]).sorted().joined(separator: ", "))")
        }
        return board.isMovable[instance] ? .mayGo : Why("Ganeti is not to balance it")
    }

    /// `vm1, vm2 and 3 more`; `vm1 (4 GiB)`.
    private func names(_ instances: [Int], withMemory: Bool = false) -> String {
        let list = instances.prefix(Self.most).map { index in
            cluster.instances[index].name + (withMemory ? " (\(Self.memory(board.usedMemory[index])))" : "")
        }
        if instances.count > Self.most { return "\(list.joined(separator: ", ")) and \(instances.count - Self.most) more" }
        return list.count > 1 ? "\(list.dropLast().joined(separator: ", ")) and \(list[list.count - 1])" : list.joined()
    }

    /// `512 MiB`, `8.1 GiB`.
    static func memory(_ mebibytes: Int) -> String {
        abs(mebibytes) < 1024 ? "\(mebibytes) MiB" : "\(Words.decimal(Double(mebibytes) / 1024, decimals: 1)) GiB"
    }
}
