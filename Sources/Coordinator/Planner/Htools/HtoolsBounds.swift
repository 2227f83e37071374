/// By instance: no move of it gains more. For `HtoolsDescent`.
struct HtoolsBounds: ~Copyable {
    typealias Lanes = HtoolsBoard.Lanes
    typealias Eight = SIMD8<Float>
    private typealias Mask = SIMDMask<SIMD8<Int32>>
    private typealias Rows = UnsafeMutablePointer<Eight>

    // By eight nodes: the lanes' values (7; free memory, free memory as reported, vCPUs, four loads), what a MiB and a vCPU change, room for memory and vCPUs.
    private static let nodeFields = 11
    private static let perMiB = 7
    private static let perCPU = 8
    private static let room = 9
    private static let cpuRoom = 10
    // By eight instances: demand (memory, vCPUs, four loads), what they need, and what is true of the node that they are on.
    private static let fields = 17
    private static let need = 6
    private static let cpuNeed = 7
    private static let there = 8
    /// A look goes on to what may gain a tenth less than is asked for: else it would come again after the next step, for a little more of the same.
    private static let depth = 0.9
    /// Of what bounds are made of, relative: more than rounding takes from them.
    static let slack: Float = 1e-6

    private let count: Int
    private let groups: Int
    private let nodeBlocks: Int
    /// By slot: what its best move gains at most.
    private let bound: Rows
    // With the slopes that were measured last as reference (`then`), the bound on moves to eight nodes is `scale` (`most` + `rise`); `top` is the greatest `most` of a
    // slot. With those of now it is `present` (`most` + `rise`) + `lift`. What all bounds have in common is in `present`, what an instance's have in common in its `lift`,
    // and only what has been looked at changes `most`. A new reference takes up both; until then, slopes that fall and rise again lift nothing.
    /// By slot and block of nodes.
    private let most: HtoolsTiles
    private let top: Rows
    private let rise: Rows
    /// By one of two nodes and eight slots, for a moment: what moves there gain at most.
    private let news: Rows
    private let lift: Rows
    private var scale: Float = 1
    private var present: Float = 1
    private var then: HtoolsSlopes
    private var steps = 0
    /// Steps with one reference.
    private static let mostSteps = 32
    private let rows: Rows
    private let numbers: UnsafeMutablePointer<Float>
    private let nodeRows: Rows
    private let nodeNumbers: UnsafeMutablePointer<Float>
    /// The blocks of nodes that were looked at last, and what the instance gains at most on each of their nodes.
    private let visited: UnsafeMutablePointer<Int>
    private let limit: Rows
    /// By kind of origin and node: 0, or minus infinity where nothing that comes from there may go.
    private let barrier: Rows
    private let kind: UnsafeMutablePointer<Int>
    /// Which nodes the blocks have, one after the other, and where each node is.
    private let order: UnsafeMutablePointer<Int>
    private let position: UnsafeMutablePointer<Int>
    private let factor: UnsafeMutablePointer<Eight>
    /// The slots of those on each node.
    private let chains: HtoolsChains
    /// By instance, its slot (-1: none).
    private let slots: UnsafeMutablePointer<Int32>
    private let isOffline: [Bool]
    private let weights: Lanes
    private let share: Float
    private let hasReported: Bool
    private let demands: HtoolsDemands

    private var now: HtoolsSlopes
    /// Where there are fewer blocks than these, whoever is on a node that has changed is looked at anew: that costs less than what the reach leaves unknown.
    private static let fewBlocks = 8

