/// The state in single precision, lane by lane, so that eight nodes or eight instances are judged at once.
///
/// It knows every node, and of the instances those that are away from where they were at the start: only they change places. `HtoolsState` has the exact sums, and
/// its word on what fits is asked before anything moves.
struct HtoolsLens: ~Copyable {
    typealias Eight = SIMD8<Float>
    private typealias Mask = SIMDMask<SIMD8<Int32>>

    /// What has been decided before the move that is judged: by lane, by how much it changes the sum of squared deviations, and the mean after it.
    struct Premise {
        var change = Eight(repeating: 0)
        var mean: Eight
    }

    /// Nodes and instances that one scan looks at, in eights.
    private static let nodeWindow = 4
    private static let window = 12
    /// Up to so many nodes what a change does to a deviation is worked out with its root; beyond, one move is so little that its slope is as good.
    private static let mostRoots = 128

    // By eight nodes: twice the lane's value (7; free memory, free memory as reported, vCPUs, four loads), what a MiB and a vCPU change, the room for memory
    // and vCPUs.
    private static let nodeFields = 11
    private static let perMiB = 7
    private static let perCPU = 8
    private static let room = 9
    private static let cpuRoom = 10
    // By eight instances that are away: demand (memory, vCPUs, four loads), where they are, what they need, and what is true of the node that they are on.
    private static let awayFields = 20
    private static let need = 6
    private static let cpuNeed = 7
    private static let place = 8
    private static let there = 9

    /// Of instances by node of origin, eight by eight: demand as above, what they need (infinite for those that are away), and what moving them sends.
    private static let homeFields = 9
    private static let bytes = 8
    /// Instances that are not away are found at indices from here on.
    private static let homeBase = 1 << 23

    private let nodeBlocks: Int
    /// By node: where its rows of `homeRows` begin; one more for the end.
    private let homeStart: UnsafeMutablePointer<Int>
    private let homeRows: UnsafeMutablePointer<Eight>
    private let homeNumbers: UnsafeMutablePointer<Float>
    private let homeSlot: UnsafeMutablePointer<Int>
    private let homeInstance: UnsafeMutablePointer<Int>
    private let scratch: UnsafeMutablePointer<Eight>
    private let nodeRows: UnsafeMutablePointer<Eight>
    private let awayRows: UnsafeMutablePointer<Eight>
    private let nodeNumbers: UnsafeMutablePointer<Float>
    private let awayNumbers: UnsafeMutablePointer<Float>
    /// By kind of origin and node: 0, or more than any score where nothing that comes from there may go.
    private let barrier: UnsafeMutablePointer<Eight>
    /// By instance and by node, the lanes side by side: demand, what a unit of it changes, twice the lane's value.
    private let lanes: UnsafeMutablePointer<Eight>
    private let factor: UnsafeMutablePointer<Eight>
    private let twice: UnsafeMutablePointer<Eight>
    private let noise: HtoolsNoise
    /// Who of those that are away is on which node.
    private let chains: HtoolsChains
    /// By instance: its row among those that are away, or -1.
    private let row: UnsafeMutablePointer<Int32>
    private let kind: UnsafeMutablePointer<Int>
    private let needs: UnsafeMutablePointer<Float>
    private let cpuNeeds: UnsafeMutablePointer<Float>
    private let usedMemory: UnsafeMutablePointer<Int>
    private let roomLimit: UnsafeMutablePointer<Int>
    private let reserved: UnsafeMutablePointer<Int>
    private let cpuLimit: UnsafeMutablePointer<Float>
    private let hasReported: Bool
    private let hasRoots: Bool
    private let share: Float
    /// Those that are away; a row of the scans each.
    private(set) var away: [Int] = []
    /// What a unit of each lane's sum of squared deviations is worth, to first order; or the sum, and what its root is worth.
    private var slope = Eight(repeating: 0)
    private var squares = Eight(repeating: 0)
    private var height = Eight(repeating: 0)
    private var mean = Eight(repeating: 0)
    /// The score's part that is made of roots.
    private var total: Float = 0

