/// An instance in flat memory: all that does not change while an assignment is looked for.
///
/// A machine's cost is a sum over lanes: `weight * max(0, level)`, where a level rises by what each process adds to it, and must not be above a limit. There
/// is a lane for each resource (level: usage - safety capacity) and each balance cost (level: target * free(first) - free(second), no limit).
///
/// Memory is reached by pointers without bounds checks: every index in it comes from an instance that was checked when it was read. Nothing is written
/// after `init`, which is why threads may share it.
public final class ReassignmentBoard: @unchecked Sendable {
    /// Two numbers that are worked on at once. All are whole and below 2^52 (the reader sees to it), so that `Double` adds them exactly.
    typealias Lanes = SIMD2<Double>
    /// The same at half the width and to 24 binary digits: what candidates are screened by before one is evaluated exactly.
    typealias Quad = SIMD4<Float>

    let machines: Int
    let processes: Int
    let services: Int
    let locations: Int
    let neighbourhoods: Int
    /// Vectors of lanes.
    let vectors: Int
    /// Vectors of the same lanes, four at a time.
    let quads: Int
    let hasTransients: Bool
    /// Whether a level may fall when a process comes.
    let hasBalances: Bool
    let conflictWords: Int
    let serviceMoveCost: Double
    let machineMoveWeight: Double

    /// No process costs more for having moved.
    let moveCostAtMost: Double
    /// What a process of mean size costs where all of it is above the safety capacity.
    let meanSize: Double

    // By vector.
    let weight: UnsafeMutablePointer<Lanes>
    /// How a unit above a limit is weighed: like one above the safety capacity, but the same for the same share of a machine in every resource.
    let price: UnsafeMutablePointer<Lanes>
    // By process and vector.
    let need: UnsafeMutablePointer<Lanes>
    /// What it goes on using where it was.
    let remains: UnsafeMutablePointer<Lanes>
    // The same by quad. The row after the last process's is of zeros.
    let outlineWeight: UnsafeMutablePointer<Quad>
    let outlineNeed: UnsafeMutablePointer<Quad>
    let outlineRemains: UnsafeMutablePointer<Quad>
    // By machine and vector.
    let emptyLevel: UnsafeMutablePointer<Lanes>
    let emptyLimit: UnsafeMutablePointer<Lanes>
    // By process.
    /// Its place in the order of size, and who has which.
    let rank: UnsafeMutablePointer<Int32>
    let bySize: UnsafeMutablePointer<Int32>
    let origin: UnsafeMutablePointer<Int32>
    let service: UnsafeMutablePointer<Int32>
    let moveCost: UnsafeMutablePointer<Double>
    // By machine.
    let location: UnsafeMutablePointer<Int32>
    let neighbourhood: UnsafeMutablePointer<Int32>
    /// By machine and machine, without its weight.
    let machineMoveCost: UnsafeMutablePointer<Int32>
    // By service.
    let spread: UnsafeMutablePointer<Int32>
    /// Whether it depends on others, or others on it.
    let isBound: UnsafeMutablePointer<Bool>
    let dependencyStart: UnsafeMutablePointer<Int32>
    let dependency: UnsafeMutablePointer<Int32>
    let dependentStart: UnsafeMutablePointer<Int32>
    let dependent: UnsafeMutablePointer<Int32>

    public init(_ instance: Reassignment) {
        machines = instance.machines
        processes = instance.processes
        services = instance.services
        locations = instance.locations
        neighbourhoods = instance.neighbourhoods
        let lanes = instance.resources + instance.balances.count
        vectors = (lanes + Lanes.scalarCount - 1) / Lanes.scalarCount
        hasTransients = instance.isTransient.contains(true)
        hasBalances = !instance.balances.isEmpty
        quads = (lanes + Quad.scalarCount - 1) / Quad.scalarCount
        conflictWords = (machines + 63) / 64
        serviceMoveCost = Double(instance.serviceMoveWeight)
        machineMoveWeight = Double(instance.machineMoveWeight)

        moveCostAtMost =
            Double(instance.processMoveWeight) * Double(instance.processMoveCost.max() ?? 0)
            + Double(instance.machineMoveWeight) * Double(instance.machineMoveCost.max() ?? 0)

        let count = instance.resources
        weight = Self.lanes(1, vectors) { _, lane in
            lane < count ? Double(instance.loadWeight[lane]) : lane < lanes ? Double(instance.balances[lane - count].weight) : 0
        }
        let prices = Self.prices(instance)
        price = Self.lanes(1, vectors) { _, lane in lane < count ? prices[lane] : 0 }
        let sizes = (0..<processes).map { process in
            (0..<count).reduce(0.0) { $0 + Double(instance.loadWeight[$1]) * Double(instance.need[process * count + $1]) }
        }
        meanSize = sizes.reduce(0, +) / Double(processes)
        let order = (0..<instance.processes).sorted { (sizes[$0], $0) < (sizes[$1], $1) }
        bySize = Self.copy(order.map(Int32.init))
        var ranks = [Int32](repeating: 0, count: instance.processes)
        for (place, process) in order.enumerated() { ranks[process] = Int32(place) }
        rank = Self.copy(ranks)
        need = Self.lanes(processes, vectors) { process, lane in
            let base = process * count
            guard lane >= count else { return Double(instance.need[base + lane]) }
            guard lane < lanes else { return 0 }
            let balance = instance.balances[lane - count]
            return Double(instance.need[base + balance.second] - balance.target * instance.need[base + balance.first])
        }
        remains = Self.lanes(processes, vectors) { process, lane in
            lane < count && instance.isTransient[lane] ? Double(instance.need[process * count + lane]) : 0
        }
        outlineWeight = Self.quads(1, quads, vectors, weight)
        outlineNeed = Self.quads(processes, quads, vectors, need)
        outlineRemains = Self.quads(processes, quads, vectors, remains)
        emptyLevel = Self.lanes(machines, vectors) { machine, lane in
            let base = machine * count
            guard lane >= count else { return -Double(instance.safety[base + lane]) }
            guard lane < lanes else { return -1 }
            let balance = instance.balances[lane - count]
            return Double(balance.target * instance.capacity[base + balance.first] - instance.capacity[base + balance.second])
        }
        emptyLimit = Self.lanes(machines, vectors) { machine, lane in
            lane < count ? Double(instance.capacity[machine * count + lane] - instance.safety[machine * count + lane]) : .greatestFiniteMagnitude
        }
        origin = Self.copy(instance.initial.map(Int32.init))
        service = Self.copy(instance.service.map(Int32.init))
        moveCost = Self.copy(instance.processMoveCost.map { Double($0 * instance.processMoveWeight) })
        location = Self.copy(instance.location.map(Int32.init))
        neighbourhood = Self.copy(instance.neighbourhood.map(Int32.init))
        machineMoveCost = Self.copy(instance.machineMoveCost.map { Int32(clamping: $0) })
        spread = Self.copy(instance.spread.map { Int32(clamping: $0) })
        var dependents = [[Int]](repeating: [], count: services)
        for service in 0..<services { for other in instance.dependencies[service] { dependents[other].append(service) } }
        isBound = Self.copy((0..<services).map { instance.dependencies.count($0) > 0 || !dependents[$0].isEmpty })
        (dependencyStart, dependency) = Self.copy((0..<services).map { Array(instance.dependencies[$0]) })
        (dependentStart, dependent) = Self.copy(dependents)
    }

