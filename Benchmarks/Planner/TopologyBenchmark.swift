import Glibc
import PodpModel
import PodpPlanner

/// `planner-bench topology [FILE]`: sequences of requests for the topology-aware placement data set (standard input: what `Benchmarks/Data/topology.py` writes),
/// placed by podp, first fit and best fit, with nobody moved. All three keep the same rules, and each one's placements are looked at anew.
///
/// A request is for half of a host (one NUMA node) or for equal shares of both. Members of a fault domain group with different parts share no rack, members of an
/// anti-affinity group no host; those of an affinity group share a rack, or (second table) a host.
enum TopologyBenchmark {
    private enum Policy: String, CaseIterable {
        case podp
        case firstFit = "first fit"
        /// Least CPU left on the host.
        case bestFitCPU = "best fit, CPU"
        /// Least left of both on the host, each as a share of what the largest host has.
        case bestFit = "best fit, both"
    }

    private struct Outcome {
        var places: [Arrivals.Place?] = []
        var seconds = 0.0
    }

    static func run(_ arguments: [String]) -> Int32 {
        do {
            guard let bytes = FileText.read(arguments.first ?? "/dev/stdin") else {
                FileText.complain("\(arguments.first ?? "standard input"): cannot be read")
                return 66
            }
            let data = try TopologyData(String(decoding: bytes, as: UTF8.self))
            for (zone, name) in [(Zone.chassis, "rack"), (.blade, "host")] {
                print("affinity: one \(name)")
                print("sequence  requests  policy          first refusal after  accepted  GiB accepted  CPU s   looked at anew")
                for (name, requests) in data.sequences { measure(name, requests, data, affinity: zone) }
                if data.sequences.count > 1 { measure(data.sequences.map(\.name).joined(separator: "+"), data.together, data, affinity: zone) }
            }
            return 0
        } catch {
            FileText.complain("\(arguments.first ?? "standard input"): \(error)")
            return 65
        }
    }

    private static func measure(_ name: String, _ requests: [TopologyData.Request], _ data: TopologyData, affinity: Zone) {
        let newcomers = requests.enumerated().map { newcomer($1, number: $0, affinity: affinity) }
        for policy in Policy.allCases {
            guard let outcome = play(newcomers, problem(data), policy) else { return FileText.complain("\(name): the hosts make no sound problem") }
            let accepted = outcome.places.count { $0 != nil }
            let first = outcome.places.firstIndex { $0 == nil } ?? requests.count
            let gibibytes = zip(requests, outcome.places).reduce(0) { $1.1 == nil ? $0 : $0 + $1.0.gibibytes }
            let columns = [
                (name, 10), ("\(requests.count)", 10), (policy.rawValue, 16), ("\(first)", 21), ("\(accepted)", 10), ("\(gibibytes)", 14),
                (FleetBenchmark.decimal(outcome.seconds, 2), 8), (objection(requests, outcome.places, data, affinity: affinity) ?? "legal", 0),
            ]
            print(columns.map { FleetBenchmark.column($0.0, $0.1) }.joined())
            fflush(nil)
        }
    }

    // MARK: - The data set in podp's terms

    /// Each NUMA node's CPUs and memory are resources of their own, none of which may be exceeded.
    private static func problem(_ data: TopologyData) -> Problem {
        let resources = (0..<2).flatMap { node in
            [Resource(name: "cpu-\(node)", unit: "CPU", hard: true), Resource(name: "memory-\(node)", unit: "GiB", hard: true)]
        }
        let blades = data.hosts.enumerated().map { index, host in
            Problem.Blade(
                id: BladeID(ID128(high: 1, low: UInt64(index))), name: "host-\(index)", chassis: "rack-\(host.rack)",
                capacity: [host.cpus[0], host.gibibytes[0], host.cpus[1], host.gibibytes[1]], comfort: [1000, 1000, 1000, 1000], reserved: [0, 0, 0, 0])
        }
        return Problem(revision: 1, goal: .balance, resources: resources, blades: blades, domains: [])
    }