    /// - Parameter holes: memory that is to stay free, by node.
    init(_ state: borrowing HtoolsState, holes: [Int: Int] = [:]) {
        let board = state.board
        let nodeBlocks = (board.nodes + 7) / 8
        let awayBlocks = (board.instances + 7) / 8
        self.nodeBlocks = nodeBlocks
        nodeRows = HtoolsRows.eights(Self.nodeFields * nodeBlocks)
        awayRows = HtoolsRows.eights(Self.awayFields * awayBlocks)
        nodeNumbers = UnsafeMutableRawPointer(nodeRows).assumingMemoryBound(to: Float.self)
        awayNumbers = UnsafeMutableRawPointer(awayRows).assumingMemoryBound(to: Float.self)
        var starts = [0]
        var slots = [Int](repeating: -1, count: board.instances)
        var owners: [Int] = []
        var members = [[Int]](repeating: [], count: board.nodes)
        for instance in 0..<board.instances where board.isMovable[instance] { members[board.origin[instance]].append(instance) }
        for list in members {
            for instance in list {
                slots[instance] = owners.count
                owners.append(instance)
            }
            while owners.count & 7 != 0 { owners.append(-1) }
            starts.append(owners.count >> 3)
        }
        homeStart = HtoolsRows.copy(starts.count) { starts[$0] }
        homeRows = HtoolsRows.eights(Self.homeFields * (owners.count >> 3))
        homeNumbers = UnsafeMutableRawPointer(homeRows).assumingMemoryBound(to: Float.self)
        homeSlot = HtoolsRows.copy(board.instances) { slots[$0] }
        homeInstance = HtoolsRows.copy(owners.count) { owners[$0] }
        scratch = HtoolsRows.eights(Self.nodeFields)
        lanes = HtoolsRows.copy(board.instances) { Eight(board.demand[$0]) }
        factor = HtoolsRows.copy(board.nodes) { Eight(board.factor[$0]) }
        twice = HtoolsRows.eights(board.nodes)
        noise = HtoolsNoise(window: max(Self.nodeWindow, Self.window))
        chains = HtoolsChains(nodes: board.nodes, members: board.instances)
        row = HtoolsRows.copy(board.instances) { _ in -1 }
        kind = HtoolsRows.copy(board.instances) { board.kind[board.origin[$0]] }
        needs = HtoolsRows.copy(board.instances) { Float(board.usedMemory[$0]) }
        cpuNeeds = HtoolsRows.copy(board.instances) { Float(board.vcpus[$0]) }
        usedMemory = HtoolsRows.copy(board.instances) { board.usedMemory[$0] }
        roomLimit = HtoolsRows.copy(board.nodes) { board.room[$0] - (holes[$0] ?? 0) }
        reserved = HtoolsRows.copy(board.nodes) { board.reserved[$0] }
        cpuLimit = HtoolsRows.copy(board.nodes) { Float(min(board.vcpuLimit[$0], 1e15)) }
        hasReported = board.weights[1] > 0
        hasRoots = board.nodes <= Self.mostRoots
        share = Float(1 / board.online)
        barrier = HtoolsRows.barrier(board, 1e30)
        // What does not exist has no room, and needs more than there is.
        for block in 0..<nodeBlocks {
            nodeRows[block * Self.nodeFields + Self.room] = Eight(repeating: -.infinity)
            nodeRows[block * Self.nodeFields + Self.cpuRoom] = Eight(repeating: -.infinity)
        }
        for block in 0..<awayBlocks { awayRows[block * Self.awayFields + Self.need] = Eight(repeating: .infinity) }
        for node in 0..<board.nodes {
            let numbers = HtoolsRows.numbers(nodeNumbers, node, Self.nodeFields)
            numbers[8 * Self.perMiB] = factor[node][0]
            numbers[8 * Self.perCPU] = factor[node][2]
        }
        for block in 0..<(owners.count >> 3) { homeRows[block * Self.homeFields + Self.need] = Eight(repeating: .infinity) }
        for instance in 0..<board.instances where slots[instance] >= 0 {
            let numbers = HtoolsRows.numbers(homeNumbers, slots[instance], Self.homeFields)
            write(instance, numbers)
            numbers[8 * Self.bytes] = Float(board.memory[instance])
        }
        for instance in 0..<board.instances where state.at[instance] != board.origin[instance] { enter(instance, state.at[instance]) }
        for node in 0..<board.nodes { update(node, state) }
        measure(state)
    }

