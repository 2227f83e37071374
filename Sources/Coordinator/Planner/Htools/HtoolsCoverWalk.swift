/// How well each node's loss could be borne, followed from step to step.
///
/// A step changes what is on two nodes; from all others' reserves it takes no more than its memory. So a node is counted anew only where that may have used its
/// reserve up.
struct HtoolsCoverWalk: ~Copyable {
    private let board: HtoolsBoard
    private var state: HtoolsState
    // By node: its shared instances, the memory of all of them and of the largest; by seat, what it has to spare.
    private var residents: [[Int]]
    private var whole: [Int]
    private var largest: [Int]
    private var spare: [Int]
    /// By node: it is covered in any order by this much at least; not above 0: perhaps not. Nodes without instances, and those that are not watched: `max`.
    private var reserve: [Int]
    private var isWatched: [Bool]
    private var restart = HtoolsRestart()

    /// - Parameter isWatched: by node, whether its loss is to be borne.
    init(_ board: HtoolsBoard, watching isWatched: [Bool]) {
        self.board = board
        self.isWatched = isWatched
        state = HtoolsState(board, at: board.origin)
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
        spare[board.seat[node]] = state.spare(node)
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

    private func reserve(of node: Int) -> Int {
        guard isWatched[node], largest[node] > 0 else { return .max }
        return HtoolsRestart.reserve(of: board.seat[node], among: board.seats[node], whole: whole[node], largest: largest[node], spare: spare)
    }

    private mutating func fits(_ node: Int) -> Bool {
        restart.lose(board.seat[node], of: board.seats[node], spare: spare)
        for memory in residents[node].map({ board.usedMemory[$0] }).sorted(by: >) { restart.need(memory) }
        return restart.fits()
    }
}
