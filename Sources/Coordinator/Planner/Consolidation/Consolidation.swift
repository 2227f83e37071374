/// Keeps as few hosts on as carry a changing demand, step by step, from what was measured up to the step before: causal, with few moves.
///
/// It forecasts each domain's demand (exponentially weighted mean and variance, part of the last value), takes a host's as the sum of means plus the root of
/// the sum of variances, and then, in this order: relieves hosts that are about to be short; empties hosts that the rest can carry.
public struct Consolidation: Sendable {
    public struct Host: Hashable, Sendable {
        /// What one domain can use at most (a core), and what all together can, in one unit of computing power.
        public var core: Double
        public var capacity: Double
        /// In watts, at utilisations spread evenly from 0 to 1.
        public var power: [Double]

        public init(core: Double, capacity: Double, power: [Double]) {
            self.core = core
            self.capacity = capacity
            self.power = power
        }
    }

    public struct Move: Hashable, Sendable {
        public var domain: Int
        public var host: Int
    }

    /// What it weighs by. Shares are of a host's capacity.
    public struct Policy: Hashable, Sendable {
        /// Weight of the newest value in mean and variance, and of the last value in the forecast.
        public var meanGain = 0.25
        public var varianceGain = 0.1
        public var lastShare = 0.3
        /// Standard deviations that are kept free.
        public var deviations = 0.85
        /// A host above this is relieved down to `relieved`; nothing comes to a host that it would bring above `target`; above `opening` one is switched on.
        public var high = 0.93
        public var relieved = 0.75
        public var target = 0.865
        public var opening = 1.0
        /// Below `low` a host is emptied, if the rest stays below `full`.
        public var low = 0.76
        public var full = 0.82
        /// What hosts are filled to by the first plan.
        public var first = 0.73

        public init() {}
    }

    private let hosts: [Host]
    private let memory: [Int]
    /// What the domains of a host may use together; 0: not judged.
    private let memoryLimit: Int
    private let policy: Policy
    /// Hosts, those first that compute most for a watt.
    private let byEfficiency: [Int]

    /// By domain.
    public private(set) var places: [Int]
    private var mean: [Double] = []
    private var variance: [Double] = []
    private var forecast: [Double] = []

    // By host.
    private var domains: [[Int]]
    private var load: [Double]
    private var spread: [Double]
    private var used: [Int]

    /// `nil` where a place is no host, or the arrays are not as long as one another.
    public init?(hosts: [Host], memory: [Int], memoryLimit: Int, places: [Int], policy: Policy = Policy()) {
        guard memory.count == places.count, places.allSatisfy({ hosts.indices.contains($0) }) else { return nil }
        guard memory.allSatisfy({ $0 >= 0 && $0 < 1 << 40 }) else { return nil }
        guard hosts.allSatisfy({ $0.capacity > 0 && $0.core > 0 && $0.capacity.isFinite && $0.core.isFinite }) else { return nil }
        self.hosts = hosts
        self.memory = memory
        self.memoryLimit = memoryLimit
        self.places = places
        self.policy = policy
        byEfficiency = hosts.indices.sorted { a, b in
            let (first, second) = ((hosts[a].power.last ?? 0) / hosts[a].capacity, (hosts[b].power.last ?? 0) / hosts[b].capacity)
            return first == second ? a < b : first < second
        }
        domains = Array(repeating: [], count: hosts.count)
        load = Array(repeating: 0, count: hosts.count)
        spread = load
        used = Array(repeating: 0, count: hosts.count)
        for (domain, host) in places.enumerated() {
            domains[host].append(domain)
            used[host] += memory[domain]
        }
    }

    /// The moves that pay, in order, given what each domain asked for in the interval that has ended. A demand that is no number is taken as none.
    public mutating func moves(after demand: [Double]) -> [Move] {
        guard demand.count == places.count else { return [] }
        let isFirst = mean.isEmpty
        observe(demand.map { $0.isFinite && $0 > 0 ? $0 : 0 })
        var moves: [Move] = []
        if isFirst {
            gather(&moves)
        } else {
            relieve(&moves)
            release(&moves)
        }
        return moves
    }

    private mutating func observe(_ demand: [Double]) {
        if mean.isEmpty {
            mean = demand
            variance = demand.map { (0.3 * $0) * (0.3 * $0) + 1600 }
        } else {
            for (domain, value) in demand.enumerated() {
                let error = value - mean[domain]
                variance[domain] += policy.varianceGain * (error * error - variance[domain])
                mean[domain] += policy.meanGain * error
            }
        }
        forecast = demand.indices.map { policy.lastShare * demand[$0] + (1 - policy.lastShare) * mean[$0] }
        for host in hosts.indices {
            load[host] = domains[host].reduce(0) { $0 + min(forecast[$1], hosts[host].core) }
            spread[host] = domains[host].reduce(0) { $0 + variance[$1] }
        }
    }

    // MARK: - One host

    /// The share of the host that is likely to be asked for, with one domain more (-1: none).
    private func risk(_ host: Int, with domain: Int = -1) -> Double {
        var (load, spread) = (load[host], spread[host])
        if domain >= 0 {
            load += min(forecast[domain], hosts[host].core)
            spread += variance[domain]
        }
        return (load + policy.deviations * max(0, spread).squareRoot()) / hosts[host].capacity
    }