    deinit {
        for memory in [nodeRows, awayRows, barrier, lanes, factor, twice, noise.values, homeRows, scratch] { memory.deallocate() }
        row.deallocate()
        for memory in [kind, homeStart, homeSlot, homeInstance, usedMemory, roomLimit, reserved] { memory.deallocate() }
        for memory in [needs, cpuNeeds, cpuLimit] { memory.deallocate() }
    }

    /// The noise of one value alone.
    @inline(__always)
    func noise(_ random: UInt64) -> Float { noise.one(random) }

    // MARK: - Following the state

    /// The deviations have changed. The score's part that is made of them.
    @discardableResult
    mutating func measure(_ state: borrowing HtoolsState) -> Double {
        let deviation = state.deviations
        let weights = state.board.weights
        if hasRoots {
            // A deviation is the root of the sum of squared deviations and a factor.
            let n = Double(state.board.online)
            squares = Eight(deviation * deviation * n)
            height = Eight(weights) * share.squareRoot()
            total = (squares.squareRoot() * height).sum()
        } else {
            let safe = deviation.replacing(with: 1e-12, where: deviation .< 1e-12)
            slope = Eight(weights / safe) * (0.5 * share)
            total = 0
        }
        mean = Eight(state.sum) * share
        return (weights * deviation).sum()
    }

    /// The instance is on another node than it was; `home`: where it was at the start.
    @inline(__always)
    mutating func follow(_ instance: Int, from source: Int, to target: Int, home: Int) {
        if source != home {
            chains.leave(instance, source)
            if target == home { leave(instance) }
        }
        if target != home {
            if source == home { enter(instance, target) } else { chains.enter(instance, target) }
        }
    }

    private mutating func enter(_ instance: Int, _ node: Int) {
        chains.enter(instance, node)
        let index = away.count
        away.append(instance)
        row[instance] = Int32(truncatingIfNeeded: index)
        let numbers = HtoolsRows.numbers(awayNumbers, index, Self.awayFields)
        write(instance, numbers)
        if homeSlot[instance] >= 0 { HtoolsRows.numbers(homeNumbers, homeSlot[instance], Self.homeFields)[8 * Self.need] = .infinity }
    }

    private func write(_ instance: Int, _ numbers: UnsafeMutablePointer<Float>) {
        let demand = lanes[instance]
        numbers[0] = demand[0]
        for lane in 1..<6 { numbers[8 * lane] = demand[lane + 1] }
        numbers[8 * Self.need] = needs[instance]
        numbers[8 * Self.cpuNeed] = cpuNeeds[instance]
    }

    private mutating func leave(_ instance: Int) {
        let index = Int(row[instance])
        let last = away.removeLast()
        row[instance] = -1
        let end = HtoolsRows.numbers(awayNumbers, away.count, Self.awayFields)
        if last != instance {
            let numbers = HtoolsRows.numbers(awayNumbers, index, Self.awayFields)
            for field in 0..<Self.awayFields { numbers[8 * field] = end[8 * field] }
            away[index] = last
            row[last] = Int32(truncatingIfNeeded: index)
        }
        end[8 * Self.need] = .infinity
        if homeSlot[instance] >= 0 { HtoolsRows.numbers(homeNumbers, homeSlot[instance], Self.homeFields)[8 * Self.need] = needs[instance] }
    }

    /// What is free on the node and what its lanes are, for scans of nodes.
    @inline(__always)
    mutating func refresh(_ node: Int, _ state: borrowing HtoolsState) {
        twice[node] = Eight(state.lanes[node]) * 2
        write(node, used: state.used[node], vcpus: Float(state.vcpus[node]))
    }

