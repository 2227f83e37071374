import AgentCore
import AgentSimulated
import PodpModel
import Testing

@Suite struct SimulatedHostTests {
    private func host(_ domains: Int, vcpus: Int = 2) -> SimulatedHost {
        var host = SimulatedHost(settings: Scene.settings(1), bootID: Scene.boot(1), now: .zero, wall: WallTime(milliseconds: 1_700_000_000_000))
        for number in 0..<domains {
            let definition = Scene.definition(number, gibibytes: 1, vcpus: vcpus)
            #expect(host.perform(.start(DomainImage(definition: definition, libvirtXML: "")), on: definition.id) == .succeeded)
        }
        return host
    }

    /// The report of one interval, through the agent's own arithmetic.
    private func report(_ host: inout SimulatedHost, seconds: Int64 = 5) throws -> Report {
        var rates = CounterRates()
        _ = rates.report(host.counters())
        host.advance(to: host.now + .seconds(seconds), wall: WallTime(milliseconds: host.wall.milliseconds + seconds * 1000))
        let report = rates.report(host.counters())
        return try #require(report)
    }

    @Test("on an overloaded blade domains share what there is, and what they lack is ready time") func contention() throws {
        var host = host(8)
        for number in 0..<8 { host.loads[Scene.domain(number)] = 1000 }
        let report = try report(&host)
        #expect(report.invalid == nil)
        #expect(report.host.cpu > 7990)
        let used = report.domains.map { Int($0.cpu) }
        let ready = report.domains.compactMap { $0.ready.map(Int.init) }
        #expect(used.allSatisfy { abs($0 - 950) < 20 })
        #expect(zip(used, ready).allSatisfy { abs($0 + $1 - 2000) < 20 })
    }

    @Test("on an idle blade everybody gets what it wants and nobody waits") func enough() throws {
        var host = host(3)
        for number in 0..<3 { host.loads[Scene.domain(number)] = 250 }
        let report = try report(&host)
        #expect(report.domains.allSatisfy { abs(Int($0.cpu) - 500) <= 3 && ($0.ready ?? 99) <= 3 })
        #expect(report.domains.allSatisfy { ($0.disk?.writtenBytes ?? 0) > 0 && ($0.network?.sentBytes ?? 0) > 0 })
    }

    @Test("any load at any pace makes valid reports", arguments: 0..<20) func valid(seed: Int) throws {
        var random = Seeded(seed)
        var host = host(1 + random.below(12), vcpus: 1 + random.below(4))
        host.settings.dayLength = .seconds(Int64(60 + random.below(100_000)))
        for _ in 0..<20 {
            let report = try report(&host, seconds: Int64(1 + random.below(60)))
            #expect(report.invalid == nil, "seed \(seed)")
            #expect(report.domains.count == host.domains.count)
        }
    }

    @Test("a load is a function of domain and time, stays in its range, and has a day's curve") func loads() {
        var spread = 0
        for number in 0..<50 {
            let load = Load(domain: Scene.domain(number), dayLength: .seconds(600))
            let day = (0..<96).map { load.demand(at: WallTime(milliseconds: 1_700_000_000_000 + Int64($0) * 6250)) }
            #expect(
                day
                    == (0..<96).map {
                        Load(domain: Scene.domain(number), dayLength: .seconds(600)).demand(at: WallTime(milliseconds: 1_700_000_000_000 + Int64($0) * 6250))
                    })
            #expect(day.allSatisfy { (0...1000).contains($0) })
            if (day.max() ?? 0) - (day.min() ?? 0) > 250 { spread += 1 }
        }
        #expect(spread > 25)
    }

    @Test("two hosts hand a domain over: admitted, departed, arrived") func handOver() throws {
        var source = host(1)
        var target = SimulatedHost(settings: Scene.settings(2), bootID: Scene.boot(2), now: .zero, wall: WallTime(milliseconds: 0))
        let id = Scene.domain(0)
        #expect(source.hindrance(toMigrate: id, live: true) == nil)
        #expect(target.admit(try #require(source.domain(id)), from: Scene.blade(1)) == nil)
        #expect(target.inventory.domains.map(\.state) == [.incoming])
        let departed = source.depart(id, to: target.bootID)
        target.arrive(try #require(departed))
        #expect(source.inventory.domains.isEmpty)
        #expect(target.inventory.domains.map(\.state) == [.running])
    }
}
