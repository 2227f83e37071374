/// Simulated annealing (Kirkpatrick, Gelatt, Vecchi, Science 220, 1983) over placements with at most so many instances moved and so much memory sent;
/// the best one seen is kept.
struct HtoolsAnnealing {
    /// The first temperature, as a share of the score over the root of the number of nodes; it sinks with the third power of what is left.
    private static let heat = 0.2

    private var state: HtoolsState
    private(set) var best: [Int]
    private var bestScore: Double
    private let maxMoves: Int
    private let maxMemory: Int
    private var random: SplitMix64
    private let movable: [Int]
    /// Those that are not where they were, and where each stands in the list (-1: it is where it was).
    private var displaced: [Int] = []
    private var position: [Int]

    init(_ state: HtoolsState, maxMoves: Int, maxMemory: Int, seed: UInt64) {
        let board = state.board
        self.state = state
        self.maxMoves = maxMoves
        self.maxMemory = maxMemory
        random = SplitMix64(seed: seed)
        movable = (0..<board.instances).filter { board.isMovable[$0] }
        best = state.at
        bestScore = state.displaced <= maxMoves && state.moved <= maxMemory ? state.score : .infinity
        position = Array(repeating: -1, count: board.instances)
        for instance in movable where state.at[instance] != board.origin[instance] { remember(instance) }
    }

    private mutating func remember(_ instance: Int) {
        let isAway = state.at[instance] != state.board.origin[instance]
        if isAway, position[instance] < 0 {
            position[instance] = displaced.count
            displaced.append(instance)
        } else if !isAway, position[instance] >= 0 {
            let hole = position[instance]
            let last = displaced.removeLast()
            if last != instance {
                displaced[hole] = last
                position[last] = hole
            }
            position[instance] = -1
        }
    }

    mutating func run(steps: Int) {
        guard state.board.nodes > 1, movable.count > 1, maxMoves > 0 else { return }
        bringWithinLimits()
        let board = state.board
        var current = state.score
        let start = Self.heat * current / Double(max(8, board.nodes)).squareRoot()
        var accepted = 0
        for step in 0..<max(0, steps) {
            let left = 1 - Double(step) / Double(steps)
            let threshold = start * left * left * left * random.exponential()
            let kind = random.next() & 7
            let score: Double?
            switch kind {
            case 0, 1: score = relocate(movable[random.below(movable.count)], current + threshold)
            case 2, 3: score = displaced.isEmpty ? nil : relocate(displaced[random.below(displaced.count)], current + threshold)
            case 4: score = displaced.isEmpty ? nil : sendHome(displaced[random.below(displaced.count)], current + threshold)
            case 5: score = exchange(movable[random.below(movable.count)], movable[random.below(movable.count)], current + threshold)
            default: score = replace(current + threshold)
            }
            guard let score else { continue }
            current = score
            accepted += 1
            // Sums are kept by differences; made anew now and then, nothing drifts.
            if accepted & 0xFFFF == 0 {
                state = HtoolsState(board, at: state.at)
                current = state.score
            }
            if current < bestScore - 1e-12 {
                bestScore = current
                best = state.at
            }
        }
    }

    /// Sends the ones home that matter least until moves and memory are within their limits.
    private mutating func bringWithinLimits() {
        let board = state.board
        while state.displaced > maxMoves || state.moved > maxMemory {
            var best = (instance: -1, score: Double.infinity)
            for instance in displaced {
                // Home need not have room now: the checks of the order decide. But prefer those that fit.
                let score =
                    state.scoreAfter(instance, to: board.origin[instance])
                    + (state.fits(instance, on: board.origin[instance]) || board.isOffline[board.origin[instance]] ? 0 : 1e6)
                if score < best.score { best = (instance, score) }
            }
            guard best.instance >= 0 else { return }
            state.move(best.instance, to: board.origin[best.instance])
            remember(best.instance)
        }
        if state.score < bestScore {
            bestScore = state.score
            self.best = state.at
        }
    }

    // MARK: - Neighbours: the new score where one is taken, nil where none is