    deinit {
        price.deallocate()
        rank.deallocate()
        bySize.deallocate()
        weight.deallocate()
        need.deallocate()
        remains.deallocate()
        outlineWeight.deallocate()
        outlineNeed.deallocate()
        outlineRemains.deallocate()
        emptyLevel.deallocate()
        emptyLimit.deallocate()
        origin.deallocate()
        service.deallocate()
        moveCost.deallocate()
        location.deallocate()
        neighbourhood.deallocate()
        machineMoveCost.deallocate()
        spread.deallocate()
        isBound.deallocate()
        dependencyStart.deallocate()
        dependency.deallocate()
        dependentStart.deallocate()
        dependent.deallocate()
    }

    /// The mean weight for a resource whose machines have the mean capacity of all; more for those that have less.
    private static func prices(_ instance: Reassignment) -> [Double] {
        let count = instance.resources
        let mean = (0..<count).map { resource in
            (0..<instance.machines).reduce(0.0) { $0 + Double(instance.capacity[$1 * count + resource]) } / Double(instance.machines)
        }
        let weight = max(1, instance.loadWeight.reduce(0.0) { $0 + Double($1) } / Double(count))
        let usual = mean.reduce(0, +) / Double(count)
        return mean.map { max(0.1, weight * usual / max(1, $0)) }
    }

    private static func lanes(_ rows: Int, _ vectors: Int, _ value: (_ row: Int, _ lane: Int) -> Double) -> UnsafeMutablePointer<Lanes> {
        let memory = UnsafeMutablePointer<Lanes>.allocate(capacity: max(1, rows * vectors))
        for row in 0..<rows {
            for vector in 0..<vectors {
                var lanes = Lanes.zero
                for scalar in 0..<Lanes.scalarCount { lanes[scalar] = value(row, vector * Lanes.scalarCount + scalar) }
                (memory + row * vectors + vector).initialize(to: lanes)
            }
        }
        return memory
    }

    /// Rows of pairs as rows of fours, and a row of zeros.
    private static func quads(_ rows: Int, _ quads: Int, _ vectors: Int, _ lanes: UnsafeMutablePointer<Lanes>) -> UnsafeMutablePointer<Quad> {
        let memory = UnsafeMutablePointer<Quad>.allocate(capacity: (rows + 1) * quads)
        memory.initialize(repeating: .zero, count: (rows + 1) * quads)
        for row in 0..<rows { outline(lanes + row * vectors, vectors, into: memory + row * quads) }
        return memory
    }

    /// Rounds a row of pairs to a row of fours.
    @inline(__always)
    static func outline(_ lanes: UnsafeMutablePointer<Lanes>, _ vectors: Int, into quads: UnsafeMutablePointer<Quad>) {
        for vector in 0..<vectors {
            let half = SIMD2<Float>(lanes[vector])
            if vector & 1 == 0 { quads[vector >> 1].lowHalf = half } else { quads[vector >> 1].highHalf = half }
        }
    }

    private static func copy<Value: BitwiseCopyable>(_ values: [Value]) -> UnsafeMutablePointer<Value> {
        let memory = UnsafeMutablePointer<Value>.allocate(capacity: max(1, values.count))
        for (index, value) in values.enumerated() { (memory + index).initialize(to: value) }
        return memory
    }

    private static func copy(_ lists: [[Int]]) -> (starts: UnsafeMutablePointer<Int32>, values: UnsafeMutablePointer<Int32>) {
        var starts: [Int32] = [0]
        var values: [Int32] = []
        for list in lists {
            values += list.map(Int32.init)
            starts.append(Int32(values.count))
        }
        return (copy(starts), copy(values))
    }
}
