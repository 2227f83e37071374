/// Simulated annealing (Kirkpatrick, Gelatt, Vecchi, Science 220, 1983) over placements with at most so many instances moved and so much memory sent;
/// the best one seen that leaves no node's loss worse to bear is kept.
struct HtoolsAnnealing: ~Copyable {
    typealias Lanes = HtoolsBoard.Lanes

    /// The first temperature, as a share of the score over the root of the number of nodes; it sinks with the third power of what is left.
    private static let heat = 0.2

    private var state: HtoolsState
    private(set) var best: [Int]
    private var bestScore: Double
    private let cover: HtoolsCover
    private let maxMoves: Int
    private let maxMemory: Int
    private var random: SplitMix64
    private let movable: [Int]
    private let memory: [Int]
    private let origin: [Int]
    /// Those that are not where they were, and where each stands in the list (-1: it is where it was).
    private var displaced: [Int] = []
    private var position: [Int]
    /// Those that have moved since `best` was kept; of them all, once they are too many to be listed.
    private var dirty: [Int] = []
    private var isAllDirty = true
    /// Whether each best placement is looked at for what the loss of a node would do.
    private let isWatching: Bool
    // What changes are bounded with before roots are taken, as in `HtoolsDescent`.
    private var slope = Lanes(repeating: 0)
    private var curve = Lanes(repeating: 0)

    init(_ state: consuming HtoolsState, maxMoves: Int, maxMemory: Int, seed: UInt64, isWatching: Bool) {
        let board = state.board
        self.maxMoves = maxMoves
        self.maxMemory = maxMemory
        self.isWatching = isWatching
        random = SplitMix64(seed: seed)
        movable = (0..<board.instances).filter { board.isMovable[$0] }
        memory = board.memory
        origin = board.origin
        cover = HtoolsCover(board)
        best = state.places
        bestScore = .infinity
        position = Array(repeating: -1, count: board.instances)
        self.state = state
        for instance in movable where self.state.at[instance] != origin[instance] { remember(instance) }
    }

    private mutating func remember(_ instance: Int) {
        if dirty.count < origin.count { dirty.append(instance) } else { isAllDirty = true }
        let isAway = state.at[instance] != origin[instance]
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
        var current = state.score
        keep(current)
        let start = Self.heat * current / Double(max(8, state.board.nodes)).squareRoot()
        var accepted = 0
        measure()
        for step in 0..<max(0, steps) {
            let left = 1 - Double(step) / Double(steps)
            let threshold = start * left * left * left * random.exponential()
            let score: Double?
            switch random.next() & 7 {
            case 0, 1: score = relocate(movable[random.below(movable.count)], current, threshold)
            case 2, 3: score = displaced.isEmpty ? nil : relocate(displaced[random.below(displaced.count)], current, threshold)
            case 4: score = displaced.isEmpty ? nil : sendHome(displaced[random.below(displaced.count)], current, threshold)
            case 5: score = exchange(movable[random.below(movable.count)], movable[random.below(movable.count)], current, threshold)
            default: score = replace(current, threshold)
            }
            guard let score else { continue }
            accepted += 1
            current = score
            if accepted & 0xFFFF == 0 {
                state.refresh()
                current = state.score
            }
            measure()
            if current < bestScore - 1e-12 { keep(current) }
        }
    }

    private mutating func keep(_ score: Double) {
        guard !isWatching || cover.isKept(by: state) else { return }
        bestScore = score
        if isAllDirty { best = state.places } else { for instance in dirty { best[instance] = state.at[instance] } }
        isAllDirty = false
        dirty.removeAll(keepingCapacity: true)
    }

    private mutating func measure() {
        let deviation = state.deviations
        let safe = deviation.replacing(with: 1e-12, where: deviation .< 1e-12)
        slope = state.board.weights * -0.5 / safe
        curve = state.board.weights * 0.5 / (safe * safe * safe)
    }

    /// Sends the ones home that matter least until moves and memory are within their limits.
    private mutating func bringWithinLimits() {
        while state.displaced > maxMoves || state.moved > maxMemory {
            var best = (instance: -1, score: Double.infinity)
            for instance in displaced {
                // Home need not have room now: the checks of the order decide. But prefer those that fit.
                let isWelcome = state.fits(instance, on: origin[instance]) || state.board.isOffline[origin[instance]]
                let score = state.scoreAfter(instance, to: origin[instance]) + (isWelcome ? 0 : 1e6)
                if score < best.score { best = (instance, score) }
            }
            guard best.instance >= 0 else { return }
            state.move(best.instance, to: origin[best.instance])
            remember(best.instance)
        }
    }

    // MARK: - Neighbours: the new score where one is taken, nil where none is

    private func isAllowed(displacedBy count: Int, memoryBy amount: Int) -> Bool {
        (count <= 0 || state.displaced + count <= maxMoves) && (amount <= 0 || state.moved + amount <= maxMemory)
    }

