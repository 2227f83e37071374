/// An assignment while it is searched, with all sums that make a candidate's evaluation O(resources).
///
/// Conflicts, spread and dependencies hold at all times. Capacity may be exceeded at a price by machine and lane (`setPrices`), so that a large process can
/// come to a full machine before the small ones there have left: chains of ejections, one step at a time. Whoever takes a copy asks for `excess` first.
///
/// Memory is reached by pointers without bounds checks; indices come from the board, or are drawn below its counts.
struct ReassignmentState: ~Copyable {
    typealias Lanes = ReassignmentBoard.Lanes

    /// Of a process: where it is, and what taking it away would change in the cost of that machine, if `stamp` is still the machine's.
    struct Seat {
        var machine: Int32
        var stamp: UInt32
        var relief: Double
    }

    let board: ReassignmentBoard
    private let vectors: Int
    let quads: Int
    private let leastPrice: Double
    /// By process.
    private let seat: UnsafeMutablePointer<Seat>
    /// By machine, one vector of lanes after the other: levels, limits, prices of a unit above the limit.
    private let record: UnsafeMutablePointer<Lanes>
    /// By machine, rounded, one quad after the other: levels, limits, prices. Where levels are of whole lanes, the rest are zeros.
    let outline: UnsafeMutablePointer<ReassignmentBoard.Quad>
    /// By machine: its cost as the outline has it.
    let outlineCost: UnsafeMutablePointer<Float>
    /// Who is on which machine.
    private(set) var residents: Residents
    /// By machine: its cost, prices of excess included.
    private let cost: UnsafeMutablePointer<Double>
    /// By machine: changes whenever its cost may.
    private let stamp: UnsafeMutablePointer<UInt32>
    /// By service: bits of the machines that one of its processes is on.
    private let occupied: UnsafeMutablePointer<UInt64>
    /// By service and location, and by service and neighbourhood: its processes there.
    private let atLocation: UnsafeMutablePointer<Int32>
    private let inNeighbourhood: UnsafeMutablePointer<Int32>
    // By service.
    private let distinctLocations: UnsafeMutablePointer<Int32>
    private let moved: UnsafeMutablePointer<Int32>
    /// Services by how many of their processes have moved.
    private let servicesByMoved: UnsafeMutablePointer<Int32>
    private var mostMoved = 0
    /// What moves cost, but for the services' share.
    private var processMoves = 0.0

    /// As the instance has it. `price` is what a unit above a limit costs at least, in what one above the safety capacity does.
    init(_ board: ReassignmentBoard, price: Double = 5) {
        self.board = board
        leastPrice = price
        vectors = board.vectors
        seat = .allocate(capacity: board.processes)
        record = .allocate(capacity: board.machines * board.vectors * 3)
        quads = board.quads
        outline = .allocate(capacity: board.machines * board.quads * 3)
        outline.initialize(repeating: .zero, count: board.machines * board.quads * 3)
        outlineCost = .allocate(capacity: board.machines)
        outlineCost.initialize(repeating: 0, count: board.machines)
        residents = Residents((0..<board.processes).lazy.map { Int(board.origin[$0]) }, of: board.machines)
        cost = Self.zeros(board.machines)
        stamp = Self.zeros(board.machines)
        occupied = Self.zeros(board.services * board.conflictWords)
        atLocation = Self.zeros(board.services * board.locations)
        inNeighbourhood = Self.zeros(board.services * board.neighbourhoods)
        distinctLocations = Self.zeros(board.services)
        moved = Self.zeros(board.services)
        servicesByMoved = Self.zeros(board.processes + 1)
        servicesByMoved[0] = Int32(board.services)
        for machine in 0..<board.machines {
            let level = levels(machine)
            for vector in 0..<vectors {
                (level + vector).initialize(to: board.emptyLevel[machine * vectors + vector])
                (level + vectors + vector).initialize(to: board.emptyLimit[machine * vectors + vector])
                (level + 2 * vectors + vector).initialize(to: board.price[vector] * price)
            }
        }
        for process in 0..<board.processes {
            let machine = Int(board.origin[process])
            (seat + process).initialize(to: Seat(machine: Int32(machine), stamp: .max, relief: 0))
            occupy(Int(board.service[process]), machine)
            let level = levels(machine)
            for vector in 0..<vectors { level[vector] += board.need[process * vectors + vector] }
        }
        for machine in 0..<board.machines { settle(machine) }
    }

