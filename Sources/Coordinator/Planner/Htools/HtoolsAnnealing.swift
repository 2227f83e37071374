/// Simulated annealing (Kirkpatrick, Gelatt, Vecchi, Science 220, 1983) over placements with at most so many instances moved and so much memory sent;
/// the best one seen that leaves no node's loss worse to bear is kept.
///
/// Each look judges many neighbours at once and takes one as heat would choose (Geman and Geman, IEEE PAMI 6, 1984): staying is one of the choices.
struct HtoolsAnnealing: ~Copyable {
    /// The first temperature, as a share of the score over the root of the number of nodes; it sinks with the square of what is left.
    private static let heat = 0.3
    /// Instances that are looked at as the one that goes away while another goes home.
    private static let tries = 2
    /// A placement is put by for later whenever the best has become so much better.
    private static let stride = 0.99
    private static let mostEarlier = 12

    private var state: HtoolsState
    private var lens: HtoolsLens
    private(set) var best: [Int]
    /// Placements that were the best before, the latest last.
    private(set) var earlier: [[Int]] = []
    private var bestScore: Double
    private var putBy = Double.infinity
    private var cover: HtoolsCover
    private let maxMoves: Int
    private let maxMemory: Int
    private var random: SplitMix64
    private let movable: [Int]
    private let memory: [Int]
    private let origin: [Int]
    private let hasCounts: Bool
    /// Those that have moved since `best` was kept; of them all, once they are too many to be listed.
    private var dirty: [Int] = []
    private var isAllDirty = true
    /// Whether each best placement is looked at for what the loss of a node would do.
    private let isWatching: Bool
    /// Whether no move is made that would make it worse, from a placement on where nothing is worse.
    private let isGuarded: Bool
    /// The moves of the last look, and where each came from: what is to be taken back.
    private var trail: [(instance: Int, source: Int)] = []
    private let holes: [Int: Int]

    init(_ state: consuming HtoolsState, maxMoves: Int, maxMemory: Int, seed: UInt64, isWatching: Bool, isGuarded: Bool = false, hole: Int = 0) {
        let board = state.board
        self.maxMoves = maxMoves
        self.maxMemory = maxMemory
        self.isWatching = isWatching && !isGuarded
        self.isGuarded = isGuarded
        random = SplitMix64(seed: seed)
        movable = (0..<board.instances).filter { board.isMovable[$0] }
        memory = board.memory
        origin = board.origin
        cover = HtoolsCover(board)
        hasCounts = board.hasTags || board.hasWishes || board.isOffline.contains(true)
        best = state.places
        bestScore = .infinity
        holes = isWatching && !isGuarded ? cover.holes(in: state, rank: hole) : [:]
        lens = HtoolsLens(state, holes: holes)
        self.state = state
    }

    @inline(__always)
    private mutating func remember(_ instance: Int, from source: Int) {
        if isGuarded { trail.append((instance, source)) }
        guard !isAllDirty else { return }
        if dirty.count < origin.count { dirty.append(instance) } else { isAllDirty = true }
    }

    mutating func run(steps: Int) {
        guard state.board.nodes > 1, movable.count > 1, maxMoves > 0 else { return }
        bringWithinLimits()
        keep(state.score)
        let start = Self.heat * state.score / Double(max(8, state.board.nodes)).squareRoot()
        var accepted = 0
        var heat = Float(start)
        // Looking at what a loss would do takes its time: only at what is clearly better, until the end comes near.
        var demanded = isWatching ? 0.995 : 1
        for step in 0..<max(0, steps) {
            if step & 31 == 0 {
                let left = 1 - Double(step) / Double(steps)
                heat = Float(start * left * left)
                if left < 0.1 { demanded = 1 }
            }
            let draw = random.next()
            if isGuarded { trail.removeAll(keepingCapacity: true) }
            let isTaken: Bool
            switch draw & 15 {
            case 0...1: isTaken = relocate(pick(draw), heat)
            case 2...11: isTaken = exchange(pick(draw), heat)
            default: isTaken = replace(heat)
            }
            guard isTaken else { continue }
            if isGuarded, !cover.isKept(by: state) {
                for (instance, source) in trail.reversed() { settle(instance, on: source) }
                lens.measure(state)
                continue
            }
            accepted += 1
            if accepted & 0xFFFF == 0 {
                state.refresh()
                for node in 0..<state.board.nodes { lens.update(node) }
            }
            let score = lens.measure(state) + state.counted
            if score < bestScore * demanded - 1e-12 { keep(score) }
        }
    }

    /// One that is away, or every fourth time any instance.
    @inline(__always)
    private mutating func pick(_ draw: UInt64) -> Int {
        draw & 48 == 0 || lens.away.isEmpty ? movable[random.below(movable.count)] : lens.away[random.below(lens.away.count)]
    }

