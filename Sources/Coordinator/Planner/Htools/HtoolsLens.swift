/// The state in single precision, lane by lane, so that eight nodes or eight instances are judged at once.
///
/// What a change gains is judged by the score's gradient: with σ the deviation of a lane, a change v of its variance moves the score by w v / 2σ, to first order
/// and never less, because the root is concave. `HtoolsState` has the exact sums, and its word on what fits is asked before anything moves.
struct HtoolsLens: ~Copyable {
    typealias Eight = SIMD8<Float>
    private typealias Mask = SIMDMask<SIMD8<Int32>>

    /// Nodes and instances that one scan looks at, in eights.
    private static let nodeWindow = 4
    private static let instanceWindow = 12
    private static let noises = 256

    private let nodes: Int
    private let nodeBlocks: Int
    private let instanceBlocks: Int
    /// By lane and node: twice the lane's value. Lanes: free memory, free memory as reported, vCPUs, four loads.
    private let value: UnsafeMutablePointer<Eight>
    /// By node: what a MiB and a vCPU change.
    private let perMiB: UnsafeMutablePointer<Eight>
    private let perCPU: UnsafeMutablePointer<Eight>
    private let room: UnsafeMutablePointer<Eight>
    private let cpuRoom: UnsafeMutablePointer<Eight>
    /// By kind of origin and node: 0, or more than any score where nothing that comes from there may go.
    private let barrier: UnsafeMutablePointer<Eight>
    // By instance: what it needs, where it is, and what is true of the node it is on.
    private let demand: UnsafeMutablePointer<Eight>
    private let place: UnsafeMutablePointer<Eight>
    private let origin: UnsafeMutablePointer<Eight>
    private let bytes: UnsafeMutablePointer<Eight>
    private let need: UnsafeMutablePointer<Eight>
    private let cpuNeed: UnsafeMutablePointer<Eight>
    private let valueThere: UnsafeMutablePointer<Eight>
    private let perMiBThere: UnsafeMutablePointer<Eight>
    private let perCPUThere: UnsafeMutablePointer<Eight>
    private let roomThere: UnsafeMutablePointer<Eight>
    private let cpuRoomThere: UnsafeMutablePointer<Eight>
    /// Instance by instance and node by node, the lanes side by side.
    private let lanes: UnsafeMutablePointer<Eight>
    private let factor: UnsafeMutablePointer<Eight>
    private let noise: UnsafeMutablePointer<Eight>
    /// Who is on a node: the first, and the ones after it.
    private let first: UnsafeMutablePointer<Int32>
    private let next: UnsafeMutablePointer<Int32>
    private let previous: UnsafeMutablePointer<Int32>
    private let kind: UnsafeMutablePointer<Int>
    private let roomLimit: UnsafeMutablePointer<Int>
    private let reserved: UnsafeMutablePointer<Int>
    private let cpuLimit: UnsafeMutablePointer<Float>
    private let hasReported: Bool
    private let share: Float
    private var slope = Eight(repeating: 0)
    private var mean = Eight(repeating: 0)