    init(_ state: borrowing HtoolsState, _ movable: [Int]) {
        let board = state.board
        let nodeBlocks = (board.nodes + 7) / 8
        let groups = (movable.count + 7) / 8
        (self.nodeBlocks, self.groups, count) = (nodeBlocks, groups, movable.count)
        bound = HtoolsRows.eights(groups, -.infinity)
        most = HtoolsTiles(groups: groups, blocks: nodeBlocks)
        top = HtoolsRows.eights(groups, -.infinity)
        rise = HtoolsRows.eights(groups)
        news = HtoolsRows.eights(groups * 2)
        lift = HtoolsRows.eights(groups)
        rows = HtoolsRows.eights(groups * Self.fields)
        numbers = UnsafeMutableRawPointer(rows).assumingMemoryBound(to: Float.self)
        nodeRows = HtoolsRows.eights(nodeBlocks * Self.nodeFields)
        nodeNumbers = UnsafeMutableRawPointer(nodeRows).assumingMemoryBound(to: Float.self)
        visited = HtoolsRows.copy(nodeBlocks) { _ in 0 }
        limit = HtoolsRows.eights(nodeBlocks, -.infinity)
        // Nodes that are much alike stand together: then few eights have one that is worth a look.
        let load = (0..<board.nodes).map { node in (state.lanes[node] * state.board.weights).sum() }
        let sorted = (0..<board.nodes).sorted { (load[$0], $0) < (load[$1], $1) }
        order = HtoolsRows.copy(nodeBlocks * 8) { $0 < sorted.count ? sorted[$0] : 0 }
        position = HtoolsRows.copy(board.nodes) { _ in 0 }
        for (place, node) in sorted.enumerated() { position[node] = place }
        barrier = HtoolsRows.barrier(board, -.infinity, at: position)
        kind = HtoolsRows.copy(board.instances) { board.kind[board.origin[$0]] }
        factor = HtoolsRows.copy(board.nodes) { Eight(board.factor[$0]) }
        chains = HtoolsChains(nodes: board.nodes, members: movable.count)
        slots = HtoolsRows.copy(board.instances) { _ in -1 }
        isOffline = board.isOffline
        weights = board.weights
        share = Float(1 / board.online)
        hasReported = board.weights[1] > 0
        demands = HtoolsDemands(board, movable)
        now = HtoolsSlopes(state, demands)
        then = now

        for block in 0..<nodeBlocks {
            nodeRows[block * Self.nodeFields + Self.room] = Eight(repeating: -.infinity)
            nodeRows[block * Self.nodeFields + Self.cpuRoom] = Eight(repeating: -.infinity)
        }
        for group in 0..<groups { rows[group * Self.fields + Self.need] = Eight(repeating: .infinity) }
        for node in 0..<board.nodes {
            let row = HtoolsRows.numbers(nodeNumbers, position[node], Self.nodeFields)
            row[8 * Self.perMiB] = factor[node][0]
            row[8 * Self.perCPU] = factor[node][2]
        }
        for (slot, instance) in movable.enumerated() {
            slots[instance] = Int32(truncatingIfNeeded: slot)
            let row = HtoolsRows.numbers(numbers, slot, Self.fields)
            let demand = Eight(board.demand[instance])
            row[0] = demand[0]
            for lane in 1..<6 { row[8 * lane] = demand[lane + 1] }
            row[8 * Self.need] = Self.below(board.usedMemory[instance])
            row[8 * Self.cpuNeed] = Self.below(board.vcpus[instance])
            chains.enter(slot, state.at[instance])
            forget(slot)
        }
        for node in 0..<board.nodes { refresh(node, state) }
    }

    deinit {
        for memory in [bound, top, rise, news, lift, rows, nodeRows, limit, barrier] { memory.deallocate() }
        slots.deallocate()
        kind.deallocate()
        visited.deallocate()
        order.deallocate()
        position.deallocate()
        factor.deallocate()
    }

    private static func above(_ value: Int) -> Float { Float(value) < Float(1 << 24) ? Float(value) : Float(value).nextUp }
    private static func below(_ value: Int) -> Float { Float(value) < Float(1 << 24) ? Float(value) : Float(value).nextDown }

    // MARK: - Following the state

    /// How much the lanes of the node have risen.
    @discardableResult
    private func refresh(_ node: Int, _ state: borrowing HtoolsState) -> Eight {
        let row = HtoolsRows.numbers(nodeNumbers, position[node], Self.nodeFields)
        let values = HtoolsRows.single(state.lanes[node])
        var risen = values
        for lane in 0..<7 { risen[lane] -= row[8 * lane] }
        risen[7] = 0
        for lane in 0..<7 { row[8 * lane] = values[lane] }
        row[8 * Self.room] = Self.above(state.usable(node))
        row[8 * Self.cpuRoom] = Self.above(state.vcpusLeft(node))
        var member = chains.first(on: node)
        while member >= 0 {
            let its = HtoolsRows.numbers(numbers, member, Self.fields)
            for field in 0..<9 { its[8 * (Self.there + field)] = row[8 * field] }
            member = chains.next(after: member)
        }
        return risen
    }