    private func effect(_ instance: Int, _ target: Int) -> (count: Int, memory: Int) {
        if state.at[instance] == origin[instance] { return target == origin[instance] ? (0, 0) : (1, memory[instance]) }
        return target == origin[instance] ? (-1, -memory[instance]) : (0, 0)
    }

    /// The score after the change, if it is less than `threshold` above the present one. Most are refused by a bound that needs no roots.
    @inline(__always)
    private func judge(_ change: Lanes, _ counted: Double, _ current: Double, _ threshold: Double) -> Double? {
        guard counted - (change * (slope + change * curve)).sum() < threshold else { return nil }
        let score = state.value(after: change) + state.counted + counted
        return score < current + threshold ? score : nil
    }

    private mutating func relocate(_ instance: Int, _ current: Double, _ threshold: Double) -> Double? {
        let target = random.below(state.board.nodes)
        guard target != state.at[instance] else { return nil }
        let (count, memory) = effect(instance, target)
        guard isAllowed(displacedBy: count, memoryBy: memory), state.fits(instance, on: target) else { return nil }
        guard let score = judge(state.change(instance, to: target), state.countedChange(instance, to: target), current, threshold) else { return nil }
        state.move(instance, to: target)
        remember(instance)
        return score
    }

    private mutating func sendHome(_ instance: Int, _ current: Double, _ threshold: Double) -> Double? {
        let home = origin[instance]
        guard state.fits(instance, on: home) else { return nil }
        guard let score = judge(state.change(instance, to: home), state.countedChange(instance, to: home), current, threshold) else { return nil }
        state.move(instance, to: home)
        remember(instance)
        return score
    }

    private mutating func exchange(_ a: Int, _ b: Int, _ current: Double, _ threshold: Double) -> Double? {
        let (nodeOfA, nodeOfB) = (state.at[a], state.at[b])
        guard nodeOfA != nodeOfB else { return nil }
        let (x, y) = (effect(a, nodeOfB), effect(b, nodeOfA))
        guard isAllowed(displacedBy: x.count + y.count, memoryBy: x.memory + y.memory) else { return nil }
        guard state.fits(a, on: nodeOfB, without: b), state.fits(b, on: nodeOfA, without: a) else { return nil }
        let counted = state.countedChange(a, to: nodeOfB) + state.countedChange(b, to: nodeOfA)
        guard let score = judge(state.change(exchanging: a, b), counted, current, threshold) else { return nil }
        state.move(a, to: nodeOfB)
        state.move(b, to: nodeOfA)
        remember(a)
        remember(b)
        return score
    }

    /// One goes home and another goes away instead: as many moves as before.
    private mutating func replace(_ current: Double, _ threshold: Double) -> Double? {
        guard !displaced.isEmpty else { return nil }
        let back = displaced[random.below(displaced.count)]
        let away = movable[random.below(movable.count)]
        let home = origin[back]
        let place = state.at[back]
        // Half of the time the other takes the place that was left.
        let target = random.next() & 1 == 0 ? place : random.below(state.board.nodes)
        guard back != away, position[away] < 0, state.at[away] != target, state.fits(back, on: home) else { return nil }
        guard isAllowed(displacedBy: 0, memoryBy: memory[away] - memory[back]) else { return nil }
        state.move(back, to: home)
        if state.fits(away, on: target) {
            let score = state.scoreAfter(away, to: target)
            if score < current + threshold {
                state.move(away, to: target)
                remember(back)
                remember(away)
                return score
            }
        }
        state.move(back, to: place)
        return nil
    }
}

/// An order in which every step is legal, as waves of moves that touch no node twice.
enum HtoolsOrder {
    /// `nil` where none is found without further moves.
    static func steps(_ board: HtoolsBoard, to places: [Int]) -> (steps: [HtoolsPlanner.Step], waves: [Int])? {
        var state = HtoolsState(board, at: board.origin)
        var pending = (0..<board.instances).filter { places[$0] != board.origin[$0] }.sorted { (board.memory[$0], $0) < (board.memory[$1], $1) }
        var steps: [HtoolsPlanner.Step] = []
        var waves: [Int] = []
        var touched = [Int](repeating: -1, count: board.nodes)
        var wave = 0
        while !pending.isEmpty {
            var waiting: [Int] = []
            for instance in pending {
                let (source, target) = (state.at[instance], places[instance])
                guard touched[source] < wave, touched[target] < wave, state.fits(instance, on: target) else {
                    waiting.append(instance)
                    continue
                }
                (touched[source], touched[target]) = (wave, wave)
                steps.append(HtoolsPlanner.Step(instance: instance, from: source, to: target))
                waves.append(wave)
                state.move(instance, to: target)
            }
            guard waiting.count < pending.count else { return nil }
            pending = waiting
            wave += 1
        }
        var cover = HtoolsCover(board)
        guard cover.prefix(of: steps) == steps.count else { return nil }
        return (steps, waves)
    }
}
