/// Where every instance is while a plan on hbal's score is looked for, in memory of its own: nothing is allocated or counted while it is looked at or changed.
///
/// Indices come from the board and are not checked again.
struct HtoolsState: ~Copyable {
    typealias Lanes = HtoolsBoard.Lanes

    let board: HtoolsBoard
    /// By instance: its node.
    let at: UnsafeMutablePointer<Int>
    /// By node: the lanes' values, less the cluster's mean at the start.
    let lanes: UnsafeMutablePointer<Lanes>
    let used: UnsafeMutablePointer<Int>
    let vcpus: UnsafeMutablePointer<Int>
    // Copies of the board's, for speed.
    let demand: UnsafeMutablePointer<Lanes>
    let factor: UnsafeMutablePointer<Lanes>
    private let room: UnsafeMutablePointer<Int>
    private let reserved: UnsafeMutablePointer<Int>
    private let vcpuLimit: UnsafeMutablePointer<Int>
    private let memory: UnsafeMutablePointer<Int>
    private let bytes: UnsafeMutablePointer<Int>
    private let origin: UnsafeMutablePointer<Int>
    private let cpus: UnsafeMutablePointer<Int>
    private let reach: UnsafeMutablePointer<Bool>
    /// By instance: where its kind's row of `reach` starts.
    private let row: UnsafeMutablePointer<Int>

    private(set) var sum = Lanes(repeating: 0)
    private(set) var squares = Lanes(repeating: 0)
    private(set) var tagged: [Int]
    private var crowded: [Int]
    /// Counted terms: tags, locations, wishes, instances on offline nodes.
    private(set) var counted = 0.0
    private(set) var displaced = 0
    /// MiB of those that are not where they were.
    private(set) var moved = 0
    private let hasCounts: Bool
    private let one: Lanes

    init(_ board: HtoolsBoard, at places: [Int]) {
        func copy<Value>(_ values: [Value]) -> UnsafeMutablePointer<Value> {
            let memory = UnsafeMutablePointer<Value>.allocate(capacity: max(1, values.count))
            values.withUnsafeBufferPointer { source in
                if let base = source.baseAddress { memory.initialize(from: base, count: values.count) }
            }
            return memory
        }
        self.board = board
        at = copy(places)
        lanes = copy(board.base)
        used = copy(Array(repeating: 0, count: board.nodes))
        vcpus = copy(board.dom0CPUs)
        demand = copy(board.demand)
        factor = copy(board.factor)
        room = copy(board.room)
        reserved = copy(board.reserved)
        vcpuLimit = copy(board.vcpuLimit.map { Int(min($0, 1e15)) })
        memory = copy(board.usedMemory)
        bytes = copy(board.memory)
        origin = copy(board.origin)
        cpus = copy(board.vcpus)
        reach = copy(board.isReached)
        row = copy(board.origin.map { board.kind[$0] * board.nodes })
        tagged = Array(repeating: 0, count: board.nodes * board.tagCount)
        crowded = Array(repeating: 0, count: board.locationCount * board.tagCount)
        hasCounts = board.hasTags || board.hasWishes || board.isOffline.contains(true)
        one = Lanes(repeating: 1 / board.online)
        for node in 0..<board.nodes {
            sum += lanes[node]
            squares += lanes[node] * lanes[node]
        }
        for instance in 0..<board.instances {
            let node = places[instance]
            change(node, by: demand[instance] * factor[node])
            used[node] += memory[instance]
            vcpus[node] += cpus[instance]
            if hasCounts { count(instance, on: node) }
            if places[instance] != board.origin[instance] {
                displaced += 1
                moved += board.memory[instance]
            }
        }
    }

    deinit {
        at.deallocate()
        lanes.deallocate()
        used.deallocate()
        vcpus.deallocate()
        demand.deallocate()
        factor.deallocate()
        room.deallocate()
        reserved.deallocate()
        vcpuLimit.deallocate()
        memory.deallocate()
        bytes.deallocate()
        origin.deallocate()
        cpus.deallocate()
        reach.deallocate()
        row.deallocate()
    }

    var places: [Int] { Array(UnsafeBufferPointer(start: at, count: board.instances)) }

    // MARK: - Evaluation

    /// The terms of hbal's score that moves change; `HtoolsScore` has the others too.
    var score: Double { value(sum, squares) + counted }

