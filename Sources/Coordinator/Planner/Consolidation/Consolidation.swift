/// Keeps as few hosts on as carry a changing demand, step by step, from what was measured up to the step before: causal, with few moves.
///
/// It forecasts each domain's demand (exponentially weighted mean and variance), takes a host's as the sum of means plus the root of the sum of variances, and
/// then, in this order: relieves hosts that are about to be short; empties a host where the rest stays below what hosts are to be filled to.
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

    /// What it weighs by. Shares are of a host's capacity; a host's risk is the share that is likely to be asked for: its forecast, and `deviations` on top.
    public struct Policy: Hashable, Sendable {
        /// Weight of the newest value in mean and variance. The mean follows quickly, as all demand rises and falls together; how much a domain jumps about
        /// is told only by many values.
        public var meanGain = 0.25
        public var varianceGain = 0.05
        /// Before a domain has a history: its deviation as a share of its demand, and what no deviation is at first below, in units of demand.
        public var firstDeviation = 0.5
        public var leastDeviation = 40.0
        /// Standard deviations that are kept free.
        public var deviations = 0.75
        /// What hosts are filled to in the mean of all that are on: by the first plan, when one is emptied, and by relief.
        public var full = 0.735
        /// Nothing comes to a host whose risk it would bring above this.
        public var target = 0.83
        /// A host whose risk is above this is relieved; where no other can take anything, one is switched on.
        public var high = 0.95
        /// Moves that relieve one host in one step, at most, and the least that one moves: a share of what is too much (or of the largest domain).
        public var reliefs = 2
        public var leastRelief = 0.25

        public init() {}
    }

    private let hosts: [Host]
    private let memory: [Int]
    /// What the domains of a host may use together; 0: not judged.
    private let memoryLimit: Int
    private let policy: Policy
    /// Hosts, those first that compute most for a watt.
    private let byEfficiency: [Int]
    /// What a domain can get at most, wherever it is.
    private let mostCore: Double

    /// By domain.
    public private(set) var places: [Int]
    private var mean: [Double] = []
    private var variance: [Double] = []

    // By host.
    private var domains: [[Int]]
    private var load: [Double]
    private var spread: [Double]
    private var used: [Int]

    /// `nil` where a place is no host, the arrays are not as long as one another, or a host has no capacity.
    public init?(hosts: [Host], memory: [Int], memoryLimit: Int, places: [Int], policy: Policy = Policy()) {
        guard memory.count == places.count, places.allSatisfy({ hosts.indices.contains($0) }) else { return nil }
        guard memory.allSatisfy({ $0 >= 0 && $0 < 1 << 40 }) else { return nil }
        // Far above any machine, and far below where squares of demands leave the range of numbers.
        guard hosts.allSatisfy({ $0.capacity > 0 && $0.core > 0 && $0.capacity < 1e100 && $0.core < 1e100 }) else { return nil }
        self.hosts = hosts
        self.memory = memory
        self.memoryLimit = memoryLimit
        self.places = places
        self.policy = policy
        mostCore = hosts.reduce(0) { max($0, $1.core) }
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

    /// The moves that pay, in order, given what each domain asked for in the interval that has ended. A demand that is no number is taken as none,
    /// and one above what any host can give, as that.
    public mutating func moves(after demand: [Double]) -> [Move] {
        guard demand.count == places.count else { return [] }
        let isFirst = mean.isEmpty
        observe(demand.map { $0 > 0 ? min($0, mostCore) : 0 })
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
            variance = demand.map { (policy.firstDeviation * $0) * (policy.firstDeviation * $0) + policy.leastDeviation * policy.leastDeviation }
        } else {
            for (domain, value) in demand.enumerated() {
                let error = value - mean[domain]
                variance[domain] += policy.varianceGain * (error * error - variance[domain])
                mean[domain] += policy.meanGain * error
            }
        }
        for host in hosts.indices {
            load[host] = domains[host].reduce(0) { $0 + min(mean[$1], hosts[host].core) }
            spread[host] = domains[host].reduce(0) { $0 + variance[$1] }
        }
    }

    // MARK: - One host

    /// The share of the host that is likely to be asked for, with one domain more (-1: none).
    private func risk(_ host: Int, with domain: Int = -1) -> Double {
        var (load, spread) = (load[host], spread[host])
        if domain >= 0 {
            load += min(mean[domain], hosts[host].core)
            spread += variance[domain]
        }
        return (load + policy.deviations * max(0, spread).squareRoot()) / hosts[host].capacity
    }

    private func hasRoom(_ host: Int, for domain: Int) -> Bool { memoryLimit <= 0 || used[host] + memory[domain] <= memoryLimit }

    private mutating func move(_ domain: Int, to host: Int, _ moves: inout [Move]) {
        let source = places[domain]
        domains[source].removeAll { $0 == domain }
        domains[host].append(domain)
        load[source] -= min(mean[domain], hosts[source].core)
        load[host] += min(mean[domain], hosts[host].core)
        spread[source] -= variance[domain]
        spread[host] += variance[domain]
        used[source] -= memory[domain]
        used[host] += memory[domain]
        places[domain] = host
        moves.append(Move(domain: domain, host: host))
    }

    private func byDemand(_ domains: [Int]) -> [Int] { domains.sorted { (-mean[$0], $0) < (-mean[$1], $1) } }

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
        var needed = mean.reduce(0, +) / policy.full
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

    /// From each host at risk, the riskiest first, a domain of about the size of what is too much goes where it is calmest.
    private mutating func relieve(_ moves: inout [Move]) {
        var on = hosts.indices.filter { !domains[$0].isEmpty }
        for host in on.map({ ($0, risk($0)) }).filter({ $0.1 >= policy.high }).sorted(by: { ($1.1, $0.0) < ($0.1, $1.0) }).map(\.0) {
            for _ in 0..<max(0, policy.reliefs) where risk(host) >= policy.high {
                let excess = load[host] - policy.full * hosts[host].capacity
                let largest = domains[host].reduce(0.0) { max($0, mean[$1]) }
                func distance(_ domain: Int) -> Double { abs(mean[domain] - excess) }
                let fitting = domains[host].filter { mean[$0] >= policy.leastRelief * min(excess, largest) }
                    .sorted { (distance($0), $0) < (distance($1), $1) }
                let others = on.filter { $0 != host }
                var isRelieved = false
                for domain in fitting {
                    guard let other = calmest(others, for: domain), risk(other, with: domain) <= policy.target else { continue }
                    move(domain, to: other, &moves)
                    isRelieved = true
                    break
                }
                if isRelieved { continue }
                // A host with one domain would only change places.
                guard domains[host].count > 1, let domain = fitting.first,
                    let off = byEfficiency.first(where: { domains[$0].isEmpty && hasRoom($0, for: domain) })
                else { break }
                move(domain, to: off, &moves)
                on.append(off)
            }
        }
    }

    /// Empties the host that is emptied soonest, having the least memory to send, of those whose domains all fit elsewhere; whole or not at all.
    private mutating func release(_ moves: inout [Move]) {
        let on = hosts.indices.filter { !domains[$0].isEmpty }
        let demand = on.reduce(0.0) { $0 + load[$1] }
        let capacity = on.reduce(0.0) { $0 + hosts[$1].capacity }
        let order = on.sorted { (used[$0], domains[$0].count, $0) < (used[$1], domains[$1].count, $1) }
        for host in order where demand < policy.full * (capacity - hosts[host].capacity) {
            let others = on.filter { $0 != host }
            let before = self
            var tried: [Move] = []
            for domain in byDemand(domains[host]) {
                guard let other = calmest(others, for: domain), risk(other, with: domain) <= policy.target else { break }
                move(domain, to: other, &tried)
            }
            if domains[host].isEmpty {
                moves += tried
                return
            }
            self = before
        }
    }
}
