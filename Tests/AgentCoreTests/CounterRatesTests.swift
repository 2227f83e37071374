import AgentCore
import PodpModel
import Testing

@Suite struct CounterRatesTests {
    private let second: UInt64 = 1_000_000_000

    private func counters(at seconds: Double, cpus: Int = 2, idle: UInt64, domains: [DomainCounters] = []) -> Counters {
        Counters(
            readAt: Instant(nanoseconds: Int64(seconds * 1e9)), host: HostCounters(cpus: cpus, idleNanoseconds: idle, memoryFree: .gibibytes(4)),
            domains: domains)
    }

    private func domain(_ number: Int, life: UInt32 = 1, cpu: UInt64, vcpus: Int = 1, blocked: UInt32? = nil, samples: UInt32? = nil) -> DomainCounters {
        DomainCounters(
            id: Sample.domain(number), number: life, state: .running, vcpus: vcpus, cpuNanoseconds: cpu, blockedSamples: blocked, samples: samples,
            memory: .mebibytes(512))
    }

    @Test("two readings make rates; ready is what is neither blocked nor used") func rates() throws {
        var rates = CounterRates()
        let first = rates.report(counters(at: 10, idle: 0, domains: [domain(1, cpu: 0)]))
        #expect(first == nil)
        let made = rates.report(counters(at: 12, idle: 1 * second, domains: [domain(1, cpu: 1 * second, blocked: 5, samples: 50)]))
        let report = try #require(made)
        #expect(report.invalid == nil)
        #expect(report.host.cpu == 1500)
        #expect(report.domains.first?.cpu == 500)
        #expect(report.domains.first?.ready == 400)
    }

    @Test("what cannot be right is said in words") func invalid() throws {
        func reason(_ before: Counters, _ now: Counters) throws -> String {
            var rates = CounterRates()
            _ = rates.report(before)
            let report = rates.report(now)
            return try #require(report?.invalid)
        }
        #expect(try reason(counters(at: 2, idle: 0), counters(at: 1, idle: 0)).contains("clock"))
        #expect(try reason(counters(at: 2, idle: 0), counters(at: 2, idle: 0)).contains("clock"))
        #expect(try reason(counters(at: 1, idle: 9), counters(at: 2, idle: 8)).contains("backwards"))
        #expect(try reason(counters(at: 1, cpus: 0, idle: 0), counters(at: 2, cpus: 0, idle: 0)).contains("0 CPUs"))
        #expect(try reason(counters(at: 1, cpus: 2, idle: 0), counters(at: 2, cpus: 4, idle: 0)).contains("from 2 to 4"))
        #expect(try reason(counters(at: 1, idle: 0), counters(at: 2, idle: 9 * second)).contains("idle"))
        #expect(try reason(counters(at: 1, idle: 0), counters(at: 9000, idle: 0)).contains("between two readings"))
        let three = (1...3).map { domain($0, cpu: 0) }
        let burning = (1...3).map { domain($0, cpu: second) }
        #expect(try reason(counters(at: 1, idle: 0, domains: three), counters(at: 2, idle: 0, domains: burning)).contains("more CPU than the blade has"))
        let twins = [domain(1, cpu: 0), domain(1, cpu: 0)]
        #expect(try reason(counters(at: 1, idle: 0, domains: twins), counters(at: 2, idle: 0, domains: twins)).contains("two domains"))
    }

    @Test("a domain whose counters cannot be right is left out, the others stay") func leftOut() throws {
        var rates = CounterRates()
        _ = rates.report(
            counters(
                at: 1, cpus: 8, idle: 0,
                domains: [domain(1, cpu: 5), domain(2, life: 1, cpu: 0), domain(3, cpu: 0), domain(4, cpu: 0, vcpus: 0), domain(5, cpu: 0)]))
        let made = rates.report(
            counters(
                at: 2, cpus: 8, idle: 0,
                domains: [
                    domain(1, cpu: 4), domain(2, life: 2, cpu: 7), domain(3, cpu: 3 * second), domain(4, cpu: 0, vcpus: 0), domain(5, cpu: second / 2),
                    domain(6, cpu: 1),
                ]))
        let report = try #require(made)
        #expect(report.invalid == nil)
        #expect(report.domains.map(\.id) == [Sample.domain(5)])
    }

    @Test("no counters make it trap or report more than there is", arguments: 0..<200) func anything(seed: Int) {
        var random = Seeded(seed)
        var rates = CounterRates()
        func number() -> UInt64 {
            switch random.below(5) {
            case 0: random.next()
            case 1: .max
            case 2: 0
            default: random.next() % 10_000_000_000
            }
        }
        for _ in 0..<40 {
            var domains: [DomainCounters] = []
            for _ in 0..<random.below(5) {
                var domain = domain(random.below(4), life: UInt32(random.below(2)), cpu: number(), vcpus: random.chance(10) ? .max : random.below(5) - 1)
                domain.samples = UInt32(truncatingIfNeeded: number())
                domain.blockedSamples = UInt32(truncatingIfNeeded: number())
                domain.state = DomainState.allCases.randomElement(using: &random) ?? .running
                domain.disk = DiskCounters(readBytes: number(), writtenBytes: number(), reads: number(), writes: number(), outOfRequests: number())
                domain.network = NetworkCounters(receivedBytes: number(), sentBytes: number())
                domains.append(domain)
            }
            let host = HostCounters(
                cpus: random.chance(10) ? (random.chance(50) ? .max : .min) : random.below(9), idleNanoseconds: number(), dom0CPUNanoseconds: number(),
                memoryFree: Bytes(number()), disk: DiskCounters(readBytes: number()), network: NetworkCounters(sentBytes: number()))
            let readAt = Instant(nanoseconds: random.chance(20) ? Int64(truncatingIfNeeded: number()) : Int64(number() % 100_000_000_000))
            let counters = Counters(readAt: readAt, host: host, domains: domains)
            guard let report = rates.report(counters, use: AgentUse(cpuNanoseconds: number(), memory: .zero)), report.invalid == nil else { continue }
            #expect(Int(report.host.cpu) <= host.cpus * 1000)
            #expect(report.domains.map(\.id) == report.domains.map(\.id).sorted())
            for sample in report.domains {
                let vcpus = 4  // The most that is drawn and not refused.
                #expect(Int(sample.cpu) <= vcpus * 1000)
                #expect(Int(sample.cpu) + Int(sample.ready ?? 0) <= vcpus * 1000)
            }
        }
    }
}