    @inline(__always)
    private func write(_ node: Int, used: Int, vcpus: Float) {
        let numbers = HtoolsRows.numbers(nodeNumbers, node, Self.nodeFields)
        let values = twice[node]
        for lane in 0..<7 { numbers[8 * lane] = values[lane] }
        let free = roomLimit[node] - used
        numbers[8 * Self.room] = Float(free > reserved[node] ? free - reserved[node] : free)
        numbers[8 * Self.cpuRoom] = cpuLimit[node] - vcpus
    }

    /// The same, for scans of instances too.
    mutating func update(_ node: Int, _ state: borrowing HtoolsState) {
        refresh(node, state)
        var member = chains.first(on: node)
        guard member >= 0 else { return }
        let source = HtoolsRows.numbers(nodeNumbers, node, Self.nodeFields)
        while member >= 0 {
            let numbers = HtoolsRows.numbers(awayNumbers, Int(row[member]), Self.awayFields)
            numbers[8 * Self.place] = Float(node)
            for field in 0..<Self.nodeFields { numbers[8 * (Self.there + field)] = source[8 * field] }
            member = chains.next(after: member)
        }
    }

    // MARK: - Looking

    /// From 0 to `bound` - 1, by the lower half of the bits.
    @inline(__always)
    private static func scaled(_ random: UInt64, _ bound: Int) -> Int {
        Int(truncatingIfNeeded: ((random & 0xFFFF_FFFF) &* UInt64(truncatingIfNeeded: bound)) >> 32)
    }

    /// Whether the node has the room, what is to stay free on it apart.
    @inline(__always)
    func hasRoom(for instance: Int, on node: Int) -> Bool { HtoolsRows.numbers(nodeNumbers, node, Self.nodeFields)[8 * Self.room] > needs[instance] }

    /// Nothing decided before.
    var now: Premise { Premise(mean: mean) }

    /// The two nodes are shown as if the instance had gone from one to the other; `refresh` of both takes that back.
    @inline(__always)
    mutating func preview(_ instance: Int, from source: Int, to target: Int, _ state: borrowing HtoolsState) -> Premise {
        let (leaving, coming) = (lanes[instance] * factor[source], lanes[instance] * factor[target])
        let (a, b) = (twice[source], twice[target])
        let shift = coming - leaving
        let change = leaving * (leaving - a) + coming * (coming + b) - shift * (mean + mean + shift * share)
        twice[source] = a - leaving - leaving
        twice[target] = b + coming + coming
        let cpus = cpuNeeds[instance]
        write(source, used: state.used[source] - usedMemory[instance], vcpus: Float(state.vcpus[source]) - cpus)
        write(target, used: state.used[target] + usedMemory[instance], vcpus: Float(state.vcpus[target]) + cpus)
        return Premise(change: change, mean: mean + shift * share)
    }

    /// What a change of a lane's sum of squared deviations does to the score.
    @inline(__always)
    private static func worth(_ change: Eight, _ lane: Int, _ isRoot: Bool, _ slope: Eight, _ squares: Eight, _ height: Eight) -> Eight {
        if isRoot { return magnitude(change + squares[lane]).squareRoot() * height[lane] }
        return change * slope[lane]
    }

    /// Rounding may leave a sum of squares a little below 0.
    @inline(__always)
    private static func magnitude(_ value: Eight) -> Eight {
        unsafeBitCast(unsafeBitCast(value, to: SIMD8<UInt32>.self) & SIMD8(repeating: 0x7FFF_FFFF), to: Eight.self)
    }

    /// Which of a window's nodes, if any, the instance goes to: the one with the least change of the score and noise below `limit`, which is returned with it.
    @inline(__always)
    func target(of instance: Int, at source: Int, after premise: Premise, heat: Float, limit: Float, random: UInt64) -> (node: Int, value: Float) {
        hasRoots
            ? target(of: instance, at: source, after: premise, heat: heat, limit: limit, random: random, isRoot: true)
            : target(of: instance, at: source, after: premise, heat: heat, limit: limit, random: random, isRoot: false)
    }

