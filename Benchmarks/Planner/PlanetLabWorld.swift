import Foundation

/// A day of PlanetLab's CPU traces on 800 hosts of two kinds, after CloudSim's examples (Beloglazov and Buyya, CCPE 24(13), 2012): one file a virtual machine,
/// 288 lines of per cent, five minutes each.
///
/// Demand is constant within an interval; files are taken in the order of their names; memory is not judged, as it is not in CloudSim after the start.
struct PlanetLabWorld {
    struct Kind {
        var core: Double
        var memory: Int
        var watts: [Double]
        var capacity: Double { 2 * core }

        func power(_ utilisation: Double) -> Double {
            let tenths = min(1, max(0, utilisation)) * 10
            let index = min(9, Int(tenths))
            return watts[index] + (watts[index + 1] - watts[index]) * (tenths - Double(index))
        }
    }

    struct Unreadable: Error, CustomStringConvertible {
        var description: String
    }

    static let interval = 300.0
    static let intervals = 288
    /// Half of a gigabit a second, in MiB.
    static let migrationMiBPerSecond = 62.5
    /// SPECpower_ssj2008 of HP ProLiant ML110 G4 and G5, idle to full.
    static let kinds = [
        Kind(core: 1860, memory: 4096, watts: [86, 89.4, 92.6, 96, 99.5, 102, 106, 108, 112, 114, 117]),
        Kind(core: 2660, memory: 4096, watts: [93.7, 97, 101, 105, 110, 116, 121, 125, 129, 133, 135]),
    ]
    private static let sizes: [(mips: Double, memory: Int)] = [(2500, 870), (2000, 1740), (1000, 1740), (500, 613)]

    let hosts: [Kind]
    /// By virtual machine.
    let memory: [Int]
    let nominal: [Double]
    private let trace: [[Double]]
    var places: [Int] = []

    init(day: String) throws { try self.init(traces: Self.traces(day: day)) }

    /// One a file, shares of what the virtual machine may use.
    static func traces(day: String) throws -> [[Double]] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: day) else { throw Unreadable(description: "\(day): cannot be read") }
        let traces = try names.filter { !$0.hasPrefix(".") }.sorted().map { name in
            guard let bytes = FileText.read("\(day)/\(name)") else { throw Unreadable(description: "\(day)/\(name): cannot be read") }
            let words = String(decoding: bytes, as: UTF8.self).split { $0.isWhitespace }.prefix(Self.intervals)
            let values = words.compactMap { Double($0) }.filter(\.isFinite).map { min(1, max(0, $0 / 100)) }
            guard !values.isEmpty, values.count == words.count else { throw Unreadable(description: "\(day)/\(name): not one percentage a line") }
            return values
        }
        guard !traces.isEmpty else { throw Unreadable(description: "\(day): no traces") }
        return traces
    }

    init(traces trace: [[Double]], hosts count: Int = 800) throws {
        self.trace = trace
        hosts = (0..<count).map { Self.kinds[$0 % 2] }
        let each = (trace.count + Self.sizes.count - 1) / Self.sizes.count
        memory = trace.indices.map { Self.sizes[$0 / each].memory }
        nominal = trace.indices.map { Self.sizes[$0 / each].mips }
        try start()
    }

    var machines: Int { trace.count }

    /// In MIPS, by virtual machine.
    func demand(_ interval: Int) -> [Double] { trace.indices.map { trace[$0][min(interval, trace[$0].count - 1)] * nominal[$0] } }

    /// The energy that no placement can go below, in kWh: all demand at the best watts for a MIPS.
    var lowerBound: Double {
        let best = hosts.map { ($0.watts.last ?? 0) / $0.capacity }.min() ?? 0
        let core = hosts.map(\.core).max() ?? 0
        let work = (0..<Self.intervals).reduce(0.0) { sum, interval in sum + demand(interval).reduce(0) { $0 + min($1, core) } }
        return work * best * Self.interval / 3.6e6
    }

    /// On nominal sizes, the largest first, each where power rises least among the hosts in use and one empty one.
    private mutating func start() throws {
        var need = [Double](repeating: 0, count: hosts.count)
        var used = [Int](repeating: 0, count: hosts.count)
        places = Array(repeating: 0, count: machines)
        for machine in (0..<machines).sorted(by: { (-nominal[$0], $0) < (-nominal[$1], $1) }) {
            var best: (host: Int, rise: Double)?
            for (host, kind) in hosts.enumerated() {
                let share = min(nominal[machine], kind.core)
                guard need[host] + share <= kind.capacity, used[host] + memory[machine] <= kind.memory else { continue }
                let rise = kind.power((need[host] + share) / kind.capacity) - (need[host] > 0 ? kind.power(need[host] / kind.capacity) : 0)
                if best.map({ rise < $0.rise - 1e-9 }) ?? true { best = (host, rise) }
                // Two in a row are empty: so are all that follow.
                if need[host] == 0, need[min(host + 1, hosts.count - 1)] == 0 { break }
            }
            guard let best else { throw Unreadable(description: "\(machines) virtual machines are more than \(hosts.count) hosts can hold") }
            need[best.host] += min(nominal[machine], hosts[best.host].core)
            used[best.host] += memory[machine]
            places[machine] = best.host
        }
    }
}