    /// What is on the node gains something else by leaving, the same for all targets: a V is less by twice the leaving part times what the lane has risen by. In
    /// the curve, where V counts squared, that depends on V, of which only is known how large it can be.
    private func shift(_ node: Int, _ risen: Eight) {
        let (slope, curve, _) = then.single
        let reach = HtoolsRows.single(now.reach)
        let inverse = 1 / scale
        var member = chains.first(on: node)
        while member >= 0 {
            let its = HtoolsRows.numbers(numbers, member, Self.fields)
            let d = Eight(its[0], its[0], its[8], its[16], its[24], its[32], its[40], 0)
            let added: Eight = d * factor[node] * risen * -2
            let size = HtoolsRows.magnitude(added)
            let bent: Eight = size * curve * (reach + reach + size)
            let straight: Eight = added * slope
            let slack: Eight = HtoolsRows.magnitude(straight) * Self.slack
            let (group, lane) = (member >> 3, member & 7)
            let change = ((bent - straight + slack).sum()) * inverse
            rise[group][lane] += change + (abs(rise[group][lane]) + abs(change)) * 2e-7
            member = chains.next(after: member)
        }
    }

    /// Nothing is known of what the instance gains.
    private func forget(_ slot: Int) {
        bound[slot >> 3][slot & 7] = .infinity
        top[slot >> 3][slot & 7] = .infinity
    }

    // MARK: - Choice

    /// The one that may gain most; -1: none gains anything.
    func foremost() -> Int {
        var best = Eight(repeating: 0)
        var found = Eight(repeating: -1)
        for group in 0..<groups {
            let isHigher = bound[group] .> best
            best.replace(with: bound[group], where: isHigher)
            found.replace(with: Eight(repeating: Float(group)), where: isHigher)
        }
        var (slot, top) = (-1, Float(0))
        for lane in 0..<8 where found[lane] >= 0 && best[lane] > top { (slot, top) = (Int(found[lane]) * 8 + lane, best[lane]) }
        return slot
    }

    /// The first slot from there on that may gain more than that; -1: none.
    func next(from start: Int, above gain: Double) -> Int {
        let least = Self.under(gain)
        var group = start >> 3
        var lane = start & 7
        while group < groups {
            let eight = bound[group]
            if any(eight .> least) {
                while lane < 8 {
                    if eight[lane] > least { return group * 8 + lane }
                    lane += 1
                }
            }
            lane = 0
            group += 1
        }
        return -1
    }

    @inline(__always)
    private static func under(_ gain: Double) -> Float {
        let value = Float(gain)
        return Double(value) > gain ? value.nextDown : value
    }