    @inline(__always)
    private func target(of instance: Int, at source: Int, after premise: Premise, heat: Float, limit: Float, random: UInt64, isRoot: Bool) -> (Int, Float) {
        let d = lanes[instance]
        let leaving = d * factor[source]
        let sum = premise.mean + premise.mean
        let rest = 1 - share
        let own = premise.change + leaving * (leaving * rest - twice[source] + sum)
        let offset = leaving * (2 * share) - sum
        // Where the node's size does not matter.
        let fixed = own + d * (d * rest + offset)
        let start = isRoot ? -total : 0
        let (mib, cpu) = (Eight(repeating: d[0]), Eight(repeating: d[2]))
        let needed = Eight(repeating: needs[instance])
        let cpuNeeded = Eight(repeating: cpuNeeds[instance])
        var (from, to) = (0, nodeBlocks)
        if nodeBlocks > Self.nodeWindow {
            from = Self.scaled(random, nodeBlocks)
            to = min(nodeBlocks, from + Self.nodeWindow)
        }
        let noises = noise.window(random >> 40) - from
        let walls = barrier + kind[instance] * nodeBlocks
        var index = Eight(0, 1, 2, 3, 4, 5, 6, 7) + Float(from * 8)
        var best = Eight(repeating: limit)
        var found = Eight(repeating: -1)
        let now = Eight(repeating: Float(source))
        let (slope, squares, height) = (slope, squares, height)
        for block in from..<to {
            let node = nodeRows + block * Self.nodeFields
            var v: Eight = walls[block] + start
            v += noises[block] * heat
            for lane in 3..<7 { v += Self.worth(node[lane] * d[lane] + fixed[lane], lane, isRoot, slope, squares, height) }
            let x: Eight = node[Self.perMiB] * mib
            let memory: Eight = x * rest + node[0] + offset[0]
            v += Self.worth(x * memory + own[0], 0, isRoot, slope, squares, height)
            let z: Eight = node[Self.perCPU] * cpu
            let cpus: Eight = z * rest + node[2] + offset[2]
            v += Self.worth(z * cpus + own[2], 2, isRoot, slope, squares, height)
            if hasReported {
                let reported: Eight = x * rest + node[1] + offset[1]
                v += Self.worth(x * reported + own[1], 1, isRoot, slope, squares, height)
            }
            var isBetter: Mask = v .< best
            isBetter = isBetter .& (node[Self.room] .> needed)
            isBetter = isBetter .& (node[Self.cpuRoom] .>= cpuNeeded)
            isBetter = isBetter .& (index .!= now)
            best.replace(with: v, where: isBetter)
            found.replace(with: index, where: isBetter)
            index += 8
        }
        return Self.least(best, found)
    }

    /// Which of a window of those that are away, or of those that are where it was at the start itself, the instance changes places with, as above.
    @inline(__always)
    func partner(of instance: Int, at source: Int, home: Int, memory: Float, heat: Float, limit: Float, random: UInt64) -> (instance: Int, value: Float) {
        hasRoots
            ? partner(of: instance, at: source, home: home, memory: memory, heat: heat, limit: limit, random: random, isRoot: true)
            : partner(of: instance, at: source, home: home, memory: memory, heat: heat, limit: limit, random: random, isRoot: false)
    }