    private static func newcomer(_ request: TopologyData.Request, number: Int, affinity: Zone) -> Arrivals.Newcomer {
        let (cpus, memory) = (request.cpus / request.nodes, request.gibibytes / request.nodes)
        let shapes = request.nodes == 2 ? [[cpus, memory, cpus, memory]] : [[cpus, memory, 0, 0], [0, 0, cpus, memory]]
        let ties: [Arrivals.Tie] =
            switch request.strategy {
            case .none: []
            case .faultDomain: [.apart(group: request.group, part: request.part, over: .chassis)]
            // No two of a group share a part.
            case .antiAffinity: [.apart(group: request.group, part: number, over: .blade)]
            case .affinity: [.near(group: request.group, within: affinity)]
            }
        return Arrivals.Newcomer(shapes: shapes, ties: ties)
    }

    // MARK: - Playing

    private static func play(_ newcomers: [Arrivals.Newcomer], _ problem: Problem, _ policy: Policy) -> Outcome? {
        let start = Program.processorTime()
        guard var arrivals = Arrivals(problem) else { return nil }
        var outcome = Outcome()
        let largest = (0..<4).map { resource in max(1, problem.blades.map { Double($0.capacity[resource]) }.max() ?? 1) }
        for newcomer in newcomers {
            if policy == .podp {
                outcome.places.append(arrivals.settle(newcomer))
                continue
            }
            var best: (place: Arrivals.Place, left: Double)?
            search: for blade in problem.blades.indices {
                for shape in newcomer.shapes.indices {
                    let place = Arrivals.Place(blade: blade, shape: shape)
                    guard arrivals.allows(newcomer, at: place) else { continue }
                    let free = arrivals.free(on: blade).map(Double.init)
                    let left =
                        policy == .bestFitCPU
                        ? free[0] + free[2] : (free[0] + free[2]) / (largest[0] + largest[2]) + (free[1] + free[3]) / (largest[1] + largest[3])
                    if left < best?.left ?? .infinity { best = (place, left) }
                    if policy == .firstFit { break search }
                }
            }
            if let best { arrivals.put(newcomer, at: best.place) }
            outcome.places.append(best?.place)
        }
        outcome.seconds = Program.processorTime() - start
        return outcome
    }

    // MARK: - Looking anew

    /// What a rule or a host's size has against the placements as a whole: from the data set's own words, with nothing of the planner's.
    private static func objection(_ requests: [TopologyData.Request], _ places: [Arrivals.Place?], _ data: TopologyData, affinity: Zone) -> String? {
        var hosts = data.hosts
        var members: [String: [(host: Int, part: Int)]] = [:]
        for (index, (request, place)) in zip(requests, places).enumerated() {
            guard let place else { continue }
            for node in request.nodes == 2 ? [0, 1] : [place.shape] {
                hosts[place.blade].cpus[node] -= request.cpus / request.nodes
                hosts[place.blade].gibibytes[node] -= request.gibibytes / request.nodes
                if hosts[place.blade].cpus[node] < 0 || hosts[place.blade].gibibytes[node] < 0 { return "ILLEGAL: request \(index + 1) has no room" }
            }
            if request.strategy != .none { members["\(request.strategy.rawValue) \(request.group)", default: []].append((place.blade, request.part)) }
        }
        for (name, members) in members {
            for (position, a) in members.enumerated() {
                for b in members[..<position] {
                    let (sameHost, sameRack) = (a.host == b.host, hosts[a.host].rack == hosts[b.host].rack)
                    let isBroken =
                        name.hasPrefix(TopologyData.Strategy.faultDomain.rawValue)
                        ? a.part != b.part && sameRack
                        : name.hasPrefix(TopologyData.Strategy.antiAffinity.rawValue) ? sameHost : affinity == .blade ? !sameHost : !sameRack
                    if isBroken { return "ILLEGAL: \(name)" }
                }
            }
        }
        return nil
    }
}
