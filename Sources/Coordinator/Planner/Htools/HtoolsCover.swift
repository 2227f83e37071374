/// Whether the cluster would come through the loss of a node as well as it did at the start (`HtoolsReplay` checks the same with code of its own).
///
/// A node is covered if all its instances find room elsewhere in its group: in any order, where what is free beyond the node's largest instance on all other
/// nodes is more than the rest of the node's memory; or at least restarted one by one, the largest first and each where most is free.
struct HtoolsCover {
    enum Level: Int { case none, covered }

    private let board: HtoolsBoard
    /// By node: how it was covered at the start.
    private var known: [Level] = []
    /// Whether there is anything to keep.
    private(set) var isWatched = false
    /// Instances, the largest first.
    private let bySize: [Int]
    /// By node: its group.
    private let group: [Int]
    // For a look, by node: the memory of all its instances and of the largest, and what it has to spare; and what its group has left.
    private var whole: [Int]
    private var largest: [Int]
    private var spare: [Int]
    private var left: [Int]
    /// Who was not covered when somebody was not, last time.
    private var suspect = 0
    /// Up to so many nodes each counts the others by itself; more are sorted.
    private static let fewNodes = 64

    init(_ board: HtoolsBoard) {
        self.board = board
        bySize = (0..<board.instances).filter { board.isShared[$0] }.sorted { (board.usedMemory[$1], $0) < (board.usedMemory[$0], $1) }
        var group = [Int](repeating: 0, count: board.nodes)
        for (number, members) in board.groups.enumerated() { for node in members { group[node] = number } }
        self.group = group
        whole = Array(repeating: 0, count: board.nodes)
        (largest, spare, left) = (whole, whole, whole)
        known = levels(HtoolsState(board, at: board.origin), atLeast: nil)
        isWatched = known.contains { $0 != .none }
    }

    /// Whether every node is covered at least as well as at the start.
    mutating func isKept(by state: borrowing HtoolsState) -> Bool {
        guard isWatched else { return true }
        guard board.nodes <= Self.fewNodes else {
            let level = levels(state, atLeast: known)
            return level.indices.allSatisfy { level[$0].rawValue >= known[$0].rawValue }
        }
        for node in 0..<board.nodes { (whole[node], largest[node], spare[node]) = (0, 0, state.spare(node)) }
        for instance in bySize {
            let (node, memory) = (state.at[instance], board.usedMemory[instance])
            whole[node] += memory
            largest[node] = max(largest[node], memory)
        }
        guard isCovered(suspect, state) else { return false }
        for node in 0..<board.nodes where !isCovered(node, state) {
            suspect = node
            return false
        }
        return true
    }

    /// Of a node that was covered at the start.
    private mutating func isCovered(_ node: Int, _ state: borrowing HtoolsState) -> Bool {
        let most = largest[node]
        guard known[node] != .none, most > 0 else { return true }
        var beyond = -max(0, spare[node] - most)
        for other in 0..<board.nodes where group[other] == group[node] { beyond += max(0, spare[other] - most) }
        guard beyond <= whole[node] - most else { return true }
        for other in 0..<board.nodes { left[other] = group[other] == group[node] && other != node ? spare[other] : -1 }
        for instance in bySize where state.at[instance] == node {
            var widest = 0
            for other in 1..<board.nodes where left[other] > left[widest] { widest = other }
            guard left[widest] > board.usedMemory[instance] else { return false }
            left[widest] -= board.usedMemory[instance]
        }
        return true
    }

    /// Where an even cluster would leave no node the room that its largest instance needs after a loss: one node of each such group, the one with most to spare
    /// now (or, by `rank`, one of the next), and that room.
    func holes(in state: borrowing HtoolsState, rank: Int = 0) -> [Int: Int] {
        guard isWatched else { return [:] }
        var holes: [Int: Int] = [:]
        for members in board.groups {
            let isMember = Set(members)
            var (largest, spare, room) = (0, 0, 0)
            for instance in 0..<board.instances where board.isShared[instance] && isMember.contains(state.at[instance]) {
                largest = max(largest, board.usedMemory[instance])
            }
            let online = members.filter { !board.isOffline[$0] }
            for node in online {
                spare += state.spare(node)
                room += max(0, board.room[node])
            }
            guard room > 0, largest > 0, !online.isEmpty else { continue }
            let widest = online.map { (spare: state.spare($0), node: $0) }.sorted { ($1.spare, $0.node) < ($0.spare, $1.node) }[min(rank, online.count - 1)]
                .node
            let share = Double(spare) / Double(room)
            guard online.count(where: { Double(board.room[$0]) * share > Double(largest) }) < 2 else { continue }
            holes[widest] = largest
        }
        return holes
    }

    /// How many of the steps can be made, in their order, before one would leave a node worse covered.
    mutating func prefix(of steps: [HtoolsPlanner.Step]) -> Int {
        guard isWatched else { return steps.count }
        var walk = HtoolsCoverWalk(board, watching: known.map { $0 != .none })
        for (index, step) in steps.enumerated() {
            let lost = walk.losses(after: step)
            // What leaves an offline node must go somewhere, whatever that takes from the others.
            guard lost.isEmpty || board.isOffline[step.from] else { return index }
            for node in lost {
                known[node] = .none
                walk.forget(node)
            }
        }
        return steps.count
    }

    /// Each node's level. With `atLeast` nodes that were not covered are not looked at.
    private func levels(_ state: borrowing HtoolsState, atLeast known: [Level]?) -> [Level] {
        var whole = [Int](repeating: 0, count: board.nodes)
        var largest = whole
        for instance in 0..<board.instances where board.isShared[instance] {
            let (node, memory) = (state.at[instance], board.usedMemory[instance])
            whole[node] += memory
            if memory > largest[node] { largest[node] = memory }
        }
        let spare = (0..<board.nodes).map { state.spare($0) }
        var level = [Level](repeating: known == nil ? .none : .covered, count: board.nodes)
        for members in board.groups {
            let sorted = members.map { spare[$0] }.sorted(by: >)
            var sums = [0]
            for amount in sorted { sums.append(sums[sums.count - 1] + amount) }
            for node in members where known.map({ $0[node] != .none }) ?? true {
                guard largest[node] > 0 else {
                    level[node] = .covered
                    continue
                }
                // How many have more to spare than the largest needs.
                var (low, high) = (0, sorted.count)
                while low < high {
                    let middle = (low + high) / 2
                    if sorted[middle] > largest[node] { low = middle + 1 } else { high = middle }
                }
                let beyond = sums[low] - low * largest[node] - max(0, spare[node] - largest[node])
                level[node] = beyond > whole[node] - largest[node] || fits(node, members, spare, state) ? .covered : .none
            }
        }
        return level
    }

    private func fits(_ lost: Int, _ members: [Int], _ spare: [Int], _ state: borrowing HtoolsState) -> Bool {
        var left = members.filter { $0 != lost }.map { spare[$0] }
        var needs: [Int] = []
        for instance in 0..<board.instances where state.at[instance] == lost && board.isShared[instance] { needs.append(board.usedMemory[instance]) }
        for need in needs.sorted(by: >) {
            guard let widest = left.indices.max(by: { left[$0] < left[$1] }), left[widest] > need else { return false }
            left[widest] -= need
        }
        return true
    }
}