    /// Looks at the instance's targets that may gain more than that, or little less, eight by eight; `candidate` has them then. How many eights; its bound holds
    /// now. `here`: the lanes of `source`, the node that it is on.
    mutating func look(at slot: Int, _ instance: Int, on source: Int, _ here: Eight, above gain: Double) -> Int {
        let its = HtoolsRows.numbers(numbers, slot, Self.fields)
        let d = Eight(its[0], its[0], its[8], its[16], its[24], its[32], its[40], 0)
        let (slope, curve, mean) = now.single
        let (oldSlope, oldCurve, oldMean) = then.single
        let leaving = d * factor[source]
        let rest = 1 - share
        let own = leaving * (leaving * rest - 2 * (here - mean))
        let offset = leaving * (2 * share) - mean - mean
        let fixed = own + d * (d * rest + offset)
        let twice = d + d
        // What comes is counted from the mean: that it was another one changes it by so much for each unit that the two ends differ by.
        let shift = 2 * (mean - oldMean)
        let (mib, cpu) = (Eight(repeating: d[0]), Eight(repeating: d[2]))
        let (needed, cpuNeeded) = (Eight(repeating: its[8 * Self.need]), Eight(repeating: its[8 * Self.cpuNeed]))
        let walls = barrier + kind[instance] * nodeBlocks
        let margin = (HtoolsRows.larger(now.grain, then.grain) * d).sum() + 1e-12
        let none = Eight(repeating: -.infinity)
        let (group, lane) = (slot >> 3, slot & 7)
        let isNew = self.top[group][lane] == .infinity
        if isNew { rise[group][lane] = 0 }
        let raised = rise[group][lane]
        let lifted = lift[group][lane]
        let floor = isNew ? -Float.infinity : (Self.under(gain * Self.depth) - lifted) / present - raised
        let (home, homeLane) = (position[source] >> 3, position[source] & 7)
        var top = -Float.infinity
        var count = 0
        if isNew {
            for block in 0..<nodeBlocks { visited[block] = block }
            count = nodeBlocks
        } else {
            (count, top) = most.blocks(of: slot, above: floor, into: visited)
        }
        var left = 0
        @inline(__always)
        func add(_ change: Eight, _ old: Eight, _ lane: Int) {
            total += change * (change * curve[lane] - slope[lane])
            before += old * (old * oldCurve[lane] - oldSlope[lane])
        }
        var (total, before) = (none, none)
        for index in 0..<count {
            let block = visited[index]
            let node = nodeRows + block * Self.nodeFields
            var isOpen: Mask = node[Self.room] .> needed
            isOpen = isOpen .& (node[Self.cpuRoom] .>= cpuNeeded)
            isOpen = isOpen .& (walls[block] .> none)
            if block == home { isOpen[homeLane] = false }
            guard any(isOpen) else {
                most.set(slot, block, -.infinity)
                continue
            }
            total = Eight(repeating: margin)
            before = total
            let x: Eight = node[Self.perMiB] * mib
            let memory: Eight = x * (x * rest + 2 * node[0] + offset[0]) + own[0]
            add(memory, memory + (x - leaving[0]) * shift[0], 0)
            if hasReported {
                let reported: Eight = x * (x * rest + 2 * node[1] + offset[1]) + own[1]
                add(reported, reported + (x - leaving[1]) * shift[1], 1)
            }
            let z: Eight = node[Self.perCPU] * cpu
            let cpus: Eight = z * (z * rest + 2 * node[2] + offset[2]) + own[2]
            add(cpus, cpus + (z - leaving[2]) * shift[2], 2)
            for lane in 3..<7 {
                let change: Eight = node[lane] * twice[lane] + fixed[lane]
                add(change, change, lane)
            }
            total = none.replacing(with: total, where: isOpen)
            limit[left] = total
            visited[left] = block
            left += 1
            var value = HtoolsRows.greatest(none.replacing(with: before, where: isOpen)) / scale - raised
            value += abs(value) * Self.slack
            most.set(slot, block, value)
            top = max(top, value)
        }
        self.top[group][lane] = top
        bound[group][lane] = (top + raised + abs(raised) * Self.slack) * present + lifted
        return left
    }

    /// Whether any of one of the eights that were looked at may gain more than that.
    @inline(__always)
    func hasCandidates(_ index: Int, above gain: Double) -> Bool { any(limit[index] .> Self.under(gain)) }

    /// The node of a lane of one of the eights that were looked at, if it may gain more than that; else -1.
    @inline(__always)
    func candidate(_ index: Int, _ lane: Int, above gain: Double) -> Int { Double(limit[index][lane]) > gain ? order[visited[index] * 8 + lane] : -1 }

    // MARK: - From one step to the next