/// What a day came to.
struct PlanetLabResult {
    var energy = 0.0
    var migrations = 0
    /// The share of the time of hosts that are on in which they are short of CPU, or send a virtual machine away (SLATAH).
    var violation = 0.0
    var shutdowns = 0
    var meanHosts = 0.0
    var rejected = 0

    /// Replays a day: before each interval but the first, `plan` sees the demand of the interval before, and moves.
    static func run(_ start: PlanetLabWorld, plan: (_ demand: [Double], _ places: [Int]) -> [(machine: Int, host: Int)]) -> PlanetLabResult {
        var world = start
        var result = PlanetLabResult()
        var (active, bad) = (0.0, 0.0)
        for interval in 0..<PlanetLabWorld.intervals {
            let demand = world.demand(interval)
            let before = world.loads(demand)
            var busy: [Int: Double] = [:]
            if interval > 0 {
                for move in plan(world.demand(interval - 1), world.places) {
                    guard world.places.indices.contains(move.machine), world.hosts.indices.contains(move.host), world.places[move.machine] != move.host else {
                        result.rejected += 1
                        continue
                    }
                    let source = world.places[move.machine]
                    busy[source] = max(busy[source] ?? 0, Double(world.memory[move.machine]) / PlanetLabWorld.migrationMiBPerSecond)
                    world.places[move.machine] = move.host
                    result.migrations += 1
                }
            }
            let after = world.loads(demand)
            for (host, kind) in world.hosts.enumerated() {
                let sending = min(PlanetLabWorld.interval, busy[host] ?? 0)
                guard let load = after[host] else {
                    if before[host] != nil { result.shutdowns += 1 }
                    // On until it is empty.
                    result.energy += kind.power(0) * sending
                    active += sending
                    bad += sending
                    continue
                }
                result.meanHosts += 1 / Double(PlanetLabWorld.intervals)
                result.energy += kind.power(load / kind.capacity) * PlanetLabWorld.interval
                active += PlanetLabWorld.interval
                bad += load >= kind.capacity ? PlanetLabWorld.interval : sending
            }
        }
        result.energy /= 3.6e6
        result.violation = active > 0 ? bad / active : 0
        return result
    }
}

extension PlanetLabWorld {
    /// What each host is asked for; `nil` where nothing is on it.
    func loads(_ demand: [Double]) -> [Double?] {
        var loads = [Double?](repeating: nil, count: hosts.count)
        for (machine, host) in places.enumerated() { loads[host] = (loads[host] ?? 0) + min(demand[machine], hosts[host].core) }
        return loads
    }
}