    private func hasRoom(_ host: Int, for domain: Int) -> Bool { memoryLimit <= 0 || used[host] + memory[domain] <= memoryLimit }

    private mutating func move(_ domain: Int, to host: Int, _ moves: inout [Move]) {
        let source = places[domain]
        domains[source].removeAll { $0 == domain }
        domains[host].append(domain)
        load[source] -= min(forecast[domain], hosts[source].core)
        load[host] += min(forecast[domain], hosts[host].core)
        spread[source] -= variance[domain]
        spread[host] += variance[domain]
        used[source] -= memory[domain]
        used[host] += memory[domain]
        places[domain] = host
        moves.append(Move(domain: domain, host: host))
    }

    private func byDemand(_ domains: [Int]) -> [Int] { domains.sorted { (-forecast[$0], $0) < (-forecast[$1], $1) } }

    /// The one of `candidates` that would be least at risk with the domain on it.
    private func calmest(_ candidates: [Int], for domain: Int) -> Int? {
        var best: (host: Int, risk: Double)?
        for host in candidates where hasRoom(host, for: domain) {
            let risk = risk(host, with: domain)
            if best.map({ risk < $0.risk }) ?? true { best = (host, risk) }
        }
        return best?.host
    }

    // MARK: - The steps

    /// The first plan: everything onto as many of the most efficient hosts as the demand needs, the largest first, each where it is calmest.
    private mutating func gather(_ moves: inout [Move]) {
        var needed = forecast.reduce(0, +) / policy.first
        var chosen: [Int] = []
        var spare = byEfficiency[...]
        while needed > 0, let host = spare.popFirst() {
            chosen.append(host)
            needed -= hosts[host].capacity
        }
        var isChosen = Array(repeating: false, count: hosts.count)
        for host in chosen { isChosen[host] = true }
        for domain in byDemand(Array(places.indices)) where !isChosen[places[domain]] {
            if let host = calmest(chosen, for: domain) {
                move(domain, to: host, &moves)
            } else if let host = spare.popFirst() {
                // No memory is left on those.
                chosen.append(host)
                isChosen[host] = true
                if host != places[domain], hasRoom(host, for: domain) { move(domain, to: host, &moves) }
            }
        }
    }

    private mutating func relieve(_ moves: inout [Move]) {
        let on = hosts.indices.filter { !domains[$0].isEmpty }
        for host in on.map({ ($0, risk($0)) }).filter({ $0.1 >= policy.high }).sorted(by: { ($1.1, $0.0) < ($0.1, $1.0) }).map(\.0) {
            for _ in 0..<2 where risk(host) >= policy.high {
                let wanted = load[host] - policy.relieved * hosts[host].capacity
                let calm = on.filter { $0 != host }.map { ($0, risk($0)) }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.prefix(6).map(\.0)
                let largest = domains[host].reduce(0.0) { max($0, forecast[$1]) }
                var best: (domain: Int, host: Int, price: Double)?
                for domain in domains[host] where forecast[domain] >= 0.25 * min(wanted, largest) {
                    for other in calm where hasRoom(other, for: domain) {
                        let risk = risk(other, with: domain)
                        guard risk <= policy.target else { continue }
                        // One that is just as large as what is too much, that is sent quickly, to a host that stays calm.
                        let price = abs(forecast[domain] - wanted) / hosts[host].capacity + Double(memory[domain]) / 1740 * 0.05 + 0.3 * risk
                        if best.map({ price < $0.price }) ?? true { best = (domain, other, price) }
                    }
                }
                if let best {
                    move(best.domain, to: best.host, &moves)
                } else if risk(host) >= policy.opening, let off = byEfficiency.first(where: { domains[$0].isEmpty }),
                    let domain = domains[host].min(by: { abs(forecast[$0] - wanted) < abs(forecast[$1] - wanted) }), hasRoom(off, for: domain)
                {
                    move(domain, to: off, &moves)
                } else {
                    break
                }
            }
        }
    }

    /// Empties the host that is emptied with the fewest moves, if all are used little; whole or not at all.
    private mutating func release(_ moves: inout [Move]) {
        let on = hosts.indices.filter { !domains[$0].isEmpty }
        let demand = forecast.reduce(0, +)
        let capacity = on.reduce(0.0) { $0 + hosts[$1].capacity }
        guard demand < policy.low * capacity else { return }
        func price(_ host: Int) -> Double { Double(domains[host].count) + 5 * load[host] / hosts[host].capacity }
        guard let host = on.min(by: { (price($0), $0) < (price($1), $1) }), demand < policy.full * (capacity - hosts[host].capacity) else { return }
        let others = on.filter { $0 != host }
        let before = self
        var tried: [Move] = []
        for domain in byDemand(domains[host]) {
            guard let other = calmest(others, for: domain), risk(other, with: domain) <= policy.target else {
                self = before
                return
            }
            move(domain, to: other, &tried)
        }
        moves += tried
    }
}