    deinit {
        seat.deallocate()
        record.deallocate()
        outline.deallocate()
        outlineCost.deallocate()
        cost.deallocate()
        stamp.deallocate()
        occupied.deallocate()
        atLocation.deallocate()
        inNeighbourhood.deallocate()
        distinctLocations.deallocate()
        moved.deallocate()
        servicesByMoved.deallocate()
    }

    private static func zeros<Number: BinaryInteger & BitwiseCopyable>(_ count: Int) -> UnsafeMutablePointer<Number> {
        let memory = UnsafeMutablePointer<Number>.allocate(capacity: max(1, count))
        memory.initialize(repeating: 0, count: max(1, count))
        return memory
    }

    private static func zeros(_ count: Int) -> UnsafeMutablePointer<Double> {
        let memory = UnsafeMutablePointer<Double>.allocate(capacity: max(1, count))
        memory.initialize(repeating: 0, count: max(1, count))
        return memory
    }

    @inline(__always)
    private func levels(_ machine: Int) -> UnsafeMutablePointer<Lanes> { record + machine * 3 * vectors }

    @inline(__always)
    func machine(_ process: Int) -> Int { Int(seat[process].machine) }

    /// What the machine's load, balance and excess cost.
    @inline(__always)
    func cost(of machine: Int) -> Double { cost[machine] }

    // MARK: - The whole

    /// The objective, exact where there is no excess; its prices included where there is.
    var objective: Double {
        var sum = processMoves + Double(mostMoved) * board.serviceMoveCost
        for machine in 0..<board.machines { sum += cost[machine] }
        return sum
    }

    /// The objective with the least prices for excess, whatever they were raised to: states of several searches can be compared by it.
    var standing: Double {
        var sum = processMoves + Double(mostMoved) * board.serviceMoveCost
        for machine in 0..<board.machines {
            let level = levels(machine)
            var lanes = Lanes.zero
            for vector in 0..<vectors {
                lanes += board.weight[vector] * positive(level[vector]) + board.price[vector] * leastPrice * positive(level[vector] - level[vectors + vector])
            }
            sum += lanes.sum()
        }
        return sum
    }

    /// How much is used above limits, whatever it is; 0: the assignment is feasible.
    var excess: Double {
        var sum = Lanes.zero
        for machine in 0..<board.machines {
            let level = levels(machine)
            for vector in 0..<vectors { sum += positive(level[vector] - level[vectors + vector]) }
        }
        return sum.sum()
    }

    /// Multiplies the price of each limit that is exceeded by `rise`, of each other by `fall`. None falls below the least, or rises above
    /// `most` times that.
    mutating func setPrices(rise: Double, fall: Double, most: Double) {
        for machine in 0..<board.machines {
            let level = levels(machine)
            var isExceeded = false
            for vector in 0..<vectors {
                let above = level[vector] .> level[vectors + vector]
                let factor = Lanes(repeating: fall).replacing(with: rise, where: above)
                let lowest = board.price[vector] * leastPrice
                let highest = lowest * most
                var price = level[2 * vectors + vector] * factor
                price.replace(with: lowest, where: price .< lowest)
                price.replace(with: highest, where: price .> highest)
                level[2 * vectors + vector] = price
                if any(above) { isExceeded = true }
            }
            // Elsewhere neither the cost nor any relief depends on prices.
            if isExceeded {
                settle(machine)
            }
        }
    }

    /// Makes any excess dearer than anything else could be worth.
    mutating func forbidExcess() {
        for machine in 0..<board.machines {
            let price = levels(machine) + 2 * vectors
            for vector in 0..<vectors { price[vector] = Lanes(repeating: 0x1p60) }
            settle(machine)
        }
    }

