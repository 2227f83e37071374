/// How well each node's loss could be borne, followed from step to step.
///
/// A step changes what is on two nodes; from all others' reserves it takes no more than its memory. So a node is counted anew only where that may have used its
/// reserve up.
struct HtoolsCoverWalk: ~Copyable {
    private let board: HtoolsBoard
    private var state: HtoolsState
    /// By node: the others of its group and itself.
    private let members: [[Int]]
    // By node: its shared instances, the memory of all of them and of the largest, what it has to spare.
    private var residents: [[Int]]
    private var whole: [Int]
    private var largest: [Int]
    private var spare: [Int]
    /// By node: it is covered in any order by this much at least; not above 0: perhaps not. Nodes without instances, and those that are not watched: `max`.
    private var reserve: [Int]
    private var isWatched: [Bool]

    /// - Parameter isWatched: by node, whether its loss is to be borne.
    init(_ board: HtoolsBoard, watching isWatched: [Bool]) {
        self.board = board
        self.isWatched = isWatched
        state = HtoolsState(board, at: board.origin)
        var members = [[Int]](repeating: [], count: board.nodes)
        for group in board.groups { for node in group { members[node] = group } }
        self.members = members
        residents = Array(repeating: [], count: board.nodes)
        for instance in 0..<board.instances where board.isShared[instance] { residents[board.origin[instance]].append(instance) }
        whole = Array(repeating: 0, count: board.nodes)
        largest = whole
        spare = whole
        reserve = Array(repeating: .max, count: board.nodes)
        for node in 0..<board.nodes { refresh(node) }
        for node in 0..<board.nodes { reserve[node] = reserve(of: node) }
    }

    private mutating func refresh(_ node: Int) {
        whole[node] = residents[node].reduce(0) { $0 + board.usedMemory[$1] }
        largest[node] = residents[node].reduce(0) { max($0, board.usedMemory[$1]) }
        spare[node] = state.spare(node)
    }

    /// Nodes that are covered no more once the step has been made.
    mutating func losses(after step: HtoolsPlanner.Step) -> [Int] {
        state.move(step.instance, to: step.to)
        if board.isShared[step.instance] {
            residents[step.from].removeAll { $0 == step.instance }
            residents[step.to].append(step.instance)
        }
        refresh(step.from)
        refresh(step.to)
        let memory = board.usedMemory[step.instance]
        for node in reserve.indices where reserve[node] < .max { reserve[node] -= memory }
        reserve[step.from] = reserve(of: step.from)
        reserve[step.to] = reserve(of: step.to)
        var lost: [Int] = []
        for node in reserve.indices where reserve[node] <= 0 {
            reserve[node] = reserve(of: node)
            if reserve[node] <= 0, !fits(node) { lost.append(node) }
        }
        return lost
    }

    /// Its loss is not to be borne any more.
    mutating func forget(_ node: Int) {
        isWatched[node] = false
        reserve[node] = .max
    }

    /// By how much the others' room beyond its largest instance each is more than the rest of its instances.
    private func reserve(of node: Int) -> Int {
        guard isWatched[node], largest[node] > 0 else { return .max }
        let most = largest[node]
        var beyond = 0
        for other in members[node] { beyond += max(0, spare[other] - most) }
        return beyond - max(0, spare[node] - most) - (whole[node] - most)
    }

    /// Whether its instances find room one by one, the largest first and each where most is free.
    private func fits(_ node: Int) -> Bool {
        var left = members[node].filter { $0 != node }.map { spare[$0] }
        for need in residents[node].map({ board.usedMemory[$0] }).sorted(by: >) {
            guard let widest = left.indices.max(by: { left[$0] < left[$1] }), left[widest] > need else { return false }
            left[widest] -= need
        }
        return true
    }
}