    /// By lane: the deviation, unweighted.
    @inline(__always)
    var deviations: Lanes {
        let mean = sum * one
        let variance = squares * one - mean * mean
        return magnitude(variance).squareRoot()
    }

    @inline(__always)
    private func value(_ sum: Lanes, _ squares: Lanes) -> Double {
        let mean = sum * one
        let variance = squares * one - mean * mean
        return (board.weights * magnitude(variance).squareRoot()).sum()
    }

    /// By lane: what the move adds to the variance.
    @inline(__always)
    func change(_ instance: Int, to target: Int) -> Lanes {
        let source = at[instance]
        let demand = demand[instance]
        let (leaving, coming) = (demand * factor[source], demand * factor[target])
        let (a, b) = (lanes[source], lanes[target])
        let squares = leaving * (leaving - a - a) + coming * (coming + b + b)
        let shift = coming - leaving
        return (squares - shift * (sum + sum + shift) * one) * one
    }

    /// The same for an exchange of two.
    @inline(__always)
    func change(exchanging first: Int, _ second: Int) -> Lanes {
        let (source, target) = (at[first], at[second])
        let demand = demand[first] - demand[second]
        let (leaving, coming) = (demand * factor[source], demand * factor[target])
        let (a, b) = (lanes[source], lanes[target])
        let squares = leaving * (leaving - a - a) + coming * (coming + b + b)
        let shift = coming - leaving
        return (squares - shift * (sum + sum + shift) * one) * one
    }

    /// The score after the lanes' variances have changed by so much; counted terms apart.
    @inline(__always)
    func value(after change: Lanes) -> Double {
        let mean = sum * one
        let variance = squares * one - mean * mean + change
        return (board.weights * magnitude(variance).squareRoot()).sum()
    }

    /// By how much the score sinks when the lanes' variances change by so much; counted terms apart.
    @inline(__always)
    func gain(_ change: Lanes) -> Double {
        let mean = sum * one
        let variance = magnitude(squares * one - mean * mean)
        return (board.weights * (variance.squareRoot() - magnitude(variance + change).squareRoot())).sum()
    }

    /// What a move adds to the counted terms.
    @inline(__always)
    func countedChange(_ instance: Int, to target: Int) -> Double { hasCounts ? counts(instance, from: at[instance], to: target) : 0 }

    /// The score after the instance has gone to the node, and `other` (-1: none), which is on that node, to where the instance was.
    func scoreAfter(_ instance: Int, to target: Int, exchanging other: Int = -1) -> Double {
        guard other >= 0 else { return value(after: change(instance, to: target)) + counted + countedChange(instance, to: target) }
        return value(after: change(exchanging: instance, other)) + counted + countedChange(instance, to: target) + countedChange(other, to: at[instance])
    }

    private func counts(_ instance: Int, from source: Int, to target: Int) -> Double {
        var change = 0.0
        if board.isOffline[source] { change -= HtoolsBoard.offlinePenalty }
        if board.isOffline[target] { change += HtoolsBoard.offlinePenalty }
        if board.hasWishes { change += board.unmet(instance, on: target) - board.unmet(instance, on: source) }
        for position in board.tags.range(instance) {
            let tag = board.tags.value(position)
            if !board.isOffline[source] {
                if tagged[source * board.tagCount + tag] > 1 { change -= HtoolsBoard.tagPenalty }
                for location in board.locations[source] where !board.locations[target].contains(location) || board.isOffline[target] {
                    if crowded[location * board.tagCount + tag] > 1 { change -= 1 }
                }
            }
            if !board.isOffline[target] {
                if tagged[target * board.tagCount + tag] > 0 { change += HtoolsBoard.tagPenalty }
                for location in board.locations[target] where !board.locations[source].contains(location) || board.isOffline[source] {
                    if crowded[location * board.tagCount + tag] > 0 { change += 1 }
                }
            }
        }
        return change
    }

    /// Whether hbal's rules let the instance go to the node, if `other` (-1: nobody) has left it before.
    @inline(__always)
    func fits(_ instance: Int, on target: Int, without other: Int = -1) -> Bool {
        guard reach[row[instance] + target] else { return false }
        let free = room[target] - used[target] + (other >= 0 ? memory[other] : 0)
        let after = free - memory[instance]
        guard after > 0, after > reserved[target] || free <= reserved[target] else { return false }
        guard vcpus[target] + cpus[instance] - (other >= 0 ? cpus[other] : 0) <= vcpuLimit[target] else { return false }
        return !board.hasTags || meetsNone(instance, on: target, without: other)
    }