    /// Works out anew what depends on a machine's levels, limits and prices.
    private mutating func settle(_ machine: Int) {
        cost[machine] = loadCost(machine)
        stamp[machine] &+= 1
        let row = outline + machine * 3 * quads
        let level = levels(machine)
        for part in 0..<3 { ReassignmentBoard.outline(level + part * vectors, vectors, into: row + part * quads) }
        outlineCost[machine] = outlined(machine)
    }

    // MARK: - Evaluation of candidates

    @inline(__always)
    private func positive(_ value: Lanes) -> Lanes { value.replacing(with: 0, where: value .< 0) }

    private func loadCost(_ machine: Int) -> Double {
        let level = levels(machine)
        var sum = Lanes.zero
        for vector in 0..<vectors {
            sum += board.weight[vector] * positive(level[vector]) + level[2 * vectors + vector] * positive(level[vector] - level[vectors + vector])
        }
        return sum.sum()
    }

    /// What the machine's cost changes by when the process leaves it; at most 0 but for balance costs.
    @inline(__always)
    func relief(_ process: Int) -> Double {
        let machine = Int(seat[process].machine)
        if seat[process].stamp == stamp[machine] { return seat[process].relief }
        let level = levels(machine)
        let limit = level + vectors
        let price = limit + vectors
        let need = board.need + process * vectors
        let weight = board.weight
        var sum = Lanes.zero
        if board.hasTransients, machine == Int(board.origin[process]) {
            // It goes on using there what is transient.
            let remains = board.remains + process * vectors
            for vector in 0..<vectors {
                let after = level[vector] - need[vector]
                sum += weight[vector] * positive(after) + price[vector] * positive(after + remains[vector] - limit[vector])
            }
        } else {
            for vector in 0..<vectors {
                let after = level[vector] - need[vector]
                sum += weight[vector] * positive(after) + price[vector] * positive(after - limit[vector])
            }
        }
        let relief = sum.sum() - cost[machine]
        seat[process].stamp = stamp[machine]
        seat[process].relief = relief
        return relief
    }

    /// What the machine's cost changes by when the process comes.
    @inline(__always)
    func burden(_ process: Int, on machine: Int) -> Double {
        let level = levels(machine)
        let limit = level + vectors
        let price = limit + vectors
        let need = board.need + process * vectors
        let weight = board.weight
        var sum = Lanes.zero
        if board.hasTransients, machine == Int(board.origin[process]) {
            // It never ceased to use there what is transient.
            let remains = board.remains + process * vectors
            for vector in 0..<vectors {
                let after = level[vector] + need[vector]
                sum += weight[vector] * positive(after) + price[vector] * positive(after - remains[vector] - limit[vector])
            }
        } else {
            for vector in 0..<vectors {
                let after = level[vector] + need[vector]
                sum += weight[vector] * positive(after) + price[vector] * positive(after - limit[vector])
            }
        }
        return sum.sum() - cost[machine]
    }

    /// What the machine's cost changes by when one process leaves it and another comes.
    @inline(__always)
    func exchange(_ leaver: Int, for comer: Int, on machine: Int) -> Double {
        let level = levels(machine)
        let limit = level + vectors
        let price = limit + vectors
        let leaving = board.need + leaver * vectors
        let coming = board.need + comer * vectors
        let weight = board.weight
        var sum = Lanes.zero
        let isFromHome = board.hasTransients && machine == Int(board.origin[leaver])
        let isToHome = board.hasTransients && machine == Int(board.origin[comer])
        if isFromHome || isToHome {
            let held = board.remains + leaver * vectors
            let known = board.remains + comer * vectors
            for vector in 0..<vectors {
                let after = level[vector] - leaving[vector] + coming[vector]
                var bound = limit[vector]
                if isFromHome { bound -= held[vector] }
                if isToHome { bound += known[vector] }
                sum += weight[vector] * positive(after) + price[vector] * positive(after - bound)
            }
        } else {
            for vector in 0..<vectors {
                let after = level[vector] - leaving[vector] + coming[vector]
                sum += weight[vector] * positive(after) + price[vector] * positive(after - limit[vector])
            }
        }
        return sum.sum() - cost[machine]
    }

