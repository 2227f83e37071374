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

    init(_ board: HtoolsBoard) {
        self.board = board
        known = levels(HtoolsState(board, at: board.origin), atLeast: nil)
        isWatched = known.contains { $0 != .none }
    }

    /// Whether every node is covered at least as well as at the start.
    func isKept(by state: borrowing HtoolsState) -> Bool {
        guard isWatched else { return true }
        let level = levels(state, atLeast: known)
        return level.indices.allSatisfy { level[$0].rawValue >= known[$0].rawValue }
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