    private func meetsNone(_ instance: Int, on target: Int, without other: Int) -> Bool {
        for position in board.tags.range(instance) {
            let tag = board.tags.value(position)
            let left = other >= 0 && board.tags[other].contains(tag) ? 1 : 0
            if tagged[target * board.tagCount + tag] > left { return false }
        }
        return true
    }

    /// What one instance may need on the node, and less than that.
    func usable(_ node: Int) -> Int {
        let free = room[node] - used[node]
        return free > reserved[node] ? free - reserved[node] : free
    }

    /// MiB that are free, held back or not.
    func room(on node: Int) -> Int { room[node] - used[node] }

    func vcpusLeft(_ node: Int) -> Int { vcpuLimit[node] - vcpus[node] }

    /// What is free and not held back, for the restart of others.
    func spare(_ node: Int) -> Int { board.isOffline[node] ? 0 : max(0, room[node] - used[node] - reserved[node]) }

    // MARK: - Change

    @inline(__always)
    mutating func move(_ instance: Int, to target: Int) {
        let source = at[instance]
        guard source != target else { return }
        if source == origin[instance] {
            displaced &+= 1
            moved &+= bytes[instance]
        } else if target == origin[instance] {
            displaced &-= 1
            moved &-= bytes[instance]
        }
        let (need, cpus) = (memory[instance], cpus[instance])
        change(source, by: demand[instance] * -factor[source])
        used[source] &-= need
        vcpus[source] &-= cpus
        change(target, by: demand[instance] * factor[target])
        used[target] &+= need
        vcpus[target] &+= cpus
        at[instance] = target
        guard hasCounts else { return }
        uncount(instance, on: source)
        count(instance, on: target)
    }

    /// Sums are kept by differences; made anew now and then, nothing drifts.
    mutating func refresh() {
        sum = Lanes(repeating: 0)
        squares = sum
        for node in 0..<board.nodes { lanes[node] = board.base[node] }
        for instance in 0..<board.instances { lanes[at[instance]] += demand[instance] * factor[at[instance]] }
        for node in 0..<board.nodes {
            sum += lanes[node]
            squares += lanes[node] * lanes[node]
        }
    }

    @inline(__always)
    private mutating func change(_ node: Int, by effect: Lanes) {
        let old = lanes[node]
        lanes[node] = old + effect
        sum += effect
        squares += effect * (old + old + effect)
    }

    private mutating func count(_ instance: Int, on node: Int) {
        if board.isOffline[node] { counted += HtoolsBoard.offlinePenalty }
        if board.hasWishes { counted += board.unmet(instance, on: node) }
        for position in board.tags.range(instance) {
            let tag = board.tags.value(position)
            if !board.isOffline[node] {
                if tagged[node * board.tagCount + tag] > 0 { counted += HtoolsBoard.tagPenalty }
                for location in board.locations[node] {
                    if crowded[location * board.tagCount + tag] > 0 { counted += 1 }
                    crowded[location * board.tagCount + tag] += 1
                }
            }
            tagged[node * board.tagCount + tag] += 1
        }
    }

    private mutating func uncount(_ instance: Int, on node: Int) {
        if board.isOffline[node] { counted -= HtoolsBoard.offlinePenalty }
        if board.hasWishes { counted -= board.unmet(instance, on: node) }
        for position in board.tags.range(instance) {
            let tag = board.tags.value(position)
            tagged[node * board.tagCount + tag] -= 1
            if !board.isOffline[node] {
                if tagged[node * board.tagCount + tag] > 0 { counted -= HtoolsBoard.tagPenalty }
                for location in board.locations[node] {
                    crowded[location * board.tagCount + tag] -= 1
                    if crowded[location * board.tagCount + tag] > 0 { counted -= 1 }
                }
            }
        }
    }
}

/// Without the sign: what rounding leaves of a variance a little below 0 is a variance too.
@inline(__always)
func magnitude(_ value: SIMD8<Double>) -> SIMD8<Double> {
    unsafeBitCast(unsafeBitCast(value, to: SIMD8<UInt64>.self) & SIMD8(repeating: 0x7FFF_FFFF_FFFF_FFFF), to: SIMD8<Double>.self)
}