    /// - Parameter holes: memory that is to stay free, by node.
    init(_ state: borrowing HtoolsState, holes: [Int: Int] = [:]) {
        let board = state.board
        nodes = board.nodes
        let nodeBlocks = (board.nodes + 7) / 8
        let instanceBlocks = (board.instances + 7) / 8
        (self.nodeBlocks, self.instanceBlocks) = (nodeBlocks, instanceBlocks)
        func eights(_ count: Int, _ value: Float = 0) -> UnsafeMutablePointer<Eight> {
            let memory = UnsafeMutablePointer<Eight>.allocate(capacity: max(1, count))
            memory.initialize(repeating: Eight(repeating: value), count: max(1, count))
            return memory
        }
        func copy<Value>(_ count: Int, _ value: (Int) -> Value) -> UnsafeMutablePointer<Value> {
            let memory = UnsafeMutablePointer<Value>.allocate(capacity: max(1, count))
            for index in 0..<count { (memory + index).initialize(to: value(index)) }
            return memory
        }
        value = eights(7 * nodeBlocks)
        (perMiB, perCPU) = (eights(nodeBlocks), eights(nodeBlocks))
        // What does not exist has no room and needs more than there is.
        (room, cpuRoom) = (eights(nodeBlocks, -.infinity), eights(nodeBlocks, -.infinity))
        demand = eights(6 * instanceBlocks)
        (place, origin) = (eights(instanceBlocks, -1), eights(instanceBlocks, -1))
        bytes = eights(instanceBlocks)
        (need, cpuNeed) = (eights(instanceBlocks, .infinity), eights(instanceBlocks))
        valueThere = eights(7 * instanceBlocks)
        (perMiBThere, perCPUThere) = (eights(instanceBlocks), eights(instanceBlocks))
        (roomThere, cpuRoomThere) = (eights(instanceBlocks), eights(instanceBlocks))
        lanes = copy(board.instances) { Eight(board.demand[$0]) }
        factor = copy(board.nodes) { Eight(board.factor[$0]) }
        noise = Self.makeNoise()
        first = copy(board.nodes) { _ in -1 }
        next = copy(board.instances) { _ in -1 }
        previous = copy(board.instances) { _ in -1 }
        kind = copy(board.instances) { board.kind[board.origin[$0]] }
        roomLimit = copy(board.nodes) { board.room[$0] - (holes[$0] ?? 0) }
        reserved = copy(board.nodes) { board.reserved[$0] }
        cpuLimit = copy(board.nodes) { Float(min(board.vcpuLimit[$0], 1e15)) }
        hasReported = board.weights[1] > 0
        share = Float(1 / board.online)
        let kinds = (board.kind.max() ?? 0) + 1
        barrier = eights(kinds * nodeBlocks, 0)
        for row in 0..<kinds {
            for node in 0..<board.nodes where !board.isReached[row * board.nodes + node] { barrier[row * nodeBlocks + node >> 3][node & 7] = 1e30 }
        }
        for node in 0..<board.nodes {
            perMiB[node >> 3][node & 7] = factor[node][0]
            perCPU[node >> 3][node & 7] = factor[node][2]
        }
        for instance in 0..<board.instances {
            let (block, lane) = (instance >> 3, instance & 7)
            for index in 0..<6 { demand[index * instanceBlocks + block][lane] = lanes[instance][index == 0 ? 0 : index + 1] }
            origin[block][lane] = Float(board.origin[instance])
            bytes[block][lane] = Float(board.memory[instance])
            if board.isMovable[instance] { need[block][lane] = Float(board.usedMemory[instance]) }
            cpuNeed[block][lane] = Float(board.vcpus[instance])
            enter(instance, state.at[instance])
        }
        for node in 0..<board.nodes { update(node, state) }
        measure(state)
    }

    deinit {
        for memory in [
            value, perMiB, perCPU, room, cpuRoom, barrier, demand, place, origin, bytes, need, cpuNeed, valueThere, perMiBThere, perCPUThere, roomThere,
            cpuRoomThere, lanes, factor, noise,
        ] {
            memory.deallocate()
        }
        for memory in [first, next, previous] { memory.deallocate() }
        for memory in [kind, roomLimit, reserved] { memory.deallocate() }
        cpuLimit.deallocate()
    }

    /// Samples of minus a Gumbel variable: the least of several values to which they are added, times a temperature, is chosen as heat chooses.
    private static func makeNoise() -> UnsafeMutablePointer<Eight> {
        let count = noises + max(nodeWindow, instanceWindow)
        let memory = UnsafeMutablePointer<Eight>.allocate(capacity: count)
        var random = SplitMix64(seed: 1)
        for index in 0..<count {
            var eight = Eight(repeating: 0)
            for lane in 0..<8 {
                let value = max(1e-6, random.exponential())
                // The logarithm, straight between powers of two: the same on every machine.
                eight[lane] = Float((Double(value.exponent) + value.significand - 1) * 0.6931471805599453)
            }
            (memory + index).initialize(to: eight)
        }
        return memory
    }

    /// The noise of one value alone.
    @inline(__always)
    func noise(_ random: UInt64) -> Float { noise[Int(truncatingIfNeeded: random >> 3) & (Self.noises - 1)][Int(truncatingIfNeeded: random) & 7] }

    // MARK: - Following the state

    /// The deviations have changed. The score's part that is made of them.
    @discardableResult
    mutating func measure(_ state: borrowing HtoolsState) -> Double {
        let deviation = state.deviations
        let safe = deviation.replacing(with: 1e-12, where: deviation .< 1e-12)
        slope = Eight(state.board.weights / safe) * (0.5 * share)
        mean = Eight(state.sum) * share
        return (state.board.weights * deviation).sum()
    }

    @inline(__always)
    private func enter(_ instance: Int, _ node: Int) {
        let old = first[node]
        next[instance] = old
        previous[instance] = -1
        if old >= 0 { previous[Int(old)] = Int32(truncatingIfNeeded: instance) }
        first[node] = Int32(truncatingIfNeeded: instance)
    }