    /// The instance has gone from one node to the other.
    ///
    /// What was not touched gains what it did, lane by lane times the quotient f of the slopes: all bounds are multiplied by a mean of them, u, and each
    /// instance's lift is the most that (f - u) slope V can be on any node.
    mutating func carryOver(_ instance: Int, from source: Int, to target: Int, _ state: borrowing HtoolsState) {
        let slot = Int(slots[instance])
        if slot >= 0 {
            chains.leave(slot, source)
            chains.enter(slot, target)
        }
        let (left, come) = (refresh(source, state), refresh(target, state))
        now = HtoolsSlopes(state, demands)
        var usual = 0.0
        var weight = 0.0
        var quotient = Lanes(repeating: 1)
        for lane in 0..<7 where weights[lane] > 0 {
            quotient[lane] = now.slope[lane] / then.slope[lane]
            let its = then.slope[lane] * demands.usual[lane] * (now.highest[lane] - now.lowest[lane])
            usual += its * quotient[lane]
            weight += its
        }
        usual = weight > 0 ? usual / weight : 1
        guard usual > 0.25, usual < 4, scale > 1e-6, scale < 1e6 else { return begin() }
        if nodeBlocks >= Self.fewBlocks {
            shift(source, left)
            shift(target, come)
        }
        present = scale * Float(usual)
        // As rounded, so that nothing adds up.
        usual = Double(present) / Double(scale)
        // By lane: what a V of 1 adds, as far as it is the same for all and as far as it depends on the node; a V² of 1; and a change of the mean.
        let difference = quotient - Lanes(repeating: usual)
        let straight = Eight(then.slope * difference * -1)
        let width = Eight(then.slope * max(difference, -difference))
        let bent = Eight(max(now.curve - then.curve * usual, Lanes(repeating: 0)) * 1.00001)
        let shift = (now.mean - then.mean) * 2
        let drift = Eight(then.slope * usual * now.emphasis * max(shift, -shift) * (demands.mostFactor - demands.leastFactor))
        let grain = HtoolsRows.larger(now.grain, then.grain)
        let old = then.single
        let mean = now.single.mean
        let inverse = 1 / scale
        let middle = Eight((now.highest + now.lowest) * 0.5)
        let half = Eight((now.highest - now.lowest) * 0.5)
        let (least, greatest) = (Eight(demands.leastFactor), Eight(demands.mostFactor))
        let rest = 1 - share
        let (isSourceOpen, isTargetOpen) = (!isOffline[source], !isOffline[target])
        let (from, to) = (
            HtoolsRows.numbers(nodeNumbers, position[source], Self.nodeFields), HtoolsRows.numbers(nodeNumbers, position[target], Self.nodeFields)
        )
        let memoryGrain = grain[0] + grain[1]
        for group in 0..<groups {
            let row = rows + group * Self.fields
            let there = row + Self.there
            @inline(__always)
            func lifted(_ fixed: Eight, _ range: Eight, _ lane: Int) -> Eight {
                let size = HtoolsRows.magnitude(fixed) + range
                return fixed * straight[lane] + range * width[lane] + size * size * bent[lane]
            }
            @inline(__always)
            func liftedByNode(_ d: Eight, _ factor: Eight, _ lane: Int) -> Eight {
                let leaving: Eight = d * factor
                let own: Eight = leaving * (leaving * rest - 2 * (there[lane] - mean[lane]))
                let (x, y): (Eight, Eight) = (d * least[lane], d * greatest[lane])
                let offset: Eight = leaving * (2 * share) - 2 * mean[lane] + 2 * middle[lane]
                let (low, high): (Eight, Eight) = (x * rest + offset - 2 * half[lane], y * rest + offset + 2 * half[lane])
                let (a, b, c, e): (Eight, Eight, Eight, Eight) = (x * low, x * high, y * low, y * high)
                let bottom = HtoolsRows.smaller(HtoolsRows.smaller(a, b), HtoolsRows.smaller(c, e))
                let ceiling = HtoolsRows.larger(HtoolsRows.larger(a, b), HtoolsRows.larger(c, e))
                return lifted(own + 0.5 * (bottom + ceiling), 0.5 * (ceiling - bottom), lane) + d * drift[lane]
            }
            // Loads count the same on every node.
            var added = Eight(repeating: 0)
            for lane in 3..<7 {
                let d = row[lane - 1]
                added += lifted((d + d) * (d - there[lane] + middle[lane]), (d + d) * half[lane], lane)
            }
            added += liftedByNode(row[0], there[Self.perMiB], 0)
            if hasReported { added += liftedByNode(row[0], there[Self.perMiB], 1) }
            added += liftedByNode(row[1], there[Self.perCPU], 2)
            var margin: Eight = row[0] * memoryGrain + row[1] * grain[2] + 1e-12
            for lane in 3..<7 { margin += row[lane - 1] * grain[lane] }
            lift[group] = added + margin * 0.01
            let raised = rise[group]
            var best = top[group]
            if isSourceOpen { consider(row, from, margin, old, inverse, raised, news + group, &best) }
            if isTargetOpen { consider(row, to, margin, old, inverse, raised, news + (groups + group), &best) }
            top[group] = best
            bound[group] = (best + raised + HtoolsRows.magnitude(raised) * Self.slack) * present + lift[group]
        }
        if isSourceOpen { most.raise(position[source] >> 3, to: news) }
        if isTargetOpen { most.raise(position[target] >> 3, to: news + groups) }
        steps += 1
        if steps >= Self.mostSteps { renew() }
        if slot >= 0 { forget(slot) }
        guard nodeBlocks < Self.fewBlocks else { return }
        // What is on the two nodes gains by leaving what it did not before.
        for node in [source, target] {
            var member = chains.first(on: node)
            while member >= 0 {
                forget(member)
                member = chains.next(after: member)
            }
        }
    }