    /// What being on the machine costs the process for having moved, but for its service's share.
    @inline(__always)
    func moveCost(_ process: Int, on machine: Int) -> Double {
        let origin = Int(board.origin[process])
        guard machine != origin else { return 0 }
        return board.moveCost[process] + board.machineMoveWeight * Double(board.machineMoveCost[origin * board.machines + machine])
    }

    /// What the service move cost changes by if nothing else moves.
    @inline(__always)
    func serviceMoveChange(_ process: Int, to machine: Int) -> Double {
        let origin = board.origin[process]
        let service = Int(board.service[process])
        if seat[process].machine == origin { return Int(moved[service]) == mostMoved ? board.serviceMoveCost : 0 }
        guard machine == Int(origin) else { return 0 }
        return Int(moved[service]) == mostMoved && servicesByMoved[mostMoved] == 1 ? -board.serviceMoveCost : 0
    }

    // MARK: - Services

    /// Whether the service has a process on the machine.
    @inline(__always)
    func isOn(_ service: Int, _ machine: Int) -> Bool {
        occupied[service * board.conflictWords + machine >> 6] >> UInt64(machine & 63) & 1 == 1
    }

    /// Whether spread and dependencies let a process of the service go from one machine to another. Conflicts are asked apart.
    @inline(__always)
    func permits(_ service: Int, from source: Int, to target: Int) -> Bool {
        let (here, there) = (Int(board.location[source]), Int(board.location[target]))
        if here != there, board.spread[service] > 1 {
            let counts = atLocation + service * board.locations
            let change: Int32 = (counts[there] == 0 ? 1 : 0) - (counts[here] == 1 ? 1 : 0)
            if distinctLocations[service] + change < board.spread[service] { return false }
        }
        let (left, entered) = (Int(board.neighbourhood[source]), Int(board.neighbourhood[target]))
        return left == entered || !board.isBound[service] || permitsNeighbourhoods(service, left, entered)
    }

    private func permitsNeighbourhoods(_ service: Int, _ left: Int, _ entered: Int) -> Bool {
        let width = board.neighbourhoods
        if inNeighbourhood[service * width + left] == 1 {
            for index in Int(board.dependentStart[service])..<Int(board.dependentStart[service + 1])
            where inNeighbourhood[Int(board.dependent[index]) * width + left] > 0 { return false }
        }
        if inNeighbourhood[service * width + entered] == 0 {
            for index in Int(board.dependencyStart[service])..<Int(board.dependencyStart[service + 1])
            where inNeighbourhood[Int(board.dependency[index]) * width + entered] == 0 { return false }
        }
        return true
    }

    /// Whether the services of two processes let them change places.
    mutating func permitsSwap(_ a: Int, _ b: Int) -> Bool {
        let (serviceOfA, serviceOfB) = (Int(board.service[a]), Int(board.service[b]))
        // Within a service, nothing changes for the service.
        guard serviceOfA != serviceOfB else { return true }
        let (machineOfA, machineOfB) = (machine(a), machine(b))
        guard !isOn(serviceOfA, machineOfB), !isOn(serviceOfB, machineOfA), permits(serviceOfA, from: machineOfA, to: machineOfB) else { return false }
        // One may depend on the other: the second is asked with the first gone over.
        vacate(serviceOfA, machineOfA)
        occupy(serviceOfA, machineOfB)
        let isPermitted = permits(serviceOfB, from: machineOfB, to: machineOfA)
        vacate(serviceOfA, machineOfB)
        occupy(serviceOfA, machineOfA)
        return isPermitted
    }

    /// Whether services let a process go to where another is, and that one home.
    mutating func permitsEjection(_ a: Int, of b: Int) -> Bool {
        let (serviceOfA, serviceOfB) = (Int(board.service[a]), Int(board.service[b]))
        let (source, target, home) = (machine(a), machine(b), Int(board.origin[b]))
        guard !isOn(serviceOfB, home) else { return false }
        guard serviceOfA != serviceOfB else { return permits(serviceOfA, from: source, to: home) }
        guard !isOn(serviceOfA, target), permits(serviceOfA, from: source, to: target) else { return false }
        vacate(serviceOfA, source)
        occupy(serviceOfA, target)
        let isPermitted = permits(serviceOfB, from: target, to: home)
        vacate(serviceOfA, target)
        occupy(serviceOfA, source)
        return isPermitted
    }

