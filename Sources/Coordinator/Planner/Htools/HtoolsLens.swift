/// The state in single precision, lane by lane, so that eight nodes or eight instances are judged at once.
///
/// It knows every node, and of the instances those that are away from where they were at the start: only they change places. `HtoolsState` has the exact sums, and
/// its word on what fits is asked before anything moves.
struct HtoolsLens: ~Copyable {
    typealias Eight = SIMD8<Float>

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
    // By eight instances that are away: demand (memory, vCPUs, four loads), what they need, where they are, what is true of the node that they are on (what a MiB
    // and a vCPU change, their squares less the mean's part, twice the lanes of memory and vCPUs; of loads, twice what the lane is without them), and the room
    // that is there without them.
    private static let awayFields = 22
    private static let need = 6
    private static let cpuNeed = 7
    private static let place = 8
    private static let thereMiB = 9
    private static let thereCPU = 11
    private static let thereMemory = 13
    private static let thereLoads = 16
    private static let left = 20
    private static let cpuLeft = 21

    /// Of instances by node of origin, eight by eight: demand as above, what they need (infinite for those that are away), and what moving them sends.
    private static let homeFields = 9
    private static let bytes = 8
    // The state's own, by node.
    private let actual: UnsafeMutablePointer<HtoolsBoard.Lanes>
    private let used: UnsafeMutablePointer<Int>
    private let vcpus: UnsafeMutablePointer<Int>
    private let nodeBlocks: Int
    /// By node: where its rows of `homeRows` begin; one more for the end.
    private let homeStart: UnsafeMutablePointer<Int>
    private let homeRows: UnsafeMutablePointer<Eight>
    private let homeNumbers: UnsafeMutablePointer<Float>
    private let homeSlot: UnsafeMutablePointer<Int>
    private let homeInstance: UnsafeMutablePointer<Int>
    /// What a scan has made of its window.
    private let judged: UnsafeMutablePointer<Eight>
    private let nodeRows: UnsafeMutablePointer<Eight>
    private let awayRows: UnsafeMutablePointer<Eight>
    private let nodeNumbers: UnsafeMutablePointer<Float>
    private let awayNumbers: UnsafeMutablePointer<Float>
    /// By kind of origin and node: 0, or more than any score where nothing that comes from there may go.
    private let barrier: UnsafeMutablePointer<Eight>
    /// By lane: its unit, such that the root of the sum of squared deviations is what the deviation weighs in the score.
    private let unit: HtoolsBoard.Lanes
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
    /// What a unit of each lane's sum of squared deviations is worth, to first order; or the sum.
    private var slope = Eight(repeating: 0)
    private var squares = Eight(repeating: 0)
    private var mean = Eight(repeating: 0)
    /// The score's part that is made of roots.
    private var total: Float = 0

    /// The state is to be there for as long as the lens.
    ///
    /// - Parameter holes: memory that is to stay free, by node.
    init(_ state: borrowing HtoolsState, holes: [Int: Int] = [:]) {
        let board = state.board
        let nodeBlocks = (board.nodes + 7) / 8
        let awayBlocks = (board.instances + 7) / 8
        self.nodeBlocks = nodeBlocks
        (actual, used, vcpus) = (state.lanes, state.used, state.vcpus)
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
        judged = HtoolsRows.eights(2 * Self.window)
        let unit = board.weights * (1 / board.online).squareRoot()
        self.unit = unit
        lanes = HtoolsRows.copy(board.instances) { HtoolsRows.single(board.demand[$0] * unit) }
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
        for node in 0..<board.nodes { update(node) }
        measure(state)
    }