    /// The instance is on another node than it was.
    @inline(__always)
    mutating func follow(_ instance: Int, from source: Int, to target: Int) {
        let (before, after) = (previous[instance], next[instance])
        if before >= 0 { next[Int(before)] = after } else { first[source] = after }
        if after >= 0 { previous[Int(after)] = before }
        enter(instance, target)
    }

    /// What is free on the node and what its lanes are, for scans of nodes.
    @inline(__always)
    mutating func refresh(_ node: Int, _ state: borrowing HtoolsState) {
        let (block, lane) = (node >> 3, node & 7)
        let twice = Eight(state.lanes[node]) * 2
        for index in 0..<7 { value[index * nodeBlocks + block][lane] = twice[index] }
        let free = roomLimit[node] - state.used[node]
        room[block][lane] = Float(free > reserved[node] ? free - reserved[node] : free)
        cpuRoom[block][lane] = cpuLimit[node] - Float(state.vcpus[node])
    }

    /// The same, for scans of instances too.
    mutating func update(_ node: Int, _ state: borrowing HtoolsState) {
        refresh(node, state)
        let twice = Eight(state.lanes[node]) * 2
        let (free, cpus) = (room[node >> 3][node & 7], cpuRoom[node >> 3][node & 7])
        let (memory, cpu) = (factor[node][0], factor[node][2])
        var member = Int(first[node])
        while member >= 0 {
            let (block, lane) = (member >> 3, member & 7)
            for index in 0..<7 { valueThere[index * instanceBlocks + block][lane] = twice[index] }
            perMiBThere[block][lane] = memory
            perCPUThere[block][lane] = cpu
            roomThere[block][lane] = free
            cpuRoomThere[block][lane] = cpus
            place[block][lane] = Float(node)
            member = Int(next[member])
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
    func hasRoom(for instance: Int, on node: Int) -> Bool { room[node >> 3][node & 7] > need[instance >> 3][instance & 7] }

    /// By how much the score changes, to first order, when the instance goes to the node.
    @inline(__always)
    func change(_ instance: Int, from source: Int, to target: Int, _ state: borrowing HtoolsState) -> Float {
        let (leaving, coming) = (lanes[instance] * factor[source], lanes[instance] * factor[target])
        let (a, b) = (Eight(state.lanes[source]), Eight(state.lanes[target]))
        let shift = coming - leaving
        return (slope * (leaving * (leaving - a - a) + coming * (coming + b + b) - shift * (mean + mean + shift * share))).sum()
    }

    /// Which of a window's nodes, if any, the instance goes to: the one with the least change of the score and noise below `limit`, which is returned with it.
    @inline(__always)
    func target(of instance: Int, at source: Int, heat: Float, limit: Float, random: UInt64, _ state: borrowing HtoolsState) -> (node: Int, value: Float) {
        let d = lanes[instance]
        let leaving = d * factor[source]
        let here = Eight(state.lanes[source]) - mean
        let rest = 1 - share
        let own = (slope * leaving * (leaving * rest - here - here)).sum()
        let offset = leaving * (2 * share) - mean - mean
        let linear = slope * d
        let constants = linear * (d * rest + offset)
        let start = Eight(repeating: own + constants[3] + constants[4] + constants[5] + constants[6])
        let (mib, cpu) = (Eight(repeating: d[0]), Eight(repeating: d[2]))
        let needed = Eight(repeating: need[instance >> 3][instance & 7])
        let cpuNeeded = Eight(repeating: cpuNeed[instance >> 3][instance & 7])
        var (from, to) = (0, nodeBlocks)
        if nodeBlocks > Self.nodeWindow {
            from = Self.scaled(random, nodeBlocks)
            to = min(nodeBlocks, from + Self.nodeWindow)
        }
        let noises = noise + Int(truncatingIfNeeded: random >> 40) & (Self.noises - 1) - from
        let walls = barrier + kind[instance] * nodeBlocks
        var index = Eight(0, 1, 2, 3, 4, 5, 6, 7) + Float(from * 8)
        var best = Eight(repeating: limit)
        var found = Eight(repeating: -1)
        let now = Eight(repeating: Float(source))
        let n = nodeBlocks
        for block in from..<to {
            let x: Eight = perMiB[block] * mib
            let z: Eight = perCPU[block] * cpu
            var v: Eight = start + walls[block]
            v += noises[block] * heat
            v += value[3 * n + block] * linear[3]
            v += value[4 * n + block] * linear[4]
            v += value[5 * n + block] * linear[5]
            v += value[6 * n + block] * linear[6]
            let memory: Eight = x * rest + value[block] + offset[0]
            v += x * memory * slope[0]
            let cpus: Eight = z * rest + value[2 * n + block] + offset[2]
            v += z * cpus * slope[2]
            if hasReported {
                let reported: Eight = x * rest + value[n + block] + offset[1]
                v += x * reported * slope[1]
            }
            var isBetter: Mask = v .< best
            isBetter = isBetter .& (room[block] .> needed)
            isBetter = isBetter .& (cpuRoom[block] .>= cpuNeeded)
            isBetter = isBetter .& (index .!= now)
            best.replace(with: v, where: isBetter)
            found.replace(with: index, where: isBetter)
            index += 8
        }
        return Self.least(best, found)
    }

    /// Which of a window's instances, if any, the instance changes places with, as above, within so many more moves and MiB.
    @inline(__always)
    func partner(
        of instance: Int, at source: Int, home: Int, heat: Float, limit: Float, random: UInt64, moves: Int, memory: Int, _ state: borrowing HtoolsState
    ) -> (instance: Int, value: Float) {
        let d = lanes[instance]
        let here = Eight(state.lanes[source]) * 2
        let (mib, cpu) = (factor[source][0], factor[source][2])
        let (mine, mineCPU) = (need[instance >> 3][instance & 7], cpuNeed[instance >> 3][instance & 7])
        let (free, freeCPU) = (room[source >> 3][source & 7] + mine, cpuRoom[source >> 3][source & 7] + mineCPU)
        let size = bytes[instance >> 3][instance & 7]
        let isAway: Float = source == home ? 0 : 1
        let sum = mean + mean
        let (now, back) = (Eight(repeating: Float(source)), Eight(repeating: Float(home)))
        // Beyond a limit already, nothing may be added.
        let (most, mostMemory) = (Eight(repeating: Float(max(0, moves))), Eight(repeating: Float(max(0, memory))))
        var (from, to) = (0, instanceBlocks)
        if instanceBlocks > Self.instanceWindow {
            from = Self.scaled(random, instanceBlocks)
            to = min(instanceBlocks, from + Self.instanceWindow)
        }
        let noises = noise + Int(truncatingIfNeeded: random >> 40) & (Self.noises - 1) - from
        var index = Eight(0, 1, 2, 3, 4, 5, 6, 7) + Float(from * 8)
        var best = Eight(repeating: limit)
        var found = Eight(repeating: -1)
        let (one, none) = (Eight(repeating: 1), Eight(repeating: 0))
        let n = instanceBlocks
        for block in from..<to {
            var v: Eight = noises[block] * heat
            for load in 3..<7 {
                let e: Eight = d[load] - demand[(load - 1) * n + block]
                let there: Eight = e * 2 + valueThere[load * n + block] - here[load]
                v += e * there * slope[load]
            }
            let e: Eight = d[0] - demand[block]
            let (a, b): (Eight, Eight) = (e * mib, e * perMiBThere[block])
            v += Self.variance(a, b, here[0], valueThere[block], sum[0], share) * slope[0]
            if hasReported { v += Self.variance(a, b, here[1], valueThere[n + block], sum[1], share) * slope[1] }
            let f: Eight = d[2] - demand[n + block]
            v += Self.variance(f * cpu, f * perCPUThere[block], here[2], valueThere[2 * n + block], sum[2], share) * slope[2]
            var isBetter: Mask = v .< best
            isBetter = isBetter .& (roomThere[block] + need[block] .> mine)
            isBetter = isBetter .& (need[block] .< free)
            isBetter = isBetter .& (cpuRoomThere[block] + cpuNeed[block] .>= mineCPU)
            isBetter = isBetter .& (cpuNeed[block] .<= freeCPU)
            isBetter = isBetter .& (place[block] .!= now)
            // Who is away from home before and after, and what that sends.
            let isGone: Eight = none.replacing(with: one, where: place[block] .!= back) - isAway
            var other: Eight = none.replacing(with: one, where: origin[block] .!= now)
            other -= none.replacing(with: one, where: origin[block] .!= place[block])
            let amount: Eight = isGone * size + other * bytes[block]
            isBetter = isBetter .& (isGone + other .<= most)
            isBetter = isBetter .& (amount .<= mostMemory)
            best.replace(with: v, where: isBetter)
            found.replace(with: index, where: isBetter)
            index += 8
        }
        return Self.least(best, found)
    }

    /// What an exchange adds to a lane's sum of squared deviations: `leaving` comes off a node with twice its value `here`, `coming` to one with `there`.
    @inline(__always)
    private static func variance(_ leaving: Eight, _ coming: Eight, _ here: Float, _ there: Eight, _ sum: Float, _ share: Float) -> Eight {
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