    /// The slopes of now are the reference.
    private mutating func renew() {
        for group in 0..<groups {
            rise[group] += lift[group] / present + (HtoolsRows.magnitude(rise[group]) + 1e-9) * 2e-7
            lift[group] = Eight(repeating: 0)
        }
        (scale, then, steps) = (present, now, 0)
    }

    /// Nothing is known of anybody.
    private mutating func begin() {
        (scale, present, then, steps) = (1, 1, now, 0)
        for group in 0..<groups { lift[group] = Eight(repeating: 0) }
        for slot in 0..<count { forget(slot) }
    }

    /// What a move of each of the eight to the node can gain at most by the reference, now that something has left it or come to it.
    @inline(__always)
    private func consider(
        _ row: Rows, _ node: UnsafeMutablePointer<Float>, _ margin: Eight, _ old: (slope: Eight, curve: Eight, mean: Eight), _ inverse: Float, _ raised: Eight,
        _ news: Rows, _ best: inout Eight
    ) {
        var isOpen: Mask = row[Self.need] .< node[8 * Self.room]
        isOpen = isOpen .& (row[Self.cpuNeed] .<= node[8 * Self.cpuRoom])
        guard any(isOpen) else {
            news.pointee = Eight(repeating: -.infinity)
            return
        }
        var total = margin
        @inline(__always)
        func add(_ change: Eight, _ lane: Int) { total += change * (change * old.curve[lane] - old.slope[lane]) }
        let there = row + Self.there
        let (a, b): (Eight, Eight) = (row[0] * there[Self.perMiB], row[0] * node[8 * Self.perMiB])
        add(Self.change(a, b, there[0], node[0], old.mean[0], share), 0)
        if hasReported { add(Self.change(a, b, there[1], node[8], old.mean[1], share), 1) }
        add(Self.change(row[1] * there[Self.perCPU], row[1] * node[8 * Self.perCPU], there[2], node[16], old.mean[2], share), 2)
        for lane in 3..<7 {
            let d = row[lane - 1]
            add((d + d) * (d - there[lane] + node[8 * lane]), lane)
        }
        var value = total * inverse - raised
        value += HtoolsRows.magnitude(value) * Self.slack
        value = Eight(repeating: -.infinity).replacing(with: value, where: isOpen)
        news.pointee = value
        best = HtoolsRows.larger(best, value)
    }

    /// What a move adds to a lane's sum of squared deviations.
    @inline(__always)
    private static func change(_ leaving: Eight, _ coming: Eight, _ here: Eight, _ there: Float, _ mean: Float, _ share: Float) -> Eight {
        let shift: Eight = coming - leaving
        let squares: Eight = leaving * (leaving - 2 * here) + coming * (coming + 2 * there)
        return squares - shift * (shift * share + 2 * mean)
    }
}