    private func isAllowed(displacedBy count: Int, memoryBy amount: Int) -> Bool {
        (count <= 0 || state.displaced + count <= maxMoves) && (amount <= 0 || state.moved + amount <= maxMemory)
    }

    private func effect(_ instance: Int, _ target: Int) -> (count: Int, memory: Int) {
        let (origin, memory) = (state.board.origin[instance], state.board.memory[instance])
        if state.at[instance] == origin { return target == origin ? (0, 0) : (1, memory) }
        return target == origin ? (-1, -memory) : (0, 0)
    }

    private mutating func relocate(_ instance: Int, _ limit: Double) -> Double? {
        let target = random.below(state.board.nodes)
        guard target != state.at[instance] else { return nil }
        let (count, memory) = effect(instance, target)
        guard isAllowed(displacedBy: count, memoryBy: memory), state.fits(instance, on: target) else { return nil }
        let score = state.scoreAfter(instance, to: target)
        guard score < limit else { return nil }
        state.move(instance, to: target)
        remember(instance)
        return score
    }

    private mutating func sendHome(_ instance: Int, _ limit: Double) -> Double? {
        let home = state.board.origin[instance]
        guard state.fits(instance, on: home) else { return nil }
        let score = state.scoreAfter(instance, to: home)
        guard score < limit else { return nil }
        state.move(instance, to: home)
        remember(instance)
        return score
    }

    private mutating func exchange(_ a: Int, _ b: Int, _ limit: Double) -> Double? {
        let (nodeOfA, nodeOfB) = (state.at[a], state.at[b])
        guard nodeOfA != nodeOfB else { return nil }
        let (x, y) = (effect(a, nodeOfB), effect(b, nodeOfA))
        guard isAllowed(displacedBy: x.count + y.count, memoryBy: x.memory + y.memory) else { return nil }
        guard state.fits(a, on: nodeOfB, without: b), state.fits(b, on: nodeOfA, without: a) else { return nil }
        let score = state.scoreAfter(a, to: nodeOfB, exchanging: b)
        guard score < limit else { return nil }
        state.move(a, to: nodeOfB)
        state.move(b, to: nodeOfA)
        remember(a)
        remember(b)
        return score
    }

    /// One goes home and another goes away instead: as many moves as before.
    private mutating func replace(_ limit: Double) -> Double? {
        guard !displaced.isEmpty else { return nil }
        let back = displaced[random.below(displaced.count)]
        let away = movable[random.below(movable.count)]
        let home = state.board.origin[back]
        let place = state.at[back]
        // Half of the time the other takes the place that was left.
        let target = random.next() & 1 == 0 ? place : random.below(state.board.nodes)
        guard back != away, position[away] < 0, state.at[away] != target, state.fits(back, on: home) else { return nil }
        guard isAllowed(displacedBy: 0, memoryBy: state.board.memory[away] - state.board.memory[back]) else { return nil }
        state.move(back, to: home)
        guard state.fits(away, on: target) else {
            state.move(back, to: place)
            return nil
        }
        let score = state.scoreAfter(away, to: target)
        guard score < limit else {
            state.move(back, to: place)
            return nil
        }
        state.move(away, to: target)
        remember(back)
        remember(away)
        return score
    }
}

/// An order in which every step is legal.
enum HtoolsOrder {
    /// `nil` where none is found without further moves.
    static func steps(_ board: HtoolsBoard, to places: [Int]) -> [HtoolsPlanner.Step]? {
        var state = HtoolsState(board, at: board.origin)
        var pending = (0..<board.instances).filter { places[$0] != board.origin[$0] }.sorted { (board.memory[$0], $0) < (board.memory[$1], $1) }
        var steps: [HtoolsPlanner.Step] = []
        while !pending.isEmpty {
            var waiting: [Int] = []
            for instance in pending {
                guard state.fits(instance, on: places[instance]) else {
                    waiting.append(instance)
                    continue
                }
                steps.append(HtoolsPlanner.Step(instance: instance, from: state.at[instance], to: places[instance]))
                state.move(instance, to: places[instance])
            }
            guard waiting.count < pending.count else { return nil }
            pending = waiting
        }
        return steps
    }
}
