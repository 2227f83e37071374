import Testing

@testable import PodpPlanner

@Suite struct ConsolidationTests {
    private static let hosts = (0..<30).map { index in
        index % 2 == 0
            ? Consolidation.Host(core: 1860, capacity: 3720, power: [86, 117]) : Consolidation.Host(core: 2660, capacity: 5320, power: [93.7, 135])
    }

    /// Sixty domains, two on each host, whose demand wanders.
    private struct Day {
        var random: SplitMix64
        var demand: [Double]
        let memory: [Int]
        let places = (0..<60).map { $0 % 30 }

        init(seed: UInt64) {
            var random = SplitMix64(seed: seed)
            demand = (0..<60).map { _ in random.unit() * 400 }
            memory = (0..<60).map { _ in [613, 870, 1740][random.below(3)] }
            self.random = random
        }

        mutating func next() -> [Double] {
            for domain in demand.indices { demand[domain] = min(2000, max(0, demand[domain] + (random.unit() - 0.5) * 200)) }
            return demand
        }
    }

    @Test("Every move leads to another host, memory holds after each, and hosts fall empty", arguments: [0, 8192], 0..<10)
    func legality(limit: Int, seed: Int) throws {
        var day = Day(seed: UInt64(seed))
        var planner = try #require(Consolidation(hosts: Self.hosts, memory: day.memory, memoryLimit: limit, places: day.places))
        var places = day.places
        for _ in 0..<100 {
            for move in planner.moves(after: day.next()) {
                #expect(places[move.domain] != move.host)
                places[move.domain] = move.host
                if limit > 0 {
                    let used = places.indices.filter { places[$0] == move.host }.reduce(0) { $0 + day.memory[$1] }
                    #expect(used <= limit)
                }
            }
            #expect(planner.places == places)
        }
        #expect(Set(places).count < 20)
    }

    @Test("A host that was short in one interval is not short for long")
    func relief() throws {
        let hosts = Array(Self.hosts.prefix(6))
        var planner = try #require(Consolidation(hosts: hosts, memory: Array(repeating: 870, count: 12), memoryLimit: 0, places: (0..<12).map { $0 % 6 }))
        var demand = Array(repeating: 300.0, count: 12)
        for _ in 0..<10 { _ = planner.moves(after: demand) }
        #expect(Set(planner.places).count == 1)
        demand = Array(repeating: 900, count: 12)
        for _ in 0..<10 { _ = planner.moves(after: demand) }
        for (host, kind) in hosts.enumerated() { #expect(planner.places.filter { $0 == host }.count * 900 < Int(kind.capacity)) }
    }

    @Test("Where the host that is cheapest to empty cannot be emptied, another is")
    func nextBest() throws {
        // The first plan leaves 200, 200 and 150 of memory on three hosts: only the one with two domains of 100 can be emptied, and it is the last to be tried.
        let hosts = (0..<4).map { _ in Consolidation.Host(core: 1000, capacity: 1000, power: [90, 135]) }
        var planner = try #require(Consolidation(hosts: hosts, memory: [100, 100, 200, 150], memoryLimit: 300, places: [0, 1, 2, 3]))
        _ = planner.moves(after: [300, 300, 50, 50])
        #expect(Set(planner.places).count == 3)
        for _ in 0..<3 { _ = planner.moves(after: [300, 300, 50, 50]) }
        #expect(Set(planner.places).count == 2)
    }

    @Test("Hosts are filled to what the policy says, and no further")
    func filling() throws {
        var policy = Consolidation.Policy()
        var inUse: [Int] = []
        for full in [0.4, 0.735] {
            policy.full = full
            let count = 120
            var planner = try #require(
                Consolidation(
                    hosts: Self.hosts, memory: Array(repeating: 1, count: count), memoryLimit: 0, places: (0..<count).map { $0 % 30 }, policy: policy))
            for _ in 0..<100 { _ = planner.moves(after: Array(repeating: 200, count: count)) }
            let on = Set(planner.places)
            let capacity = on.reduce(0.0) { $0 + Self.hosts[$1].capacity }
            #expect(Double(count) * 200 < full * capacity)
            inUse.append(on.count)
        }
        #expect(inUse[0] > inUse[1])
    }

    @Test("The same demand gives the same moves")
    func determinism() throws {
        var answers: [[Consolidation.Move]] = []
        for _ in 0..<2 {
            var day = Day(seed: 4)
            var planner = try #require(Consolidation(hosts: Self.hosts, memory: day.memory, memoryLimit: 4096, places: day.places))
            answers.append((0..<50).flatMap { _ in planner.moves(after: day.next()) })
        }
        #expect(answers[0] == answers[1] && !answers[0].isEmpty)
    }

    @Test("What cannot be right is refused, or taken as nothing")
    func refusals() throws {
        #expect(Consolidation(hosts: Self.hosts, memory: [1], memoryLimit: 0, places: [30]) == nil)
        #expect(Consolidation(hosts: Self.hosts, memory: [], memoryLimit: 0, places: [1]) == nil)
        for capacity in [0, -1, 1e200, .infinity, .nan] {
            #expect(Consolidation(hosts: [.init(core: 1, capacity: capacity, power: [])], memory: [1], memoryLimit: 0, places: [0]) == nil)
        }
        var nothing = try #require(Consolidation(hosts: [], memory: [], memoryLimit: 0, places: []))
        #expect(nothing.moves(after: []).isEmpty && nothing.moves(after: []).isEmpty)
        var planner = try #require(Consolidation(hosts: Self.hosts, memory: [1, 1], memoryLimit: 0, places: [0, 1]))
        #expect(planner.moves(after: [1]).isEmpty)
        for demand in [[Double.nan, .infinity], [-1, 1e300], [0, 0]] { _ = planner.moves(after: demand) }
        #expect(planner.places.allSatisfy { Self.hosts.indices.contains($0) })
    }
}