    // MARK: - Change

    /// Moves a process. The caller has asked its service.
    mutating func move(_ process: Int, to target: Int) { move(process, to: target, occupying: true) }

    /// Lets two processes change places. The caller has asked their services.
    mutating func swap(_ a: Int, _ b: Int) {
        let (machineOfA, machineOfB) = (machine(a), machine(b))
        let isWithin = board.service[a] == board.service[b]
        move(a, to: machineOfB, occupying: !isWithin)
        move(b, to: machineOfA, occupying: !isWithin)
    }

    /// Moves one process to where another is, and that one home. The caller has asked their services.
    mutating func eject(_ a: Int, _ b: Int) {
        let (source, target, home) = (machine(a), machine(b), Int(board.origin[b]))
        let isWithin = board.service[a] == board.service[b]
        if isWithin {
            // Of one service there is never more than one on a machine: its bit goes from the first to the last.
            vacate(Int(board.service[a]), source)
            occupy(Int(board.service[a]), home)
        }
        move(b, to: home, occupying: !isWithin)
        move(a, to: target, occupying: !isWithin)
    }

    private mutating func move(_ process: Int, to target: Int, occupying: Bool) {
        let source = Int(seat[process].machine)
        guard source != target else { return }
        let service = Int(board.service[process])
        let origin = Int(board.origin[process])
        processMoves += moveCost(process, on: target) - moveCost(process, on: source)
        if occupying {
            vacate(service, source)
            occupy(service, target)
        }
        let need = board.need + process * vectors
        let (from, to) = (levels(source), levels(target))
        for vector in 0..<vectors {
            from[vector] -= need[vector]
            to[vector] += need[vector]
        }
        if source == origin || target == origin {
            let remains = board.remains + process * vectors
            let limit = levels(origin) + vectors
            for vector in 0..<vectors { limit[vector] += source == origin ? -remains[vector] : remains[vector] }
            countMove(service, by: source == origin ? 1 : -1)
        }
        settle(source)
        settle(target)
        residents.move(process, from: source, to: target)
        seat[process].machine = Int32(target)
        seat[process].stamp = stamp[target] &- 1
    }

    private mutating func countMove(_ service: Int, by change: Int32) {
        servicesByMoved[Int(moved[service])] -= 1
        moved[service] += change
        servicesByMoved[Int(moved[service])] += 1
        if Int(moved[service]) > mostMoved {
            mostMoved += 1
        } else if mostMoved > 0, servicesByMoved[mostMoved] == 0 {
            mostMoved -= 1
        }
    }

    /// Takes another assignment, which must break no constraint but capacity.
    mutating func adopt(_ places: borrowing [Int]) {
        for process in 0..<board.processes where machine(process) != places[process] {
            vacate(Int(board.service[process]), machine(process))
        }
        // All bits of leavers are cleared before any is set: two of one service may have changed places.
        for process in 0..<board.processes where machine(process) != places[process] {
            occupy(Int(board.service[process]), places[process])
            move(process, to: places[process], occupying: false)
        }
    }

    /// Notes that a process of the service comes to the machine.
    @inline(__always)
    private func occupy(_ service: Int, _ machine: Int) {
        occupied[service * board.conflictWords + machine >> 6] |= 1 << UInt64(machine & 63)
        let count = atLocation + (service * board.locations + Int(board.location[machine]))
        if count.pointee == 0 { distinctLocations[service] += 1 }
        count.pointee += 1
        inNeighbourhood[service * board.neighbourhoods + Int(board.neighbourhood[machine])] += 1
    }

    /// Notes that it leaves it.
    @inline(__always)
    private func vacate(_ service: Int, _ machine: Int) {
        occupied[service * board.conflictWords + machine >> 6] &= ~(1 << UInt64(machine & 63))
        let count = atLocation + (service * board.locations + Int(board.location[machine]))
        count.pointee -= 1
        if count.pointee == 0 { distinctLocations[service] -= 1 }
        inNeighbourhood[service * board.neighbourhoods + Int(board.neighbourhood[machine])] -= 1
    }
}
