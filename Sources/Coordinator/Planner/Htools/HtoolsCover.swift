/// Whether the cluster would come through the loss of a node as well as it did at the start (`HtoolsReplay` checks the same with code of its own).
///
/// A node is covered if all its instances find room elsewhere in its group: in any order, where what is free beyond the node's largest instance on all other
/// nodes is more than the rest of the node's memory; or at least restarted one by one, the largest first and each where most is free.
struct HtoolsCover {
    private let board: HtoolsBoard
    /// By node: whether it was covered at the start, and is to be.
    private var isCovered: [Bool]
    /// Whether there is anything to keep.
    private(set) var isWatched = false
    /// Instances, the largest first.
    private let bySize: [Int]
    // For a look, by node: the memory of all its instances and of the largest; by seat, what it has to spare.
    private var whole: [Int]
    private var largest: [Int]
    private var spare: [Int]
    private var restart = HtoolsRestart()
    /// Who was not covered when somebody was not, last time.
    private var suspect = 0

    init(_ board: HtoolsBoard) {
        self.board = board
        bySize = (0..<board.instances).filter { board.isShared[$0] }.sorted { (board.usedMemory[$1], $0) < (board.usedMemory[$0], $1) }
        whole = Array(repeating: 0, count: board.nodes)
        (largest, spare) = (whole, whole)
        isCovered = Array(repeating: true, count: board.nodes)
        let state = HtoolsState(board, at: board.origin)
        look(at: state)
        for node in 0..<board.nodes { isCovered[node] = covers(node, state) }
        isWatched = isCovered.contains(true)
    }

    /// Whether every node is covered that was at the start.
    mutating func isKept(by state: borrowing HtoolsState) -> Bool {
        guard isWatched else { return true }
        look(at: state)
        guard covers(suspect, state) else { return false }
        for node in 0..<board.nodes where !covers(node, state) {
            suspect = node
            return false
        }
        return true
    }

    private mutating func look(at state: borrowing HtoolsState) {
        for node in 0..<board.nodes { (whole[node], largest[node], spare[board.seat[node]]) = (0, 0, state.spare(node)) }
        for instance in bySize {
            let (node, memory) = (state.at[instance], board.usedMemory[instance])
            whole[node] += memory
            largest[node] = max(largest[node], memory)
        }
    }

    /// Of a node that is to be covered.
    private mutating func covers(_ node: Int, _ state: borrowing HtoolsState) -> Bool {
        guard isCovered[node], largest[node] > 0 else { return true }
        let (seat, seats) = (board.seat[node], board.seats[node])
        guard HtoolsRestart.reserve(of: seat, among: seats, whole: whole[node], largest: largest[node], spare: spare) <= 0 else { return true }
        restart.lose(seat, of: seats, spare: spare)
        for instance in bySize where state.at[instance] == node { restart.need(board.usedMemory[instance]) }
        return restart.fits()
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
        var walk = HtoolsCoverWalk(board, watching: isCovered)
        for (index, step) in steps.enumerated() {
            let lost = walk.losses(after: step)
            // What leaves an offline node must go somewhere, whatever that takes from the others.
            guard lost.isEmpty || board.isOffline[step.from] else { return index }
            for node in lost {
                isCovered[node] = false
                walk.forget(node)
            }
        }
        return steps.count
    }
}