    private mutating func keep(_ score: Double) {
        guard !isWatching || cover.isKept(by: state) else { return }
        if score < putBy * Self.stride {
            if bestScore < .infinity { earlier.append(best) }
            if earlier.count > Self.mostEarlier { earlier.removeFirst() }
            putBy = score
        }
        bestScore = score
        if isAllDirty { best = state.places } else { for instance in dirty { best[instance] = state.at[instance] } }
        isAllDirty = false
        dirty.removeAll(keepingCapacity: true)
    }

    /// Sends the ones home that matter least until moves and memory are within their limits.
    private mutating func bringWithinLimits() {
        while state.displaced > maxMoves || state.moved > maxMemory {
            var best = (instance: -1, score: Double.infinity)
            for instance in lens.away {
                // Home need not have room now: the checks of the order decide. But prefer those that fit.
                let isWelcome = state.fits(instance, on: origin[instance]) || state.board.isOffline[origin[instance]]
                let score = state.scoreAfter(instance, to: origin[instance]) + (isWelcome ? 0 : 1e6)
                if score < best.score { best = (instance, score) }
            }
            guard best.instance >= 0 else { break }
            settle(best.instance, on: origin[best.instance])
        }
        lens.measure(state)
    }

    private mutating func settle(_ instance: Int, on target: Int) {
        let source = state.at[instance]
        state.move(instance, to: target)
        lens.follow(instance, from: source, to: target, home: origin[instance])
        lens.update(source)
        lens.update(target)
        remember(instance, from: source)
    }

    // MARK: - Neighbours: whether one is taken

    private mutating func relocate(_ instance: Int, _ heat: Float) -> Bool {
        let source = state.at[instance]
        if source == origin[instance], state.displaced >= maxMoves || state.moved + memory[instance] > maxMemory { return replace(heat) }
        let stay = lens.noise(random.next()) * heat
        let (target, value) = lens.target(of: instance, at: source, after: lens.now, heat: heat, limit: stay, random: random.next())
        guard target >= 0, state.fits(instance, on: target) else { return false }
        if hasCounts, value + Float(state.countedChange(instance, to: target)) >= stay { return false }
        settle(instance, on: target)
        return true
    }

    /// Changes places with one that is away, or goes home instead of one that is there.
    private mutating func exchange(_ instance: Int, _ heat: Float) -> Bool {
        let source = state.at[instance]
        if source == origin[instance], state.displaced >= maxMoves || state.moved + memory[instance] > maxMemory { return replace(heat) }
        let stay = lens.noise(random.next()) * heat
        let most = Float(max(0, maxMemory - state.moved + memory[instance]))
        let (other, value) = lens.partner(
            of: instance, at: source, home: origin[instance], memory: most, heat: heat, limit: stay, random: random.next())
        guard other >= 0 else { return false }
        let target = state.at[other]
        guard state.fits(instance, on: target, without: other), state.fits(other, on: source, without: instance) else { return false }
        if hasCounts, value + Float(state.countedChange(instance, to: target) + state.countedChange(other, to: source)) >= stay { return false }
        state.move(instance, to: target)
        state.move(other, to: source)
        lens.follow(instance, from: source, to: target, home: origin[instance])
        lens.follow(other, from: target, to: source, home: origin[other])
        lens.update(source)
        lens.update(target)
        remember(instance, from: source)
        remember(other, from: target)
        return true
    }

    /// One goes home and another goes away instead: as many moves as before.
    private mutating func replace(_ heat: Float) -> Bool {
        guard !lens.away.isEmpty else { return false }
        let back = lens.away[random.below(lens.away.count)]
        let (home, place) = (origin[back], state.at[back])
        let most = maxMemory - state.moved + memory[back]
        guard state.fits(back, on: home) else { return false }
        guard holes.isEmpty || holes[home] == nil || lens.hasRoom(for: back, on: home) else { return false }
        let stay = lens.noise(random.next()) * heat
        var (chosen, aim, value) = (-1, -1, stay)
        let premise = lens.preview(back, from: place, to: home)
        for _ in 0..<Self.tries {
            let away = movable[random.below(movable.count)]
            guard state.at[away] == origin[away], memory[away] <= most else { continue }
            let (target, change) = lens.target(of: away, at: origin[away], after: premise, heat: heat, limit: value, random: random.next())
            if target >= 0 { (chosen, aim, value) = (away, target, change) }
        }
        if chosen >= 0 {
            let counted = state.counted
            state.move(back, to: home)
            let change = hasCounts ? Float(state.counted - counted + state.countedChange(chosen, to: aim)) : 0
            if state.fits(chosen, on: aim), value + change < stay {
                lens.follow(back, from: place, to: home, home: home)
                lens.update(place)
                lens.update(home)
                remember(back, from: place)
                settle(chosen, on: aim)
                return true
            }
            state.move(back, to: place)
        }
        lens.refresh(home)
        lens.refresh(place)
        return false
    }
}