    deinit {
        for memory in [nodeRows, awayRows, barrier, lanes, factor, twice, noise.values, homeRows, judged] { memory.deallocate() }
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
    @inline(__always)
    mutating func measure(_ state: borrowing HtoolsState) -> Double { measure(state.deviations * state.board.weights, state.sum) }

    private mutating func measure(_ deviations: HtoolsBoard.Lanes, _ sum: HtoolsBoard.Lanes) -> Double {
        let score = deviations.sum()
        let root = HtoolsRows.single(deviations)
        if hasRoots {
            squares = root * root
            total = Float(score)
        } else {
            slope = 0.5 / HtoolsRows.larger(root, Eight(repeating: 1e-12))
        }
        mean = HtoolsRows.single(sum * unit) * share
        return score
    }

    /// The instance is on another node than it was; `home`: where it was at the start.
    @inline(__always)
    mutating func follow(_ instance: Int, from source: Int, to target: Int, home: Int) {
        if source != home {
            chains.leave(instance, source)
            if target == home { leave(instance) }
        }
        if target != home {
            if source == home { enter(instance, target) } else { arrive(instance, target) }
        }
    }

    private mutating func enter(_ instance: Int, _ node: Int) {
        let index = away.count
        away.append(instance)
        row[instance] = Int32(truncatingIfNeeded: index)
        write(instance, HtoolsRows.numbers(awayNumbers, index, Self.awayFields))
        arrive(instance, node)
        if homeSlot[instance] >= 0 { HtoolsRows.numbers(homeNumbers, homeSlot[instance], Self.homeFields)[8 * Self.need] = .infinity }
    }

    @inline(__always)
    private mutating func arrive(_ instance: Int, _ node: Int) {
        chains.enter(instance, node)
        let numbers = HtoolsRows.numbers(awayNumbers, Int(row[instance]), Self.awayFields)
        let (mib, cpu) = (factor[node][0], factor[node][2])
        numbers[8 * Self.place] = Float(node)
        numbers[8 * Self.thereMiB] = mib
        numbers[8 * Self.thereMiB + 8] = mib * mib * (1 - share)
        numbers[8 * Self.thereCPU] = cpu
        numbers[8 * Self.thereCPU + 8] = cpu * cpu * (1 - share)
    }

    private mutating func write(_ instance: Int, _ numbers: UnsafeMutablePointer<Float>) {
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
    mutating func refresh(_ node: Int) {
        twice[node] = HtoolsRows.single(actual[node] * unit) * 2
        write(node, used: used[node], vcpus: Float(vcpus[node]))
    }

    @inline(__always)
    private mutating func write(_ node: Int, used: Int, vcpus: Float) {
        let numbers = HtoolsRows.numbers(nodeNumbers, node, Self.nodeFields)
        let values = twice[node]
        for lane in 0..<7 { numbers[8 * lane] = values[lane] }
        let free = roomLimit[node] - used
        numbers[8 * Self.room] = Float(free > reserved[node] ? free - reserved[node] : free)
        numbers[8 * Self.cpuRoom] = cpuLimit[node] - vcpus
    }

    /// The same, for scans of instances too.
    mutating func update(_ node: Int) {
        refresh(node)
        var member = chains.first(on: node)
        guard member >= 0 else { return }
        let values = twice[node]
        let shown = HtoolsRows.numbers(nodeNumbers, node, Self.nodeFields)
        let (room, cpuRoom) = (shown[8 * Self.room], shown[8 * Self.cpuRoom])
        while member >= 0 {
            let its = HtoolsRows.numbers(awayNumbers, Int(row[member]), Self.awayFields)
            for lane in 0..<3 { its[8 * (Self.thereMemory + lane)] = values[lane] }
            for lane in 3..<7 { its[8 * (Self.thereLoads + lane - 3)] = values[lane] - 2 * its[8 * (lane - 1)] }
            its[8 * Self.left] = room + its[8 * Self.need]
            its[8 * Self.cpuLeft] = cpuRoom + its[8 * Self.cpuNeed]
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
    mutating func hasRoom(for instance: Int, on node: Int) -> Bool { HtoolsRows.numbers(nodeNumbers, node, Self.nodeFields)[8 * Self.room] > needs[instance] }

    /// Nothing decided before.
    var now: Premise { Premise(mean: mean) }

    /// The two nodes are shown as if the instance had gone from one to the other; `refresh` of both takes that back.
    @inline(__always)
    mutating func preview(_ instance: Int, from source: Int, to target: Int) -> Premise {
        let (leaving, coming) = (lanes[instance] * factor[source], lanes[instance] * factor[target])
        let (a, b) = (twice[source], twice[target])
        let shift = coming - leaving
        let change = leaving * (leaving - a) + coming * (coming + b) - shift * (mean + mean + shift * share)
        twice[source] = a - leaving - leaving
        twice[target] = b + coming + coming
        let cpus = cpuNeeds[instance]
        write(source, used: used[source] - usedMemory[instance], vcpus: Float(vcpus[source]) - cpus)
        write(target, used: used[target] + usedMemory[instance], vcpus: Float(vcpus[target]) + cpus)
        return Premise(change: change, mean: mean + shift * share)
    }

    /// What a lane's sum of squared deviations is worth, with what is added to it; beyond `mostRoots`, what that addition is worth.
    @inline(__always)
    private static func worth(_ sum: Eight, _ lane: Int, _ isRoot: Bool, _ slope: Eight) -> Eight {
        // Rounding may leave a sum of squares a little below 0.
        isRoot ? HtoolsRows.magnitude(sum).squareRoot() : sum * slope[lane]
    }

    /// Which of a window's nodes, if any, the instance goes to: the one with the least change of the score and noise below `limit`, which is returned with it.
    ///
    /// Mutating, as `partner`, because what is mutated is passed on by its address, and the rest would be copied.
    mutating func target(of instance: Int, at source: Int, after premise: Premise, heat: Float, limit: Float, random: UInt64) -> (node: Int, value: Float) {
        hasRoots
            ? target(of: instance, at: source, after: premise, heat: heat, limit: limit, random: random, isRoot: true)
            : target(of: instance, at: source, after: premise, heat: heat, limit: limit, random: random, isRoot: false)
    }

    @inline(__always)
    private mutating func target(
        of instance: Int, at source: Int, after premise: Premise, heat: Float, limit: Float, random: UInt64, isRoot: Bool
    ) -> (Int, Float) {
        let d = lanes[instance]
        let leaving = d * factor[source]
        let sum = premise.mean + premise.mean
        let rest = 1 - share
        let start = isRoot ? premise.change + squares : premise.change
        let own = start + leaving * (leaving * rest - twice[source] + sum)
        let offset = leaving * (2 * share) - sum
        // Where the node's size does not matter.
        let fixed = own + d * (d * rest + offset)
        let (mib, cpu) = (d[0], d[2])
        let (needed, cpuNeeded) = (needs[instance], cpuNeeds[instance])
        var (from, to) = (0, nodeBlocks)
        if nodeBlocks > Self.nodeWindow {
            from = Self.scaled(random, nodeBlocks)
            to = min(nodeBlocks, from + Self.nodeWindow)
        }
        let noises = noise.window(random >> 40) - from
        let walls = barrier + kind[instance] * nodeBlocks
        let limit = limit + total
        var best = Eight(repeating: limit)
        let slope = slope
        let (home, homeLane) = (source >> 3, source & 7)
        for block in from..<to {
            let node = nodeRows + block * Self.nodeFields
            var v: Eight = noises[block] * heat + walls[block]
            for lane in 3..<7 { v += Self.worth(node[lane] * d[lane] + fixed[lane], lane, isRoot, slope) }
            let x: Eight = node[Self.perMiB] * mib
            let memory: Eight = x * rest + node[0] + offset[0]
            v += Self.worth(x * memory + own[0], 0, isRoot, slope)
            let z: Eight = node[Self.perCPU] * cpu
            let cpus: Eight = z * rest + node[2] + offset[2]
            v += Self.worth(z * cpus + own[2], 2, isRoot, slope)
            if hasReported {
                let reported: Eight = x * rest + node[1] + offset[1]
                v += Self.worth(x * reported + own[1], 1, isRoot, slope)
            }
            v = HtoolsRows.barred(v, (node[Self.room] .<= needed) .| (node[Self.cpuRoom] .< cpuNeeded))
            if block == home { v[homeLane] = .infinity }
            judged[block - from] = v
            best = HtoolsRows.smaller(best, v)
        }
        let (position, value) = least(best, to - from, limit)
        return (position >= 0 ? from * 8 + position : -1, value - total)
    }

    /// Which of a window of those that are away, or of those that are where it was at the start itself, the instance changes places with, as above.
    mutating func partner(of instance: Int, at source: Int, home: Int, memory: Float, heat: Float, limit: Float, random: UInt64) -> (
        instance: Int, value: Float
    ) {
        hasRoots
            ? partner(of: instance, at: source, home: home, memory: memory, heat: heat, limit: limit, random: random, isRoot: true)
            : partner(of: instance, at: source, home: home, memory: memory, heat: heat, limit: limit, random: random, isRoot: false)
    }

    /// With e what the one demands beyond the other, an exchange adds e (e k + l) to a lane's sum of squared deviations: k is the sum of both nodes' squared factors,
    /// less the part of the mean's shift, and l what the lanes differ by.
    @inline(__always)
    private mutating func partner(
        of instance: Int, at source: Int, home: Int, memory: Float, heat: Float, limit: Float, random: UInt64, isRoot: Bool
    ) -> (Int, Float) {
        let d = lanes[instance]
        let (mine, mineCPU) = (needs[instance], cpuNeeds[instance])
        let shown = HtoolsRows.numbers(nodeNumbers, source, Self.nodeFields)
        let (free, freeCPU) = (shown[8 * Self.room] + mine, shown[8 * Self.cpuRoom] + mineCPU)
        let own = factor[source]
        let sum = mean + mean
        let (k, l) = (own * own * (1 - share), own * (sum - twice[source]))
        let cross = own * (2 * share)
        let loads = d + d - twice[source]
        let slope = slope
        let start = isRoot ? squares : Eight(repeating: 0)
        let (limit, now) = (limit + total, Float(source))
        var best = Eight(repeating: limit)
        var (from, to) = (0, (away.count + 7) / 8)
        if to > Self.window {
            from = Self.scaled(random, to)
            to = min(to, from + Self.window)
        }
        var noises = noise.window(random >> 40)
        for block in from..<to {
            let other = awayRows + block * Self.awayFields
            var v: Eight = noises[block - from] * heat
            for lane in 3..<7 {
                let e: Eight = d[lane] - other[lane - 1]
                v += Self.worth(e * (other[Self.thereLoads + lane - 3] + loads[lane]) + start[lane], lane, isRoot, slope)
            }
            let e: Eight = d[0] - other[0]
            let (mib, squared) = (other[Self.thereMiB], e * (other[Self.thereMiB + 1] + k[0]) + l[0])
            let memorySlope: Eight = squared + mib * (e * cross[0] + other[Self.thereMemory] - sum[0])
            v += Self.worth(e * memorySlope + start[0], 0, isRoot, slope)
            if hasReported {
                let reportedSlope: Eight = squared - l[0] + l[1] + mib * (e * cross[0] + other[Self.thereMemory + 1] - sum[1])
                v += Self.worth(e * reportedSlope + start[1], 1, isRoot, slope)
            }
            let f: Eight = d[2] - other[1]
            let cpus: Eight = f * (other[Self.thereCPU + 1] + k[2]) + l[2]
            let cpuSlope: Eight = cpus + other[Self.thereCPU] * (f * cross[2] + other[Self.thereMemory + 2] - sum[2])
            v += Self.worth(f * cpuSlope + start[2], 2, isRoot, slope)
            let isFull = (other[Self.left] .<= mine) .| (other[Self.need] .>= free)
            let isCrowded = (other[Self.cpuLeft] .< mineCPU) .| (other[Self.cpuNeed] .> freeCPU)
            v = HtoolsRows.barred(v, isFull .| isCrowded .| (other[Self.place] .== now))
            judged[block - from] = v
            best = HtoolsRows.smaller(best, v)
        }
        let scanned = to - from
        var (first, end) = (0, 0)
        if source != home {
            let there = HtoolsRows.numbers(nodeNumbers, home, Self.nodeFields)
            let (room, cpuRoom) = (mine - there[8 * Self.room], mineCPU - there[8 * Self.cpuRoom])
            let its = factor[home]
            let bend = k + its * (its * (1 - share) + cross)
            let tilt = l + its * (twice[home] - sum)
            (first, end) = (homeStart[home], homeStart[home + 1])
            if end - first > Self.window {
                first += Self.scaled(random, end - first)
                end = min(end, first + Self.window)
            }
            noises = noise.window(random >> 48)
            for block in first..<end {
                let other = homeRows + block * Self.homeFields
                var v: Eight = noises[block - first] * heat
                @inline(__always)
                func add(_ e: Eight, _ lane: Int) { v += Self.worth(e * (e * bend[lane] + tilt[lane]) + start[lane], lane, isRoot, slope) }
                for lane in 3..<7 { add(d[lane] - other[lane - 1], lane) }
                add(d[0] - other[0], 0)
                if hasReported { add(d[0] - other[0], 1) }
                add(d[2] - other[1], 2)
                let isFull = (other[Self.need] .<= room) .| (other[Self.need] .>= free)
                let isCrowded = (other[Self.cpuNeed] .< cpuRoom) .| (other[Self.cpuNeed] .> freeCPU)
                v = HtoolsRows.barred(v, isFull .| isCrowded .| (other[Self.bytes] .> memory))
                judged[scanned + block - first] = v
                best = HtoolsRows.smaller(best, v)
            }
        }
        let (position, value) = least(best, scanned + end - first, limit)
        guard position >= 0 else { return (-1, value - total) }
        let isAway = position < scanned * 8
        return (isAway ? away[from * 8 + position] : homeInstance[(first - scanned) * 8 + position], value - total)
    }

    /// Where in the window the least value is, if it is below the limit.
    @inline(__always)
    private mutating func least(_ values: Eight, _ count: Int, _ limit: Float) -> (Int, Float) {
        let value = HtoolsRows.least(values)
        guard value < limit else { return (-1, value) }
        var position = 0
        while UnsafeMutableRawPointer(judged).assumingMemoryBound(to: Float.self)[position] != value { position += 1 }
        return (position, value)
    }
}
