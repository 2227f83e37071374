import PodpPlanner

/// Consolidation on PlanetLab's traces: podp's beside the usual peer, a static threshold of 0.8 with the shortest migrations first (THR-MMT). Both are causal.
enum PlanetLabBenchmark {
    static let usage = "planner-bench planetlab [--resamples SEED] DAY..."

    static func run(_ arguments: [String]) -> Int32 {
        var days = arguments
        var seed: UInt64?
        if days.first == "--resamples" {
            seed = days.dropFirst().first.flatMap { UInt64($0) }
            days = seed == nil ? [] : Array(days.dropFirst(2))
        }
        guard !days.isEmpty else {
            print("usage: \(usage)")
            return 64
        }
        do {
            if let seed {
                try PlanetLabResamples.run(days, seed: seed)
            } else {
                try whole(days)
            }
            return 0
        } catch {
            print("\(error)")
            return 66
        }
    }

    private static func whole(_ days: [String]) throws {
        print("day       | planner |  kWh   | of bound | moves | SLATAH | hosts | rejected")
        for day in days {
            let world = try PlanetLabWorld(day: day)
            let name = String(day.split(separator: "/").last ?? "")
            report(name, "podp", world, podp(world))
            report(name, "thr-mmt", world, peer(world))
        }
    }

    static func podp(_ world: PlanetLabWorld) -> PlanetLabResult {
        let hosts = world.hosts.map { Consolidation.Host(core: $0.core, capacity: $0.capacity, power: $0.watts) }
        var planner = Consolidation(hosts: hosts, memory: world.memory, memoryLimit: 0, places: world.places)
        return .run(world) { demand, _ in planner?.moves(after: demand).map { ($0.domain, $0.host) } ?? [] }
    }

    static func peer(_ world: PlanetLabWorld) -> PlanetLabResult { .run(world) { ThresholdPolicy(world, demand: $0, places: $1).moves() } }

    private static func report(_ day: String, _ planner: String, _ world: PlanetLabWorld, _ result: PlanetLabResult) {
        let columns = [
            FleetBenchmark.column(day, 9), FleetBenchmark.column(planner, 7), FleetBenchmark.decimal(result.energy, 2),
            FleetBenchmark.decimal(result.energy / world.lowerBound, 3), "\(result.migrations)", FleetBenchmark.decimal(100 * result.violation, 2) + " %",
            FleetBenchmark.decimal(result.meanHosts, 1), "\(result.rejected)",
        ]
        print(columns.joined(separator: " | "))
    }
}

/// The peer (Beloglazov and Buyya 2012): hosts above the threshold send away whatever is sent fastest until they are below; each goes where power rises least;
/// then hosts are emptied, the least used first, where all that they hold fits elsewhere.
private struct ThresholdPolicy {
    private static let threshold = 0.8

    private let world: PlanetLabWorld
    private let demand: [Double]
    private var load: [Double?]
    private var off: [Int]
    private var here: [[Int]]

    init(_ world: PlanetLabWorld, demand: [Double], places: [Int]) {
        var world = world
        world.places = places
        self.world = world
        self.demand = demand
        load = world.loads(demand)
        off = world.hosts.indices.filter { [load] in load[$0] == nil }
        here = Array(repeating: [], count: world.hosts.count)
        for (machine, host) in places.enumerated() { here[host].append(machine) }
    }

    private func share(_ machine: Int, on host: Int) -> Double { min(demand[machine], world.hosts[host].core) }
    private func limit(_ host: Int) -> Double { Self.threshold * world.hosts[host].capacity }

    /// The host that is on, may be used, has room, and whose power rises least.
    private func fit(_ machine: Int, without banned: Set<Int>) -> Int? {
        var best: (host: Int, rise: Double)?
        for (host, kind) in world.hosts.enumerated() where !banned.contains(host) {
            guard let load = load[host], load + share(machine, on: host) <= limit(host) else { continue }
            let rise = kind.power((load + share(machine, on: host)) / kind.capacity) - kind.power(load / kind.capacity)
            if best.map({ rise < $0.rise }) ?? true { best = (host, rise) }
        }
        return best?.host
    }

    private mutating func shift(_ machine: Int, from source: Int, to target: Int) {
        load[source] = (load[source] ?? 0) - share(machine, on: source)
        load[target] = (load[target] ?? 0) + share(machine, on: target)
    }

    func moves() -> [(machine: Int, host: Int)] {
        var copy = self
        return copy.decide()
    }

    private mutating func decide() -> [(machine: Int, host: Int)] {
        var moves: [(machine: Int, host: Int)] = []
        let over = world.hosts.indices.filter { (load[$0] ?? 0) > limit($0) }
        var leaving: [(machine: Int, host: Int)] = []
        for host in over {
            var rest = load[host] ?? 0
            for machine in here[host].sorted(by: { (world.memory[$0], -demand[$0], $0) < (world.memory[$1], -demand[$1], $1) }) where rest > limit(host) {
                rest -= share(machine, on: host)
                leaving.append((machine, host))
            }
        }
        for (machine, host) in leaving.sorted(by: { (-demand[$0.machine], $0.machine) < (-demand[$1.machine], $1.machine) }) {
            guard let target = fit(machine, without: Set(over)) ?? off.popLast() else { continue }
            shift(machine, from: host, to: target)
            moves.append((machine, target))
        }
        var banned = Set(over).union(moves.map(\.host))
        let order = world.hosts.indices.filter { !banned.contains($0) && load[$0] != nil }.map { ($0, (load[$0] ?? 0) / world.hosts[$0].capacity) }
        for host in order.sorted(by: { ($0.1, $0.0) < ($1.1, $1.0) }).map(\.0) where !banned.contains(host) {
            let before = load
            var trial: [(machine: Int, host: Int)] = []
            for machine in here[host].sorted(by: { (-demand[$0], $0) < (-demand[$1], $1) }) {
                guard let target = fit(machine, without: Set(over).union([host])) else { break }
                shift(machine, from: host, to: target)
                trial.append((machine, target))
            }
            if trial.count == here[host].count, !trial.isEmpty {
                moves += trial
                banned.formUnion(trial.map(\.host))
                load[host] = nil
            } else {
                load = before
            }
        }
        return moves
    }
}