    @inline(__always)
    private func partner(of instance: Int, at source: Int, home: Int, memory: Float, heat: Float, limit: Float, random: UInt64, isRoot: Bool) -> (Int, Float) {
        let d = lanes[instance]
        let here = twice[source]
        let (mib, cpu) = (factor[source][0], factor[source][2])
        let (mine, mineCPU) = (needs[instance], cpuNeeds[instance])
        let shown = HtoolsRows.numbers(nodeNumbers, source, Self.nodeFields)
        let (free, freeCPU) = (shown[8 * Self.room] + mine, shown[8 * Self.cpuRoom] + mineCPU)
        let sum = mean + mean
        let now = Eight(repeating: Float(source))
        let blocks = (away.count + 7) / 8
        var (from, to) = (0, blocks)
        if blocks > Self.window {
            from = Self.scaled(random, blocks)
            to = min(blocks, from + Self.window)
        }
        var noises = noise.window(random >> 40)
        var index = Eight(0, 1, 2, 3, 4, 5, 6, 7) + Float(from * 8)
        var best = Eight(repeating: limit)
        var found = Eight(repeating: -1)
        let start = isRoot ? -total : 0
        let (slope, squares, height) = (slope, squares, height)

        @inline(__always)
        func look(_ other: UnsafeMutablePointer<Eight>, _ node: UnsafeMutablePointer<Eight>) -> (Eight, Mask) {
            var v: Eight = noises[0] * heat + start
            for lane in 3..<7 {
                let e: Eight = d[lane] - other[lane - 1]
                let there: Eight = e * 2 + node[lane] - here[lane]
                v += Self.worth(e * there, lane, isRoot, slope, squares, height)
            }
            let e: Eight = d[0] - other[0]
            let (a, b): (Eight, Eight) = (e * mib, e * node[Self.perMiB])
            v += Self.worth(Self.exchange(a, b, here[0], node[0], sum[0], share), 0, isRoot, slope, squares, height)
            if hasReported { v += Self.worth(Self.exchange(a, b, here[1], node[1], sum[1], share), 1, isRoot, slope, squares, height) }
            let f: Eight = d[2] - other[1]
            v += Self.worth(Self.exchange(f * cpu, f * node[Self.perCPU], here[2], node[2], sum[2], share), 2, isRoot, slope, squares, height)
            var isBetter: Mask = v .< best
            isBetter = isBetter .& (node[Self.room] + other[Self.need] .> mine)
            isBetter = isBetter .& (other[Self.need] .< free)
            isBetter = isBetter .& (node[Self.cpuRoom] + other[Self.cpuNeed] .>= mineCPU)
            isBetter = isBetter .& (other[Self.cpuNeed] .<= freeCPU)
            return (v, isBetter)
        }

        for block in from..<to {
            let other = awayRows + block * Self.awayFields
            var (v, isBetter) = look(other, other + Self.there)
            isBetter = isBetter .& (other[Self.place] .!= now)
            best.replace(with: v, where: isBetter)
            found.replace(with: index, where: isBetter)
            index += 8
            noises += 1
        }
        if source != home {
            let target = HtoolsRows.numbers(nodeNumbers, home, Self.nodeFields)
            for field in 0..<Self.nodeFields { scratch[field] = Eight(repeating: target[8 * field]) }
            (from, to) = (homeStart[home], homeStart[home + 1])
            if to - from > Self.window {
                from += Self.scaled(random, to - from)
                to = min(to, from + Self.window)
            }
            noises = noise.window(random >> 48)
            index = Eight(0, 1, 2, 3, 4, 5, 6, 7) + Float(Self.homeBase + from * 8)
            for block in from..<to {
                let other = homeRows + block * Self.homeFields
                var (v, isBetter) = look(other, scratch)
                isBetter = isBetter .& (other[Self.bytes] .<= memory)
                best.replace(with: v, where: isBetter)
                found.replace(with: index, where: isBetter)
                index += 8
                noises += 1
            }
        }
        let (position, value) = Self.least(best, found)
        guard position >= 0 else { return (-1, value) }
        return (position >= Self.homeBase ? homeInstance[position - Self.homeBase] : away[position], value)
    }

    /// What an exchange adds to a lane's sum of squared deviations: `leaving` comes off a node with twice its value `here`, `coming` to one with `there`.
    @inline(__always)
    private static func exchange(_ leaving: Eight, _ coming: Eight, _ here: Float, _ there: Eight, _ sum: Float, _ share: Float) -> Eight {
        let shift: Eight = coming - leaving
        let squares: Eight = leaving * (leaving - here) + coming * (coming + there)
        return squares - shift * (shift * share + sum)
    }

    @inline(__always)
    private static func least(_ values: Eight, _ indices: Eight) -> (Int, Float) {
        var (index, value) = (-1, Float.infinity)
        for lane in 0..<8 where indices[lane] >= 0 && values[lane] < value { (index, value) = (Int(indices[lane]), values[lane]) }
        return (index, value)
    }
}
