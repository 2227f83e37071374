/// Each step's reason on hbal's score, in numbers: `score 1.2 to 1.17: vCPU deviation 0.31 to 0.29, memory deviation 0.25 to 0.24`.
public struct HtoolsReasons {
    private let cluster: HtoolsCluster
    private let board: HtoolsBoard
    private let evacuated: Int?

    /// - Parameter evacuated: the node that is to be emptied; others that are offline are so by themselves.
    public init(_ cluster: HtoolsCluster, evacuated: Int?) {
        self.cluster = cluster
        self.evacuated = evacuated
        board = HtoolsBoard(cluster)
    }

    /// By step.
    public func list(_ steps: [HtoolsPlanner.Step]) -> [String] {
        var state = HtoolsState(board, at: board.origin)
        var sentences: [String] = []
        for step in steps {
            let (before, free) = (terms(state), state.room(on: step.to))
            let score = state.score + board.rest
            state.move(step.instance, to: step.to)
            let change = Self.change(from: score, to: state.score + board.rest)
            let needed = board.usedMemory[step.instance]
            let then = needed > 0 ? "then \(HtoolsStays.memory(free - needed))" : "and \(cluster.instances[step.instance].name), which is down, takes none"
            let target = "\(cluster.nodes[step.to].name) has \(HtoolsStays.memory(free)) free, \(then)"
            if step.from == evacuated {
                sentences.append("\(cluster.nodes[step.from].name) is to be emptied; \(target); \(change)")
            } else if board.isOffline[step.from] {
                sentences.append("\(cluster.nodes[step.from].name) is offline; \(target); \(change)")
            } else {
                sentences.append(change + Self.largest(of: before, terms(state)))
            }
        }
        return sentences
    }

    private typealias Term = (name: String, value: Double, weight: Double)

    /// What a move can change, and by how much of the score.
    private func terms(_ state: borrowing HtoolsState) -> [Term] {
        let (deviations, weights) = (state.deviations, board.weights)
        let names = ["memory deviation", "reported memory's deviation", "vCPU deviation", "CPU load's deviation", "memory load's deviation"]
        let lanes = (names + ["disk load's deviation", "network load's deviation"]).enumerated().map { ($1, deviations[$0], weights[$0]) }
        return lanes + [("tags, locations and offline nodes", state.counted, 1)]
    }

    /// The two terms that fall most; where the score rises, the one that rises most.
    private static func largest(of before: [Term], _ after: [Term]) -> String {
        let changes = zip(before, after).map { (name: $0.name, from: $0.value, to: $1.value, gain: ($0.value - $1.value) * $0.weight) }
        let falls = changes.reduce(0) { $0 + $1.gain } > 0
        let told = changes.filter { abs($0.gain) > 1e-9 && ($0.gain > 0) == falls }.sorted { abs($0.gain) > abs($1.gain) }.prefix(falls ? 2 : 1)
        if told.isEmpty { return "" }
        let list = told.map { "\($0.name) \(change(from: $0.from, to: $0.to, name: ""))" }.joined(separator: ", ")
        return (falls ? ": " : ", for the sake of other moves: ") + list
    }

    /// With as many decimals as tell the two apart, and at least two.
    private static func change(from: Double, to: Double, name: String = "score ") -> String {
        for decimals in 2...7 {
            let (a, b) = (Words.decimal(from, decimals: decimals), Words.decimal(to, decimals: decimals))
            if a != b { return "\(name)\(a) to \(b)" }
        }
        return "\(name)stays \(Words.decimal(from))"
    }
}
