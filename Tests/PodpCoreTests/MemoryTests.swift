import PodpModel
import Testing

@testable import PodpCore

/// What domains may have of a blade's memory: reports and inventories come apart from each other.
@Suite("Memory between an inventory and the next report")
struct MemoryTests {
    static func there(_ number: Int, _ gibibytes: UInt64) -> DomainInventory {
        DomainInventory(
            id: CoreFixture.domain(number), name: "there-\(number)", state: .running, type: .pvh, vcpus: 1, memory: .gibibytes(gibibytes),
            liveMigration: .yes)
    }

    static func sample(_ number: Int, _ gibibytes: UInt64) -> DomainSample {
        DomainSample(id: CoreFixture.domain(number), state: .running, cpu: 100, memory: .gibibytes(gibibytes))
    }

    @Test("When a domain has left, its memory is free at once; when one has come, it is not free twice")
    func leavesAndComes() {
        var fixture = CoreFixture()
        let link = fixture.connect(1, domains: [Self.there(1, 12)])
        let id = CoreFixture.blade(1).id
        // 23 GiB but for dom0, of which Xen keeps one: 10 are free beside 12.
        fixture.pass(1)
        fixture.report(link, 2) { report in
            report.host.memoryFree = .gibibytes(10)
            report.domains = [Self.sample(1, 12)]
        }
        let capacity = fixture.core.capacity(of: id)[1]
        #expect(capacity == 22 << 20)
        fixture.tell(.received(link, .inventory(fixture.inventory(domains: []))))
        #expect(fixture.core.capacity(of: id)[1] == capacity)
        #expect(fixture.core.memoryFree(on: id) == .gibibytes(22))
        fixture.tell(.received(link, .inventory(fixture.inventory(domains: [Self.there(1, 12), Self.there(2, 6)]))))
        #expect(fixture.core.capacity(of: id)[1] == capacity)
        // A report that does not know the newcomer yet changes nothing either.
        fixture.pass(1)
        fixture.report(link, 3) { report in
            report.host.memoryFree = .gibibytes(4)
            report.domains = [Self.sample(1, 12)]
        }
        #expect(fixture.core.capacity(of: id)[1] == capacity)
    }

    @Test("What a domain keeps beyond what it is to have is nobody's; whoever the inventory does not know counts within seconds")
    func balloons() {
        var fixture = CoreFixture()
        let link = fixture.connect(1, domains: [Self.there(1, 4)])
        let id = CoreFixture.blade(1).id
        // Its balloon did not follow: 12 GiB instead of 4, so 10 are free.
        fixture.pass(1)
        fixture.report(link, 2) { report in
            report.host.memoryFree = .gibibytes(10)
            report.domains = [Self.sample(1, 12)]
        }
        #expect(fixture.core.capacity(of: id)[1] == 14 << 20)
        for sequence in 3..<9 as Range<UInt64> {
            fixture.pass(1)
            fixture.report(link, sequence) { report in
                report.host.memoryFree = .gibibytes(2)
                report.domains = [Self.sample(1, 12), Self.sample(7, 8)]
            }
        }
        #expect(fixture.core.capacity(of: id)[1] == 6 << 20)
    }

    @Test("What the hypervisor takes for itself is seen with the next report, and what was measured long ago does not count")
    func changes() {
        var fixture = CoreFixture()
        let link = fixture.connect(1, domains: [Self.there(1, 12)])
        let id = CoreFixture.blade(1).id
        for (sequence, free, memory) in [(2, 10, 22), (3, 9, 21), (4, 10, 22)] as [(UInt64, UInt64, Int64)] {
            fixture.pass(1)
            fixture.report(link, sequence) { report in
                report.host.memoryFree = .gibibytes(free)
                report.domains = [Self.sample(1, 12)]
            }
            #expect(fixture.core.capacity(of: id)[1] == memory << 20)
        }
        // From here on one of its domains is never in a report: then both are taken as they are.
        fixture.tell(.received(link, .inventory(fixture.inventory(domains: [Self.there(1, 12), Self.there(2, 2)]))))
        for sequence in 5..<100 as Range<UInt64> {
            fixture.pass(20)
            fixture.report(link, sequence) { report in
                report.host.memoryFree = .gibibytes(7)
                report.domains = [Self.sample(1, 12)]
            }
        }
        #expect(fixture.core.capacity(of: id)[1] == 21 << 20)
    }
}
