import PodpModel
import Testing

@testable import PodpCore

/// While domains come, go and change, by podp's hand and by others'.
extension MemoryTests {
    /// Of blade 1, or 2.
    private static func capacity(_ fixture: CoreFixture, _ number: Int = 1) -> Bytes {
        .kibibytes(UInt64(clamping: fixture.core.capacity(of: CoreFixture.blade(number).id)[1]))
    }

    private static func tell(_ fixture: inout CoreFixture, _ link: LinkID, _ domains: [DomainInventory]) {
        var inventory = fixture.inventory(domains: domains)
        inventory.host.migrationAddress = "10.0.0.1"
        fixture.tell(.received(link, .inventory(inventory)))
    }

    /// A second later, with a number of its own.
    private static func report(_ fixture: inout CoreFixture, _ link: LinkID, free: Bytes, _ samples: [DomainSample], after span: Int64 = 1) {
        fixture.pass(span)
        let number = UInt64(fixture.seconds)
        fixture.report(link, number) { report in
            report.host.memoryFree = free
            report.domains = samples
        }
    }

    /// Two blades, and domains of podp's on the first: 22 GiB for domains on either.
    private static func pair(_ domains: [DomainInventory]) -> (fixture: CoreFixture, here: LinkID, there: LinkID) {
        let managed = domains.map { found in
            var domain = CoreFixture.managed(Int(found.id.uuid.low), on: 1)
            (domain.definition.memory, domain.definition.maxMemory) = (found.memory, .gibibytes(16))
            domain.definition.maxVCPUs = 2
            return domain
        }
        var fixture = CoreFixture(domains: managed)
        let here = fixture.connect(1)
        let there = fixture.connect(2)
        tell(&fixture, here, domains)
        tell(&fixture, there, [])
        let held = domains.reduce(Bytes.zero) { $0 + $1.memory }
        report(&fixture, here, free: .gibibytes(22) - held, domains.map { DomainSample(id: $0.id, state: .running, cpu: 100, memory: $0.memory) })
        report(&fixture, there, free: .gibibytes(22), [])
        return (fixture, here, there)
    }

    private static func begin(_ fixture: inout CoreFixture, _ request: Request) throws {
        guard case .operation = fixture.ask(request) else { throw Unexpected() }
    }

    private static func end(_ fixture: inout CoreFixture, _ number: Int, _ link: LinkID, as outcome: Outcome = .succeeded) throws {
        let operation = try #require(fixture.core.decided.openOperation(of: CoreFixture.domain(number)))
        fixture.tell(.received(link, .update(Update(operation: operation.id, phase: .ended(outcome)))))
    }

    private struct Unexpected: Error {}

    @Test("A domain that somebody else moves here takes what it has taken, however little the inventory knew of it")
    func movedByHand() {
        var fixture = CoreFixture()
        let link = fixture.connect(1, domains: [Self.there(1, 12)])
        Self.report(&fixture, link, free: .gibibytes(10), [Self.sample(1, 12)])
        var incoming = Self.there(2, 0)
        (incoming.state, incoming.memory, incoming.vcpus) = (.incoming, .mebibytes(4), 0)
        Self.tell(&fixture, link, [Self.there(1, 12), incoming])
        for free in (2..<10).reversed() as [UInt64] { Self.report(&fixture, link, free: .gibibytes(free), [Self.sample(1, 12)]) }
        #expect(fixture.core.memoryFree(on: CoreFixture.blade(1).id) <= .gibibytes(2))
    }

    @Test("A domain that the inventory takes for off, and runs, has its memory")
    func startedByHand() {
        var fixture = CoreFixture()
        var off = Self.there(2, 8)
        off.state = .off
        let link = fixture.connect(1, domains: [Self.there(1, 12), off])
        Self.report(&fixture, link, free: .gibibytes(10), [Self.sample(1, 12)])
        for _ in 0..<6 { Self.report(&fixture, link, free: .gibibytes(2), [Self.sample(1, 12), Self.sample(2, 8)]) }
        #expect(fixture.core.memoryFree(on: CoreFixture.blade(1).id) <= .gibibytes(2))
    }

    @Test("What was measured before a long migration is good when it has ended")
    func longMigrations() throws {
        var (fixture, here, there) = Self.pair([Self.there(1, 8), Self.there(2, 6)])
        for number in 1...2 {
            try Self.begin(&fixture, .migrateDomain(CoreFixture.domain(number), to: CoreFixture.blade(2).id, allowStop: false))
            let samples = [Self.sample(1, 8), Self.sample(2, 6)].suffix(3 - number)
            for _ in 0..<130 {
                Self.report(&fixture, here, free: .gibibytes(number == 1 ? 8 : 16), Array(samples), after: 5)
                Self.report(&fixture, there, free: .gibibytes(number == 1 ? 14 : 8), number == 1 ? [] : [Self.sample(1, 8)], after: 4)
            }
            try Self.end(&fixture, number, here)
            #expect(Self.capacity(fixture) == .gibibytes(22))
        }
    }

    @Test("A migration that no report saw makes the blade no smaller, where an inventory from before it comes after its end")
    func shortMigration() throws {
        var (fixture, here, there) = Self.pair([Self.there(1, 8)])
        try Self.begin(&fixture, .migrateDomain(CoreFixture.domain(1), to: CoreFixture.blade(2).id, allowStop: false))
        try Self.end(&fixture, 1, here)
        Self.tell(&fixture, there, [])
        Self.report(&fixture, there, free: .gibibytes(14), [])
        Self.tell(&fixture, there, [Self.there(1, 8)])
        #expect(Self.capacity(fixture, 2) == .gibibytes(22))
    }

    @Test("While a domain is on its way, what another's balloon keeps is not free")
    func balloonInFlux() throws {
        var (fixture, here, there) = Self.pair([Self.there(1, 12), Self.there(2, 1)])
        try Self.begin(&fixture, .setDomain(CoreFixture.domain(1), memory: .gibibytes(4), vcpus: nil))
        try Self.end(&fixture, 1, here)
        #expect(fixture.core.memoryFree(on: CoreFixture.blade(1).id) <= .gibibytes(9))
        try Self.begin(&fixture, .migrateDomain(CoreFixture.domain(2), to: CoreFixture.blade(2).id, allowStop: false))
        let samples = [Self.sample(1, 12), Self.sample(2, 1)]
        for _ in 0..<10 { Self.report(&fixture, here, free: .gibibytes(9), samples) }
        #expect(fixture.core.memoryFree(on: CoreFixture.blade(1).id) <= .gibibytes(9))
        // It follows, and the other comes in meanwhile: nothing of that makes either blade smaller.
        for step in 1...8 as ClosedRange<UInt64> {
            Self.report(&fixture, here, free: .gibibytes(9 + step), [Self.sample(1, 12 - step), Self.sample(2, 1)])
            Self.report(&fixture, there, free: .mebibytes(22 * 1024 - 128 * step), [])
            #expect(Self.capacity(fixture, 2) == .gibibytes(22))
        }
        #expect(Self.capacity(fixture) == .gibibytes(22))
    }

    @Test("An operation that waits for an operator, and one that moves no memory, keep no blade from being measured")
    func standing() throws {
        var (fixture, here, there) = Self.pair([Self.there(1, 8), Self.there(2, 2)])
        try Self.begin(&fixture, .migrateDomain(CoreFixture.domain(1), to: CoreFixture.blade(2).id, allowStop: false))
        try Self.end(&fixture, 1, here, as: .indeterminate(reason: "the connection broke"))
        try Self.begin(&fixture, .setDomain(CoreFixture.domain(2), memory: nil, vcpus: 2))
        // dom0 gave one back.
        for _ in 0..<6 { Self.report(&fixture, here, free: .gibibytes(13), [Self.sample(1, 8), Self.sample(2, 2)]) }
        for _ in 0..<6 { Self.report(&fixture, there, free: .gibibytes(23), []) }
        #expect(Self.capacity(fixture) == .gibibytes(23))
        #expect(Self.capacity(fixture, 2) == .gibibytes(23))
    }

    @Test("A blade of which one domain is never in a report has what both tell, seconds later")
    func neverSampled() {
        var fixture = CoreFixture()
        let link = fixture.connect(1, domains: [Self.there(1, 12), Self.there(2, 2)])
        for free in [7, 9, 6] as [UInt64] {
            for _ in 0..<6 { Self.report(&fixture, link, free: .gibibytes(free), [Self.sample(1, 12)]) }
            #expect(Self.capacity(fixture) == .gibibytes(14 + free))
        }
    }

    @Test("A domain that is given more memory makes its blade no smaller, whether or not it has it yet", arguments: [false, true])
    func grows(early: Bool) throws {
        var (fixture, here, _) = Self.pair([Self.there(1, 4)])
        try Self.begin(&fixture, .setDomain(CoreFixture.domain(1), memory: .gibibytes(12), vcpus: nil))
        if early { Self.report(&fixture, here, free: .gibibytes(10), [Self.sample(1, 12)]) }
        #expect(Self.capacity(fixture) == .gibibytes(22))
        try Self.end(&fixture, 1, here)
        for has in [early ? 12 : 4, 8, 12] as [UInt64] {
            #expect(Self.capacity(fixture) == .gibibytes(22))
            Self.report(&fixture, here, free: .gibibytes(22 - has), [Self.sample(1, has)])
        }
        #expect(fixture.core.memoryFree(on: CoreFixture.blade(1).id) <= .gibibytes(10))
    }

    @Test("Where one domain is never in a report, another that leaves makes its blade no smaller")
    func leavesNeverSampled() throws {
        var (fixture, here, there) = Self.pair([Self.there(1, 8)])
        Self.tell(&fixture, here, [Self.there(1, 8), Self.there(2, 2)])
        for _ in 0..<1000 {
            Self.report(&fixture, here, free: .gibibytes(12), [Self.sample(1, 8)])
            Self.report(&fixture, there, free: .gibibytes(22), [])
        }
        try Self.begin(&fixture, .migrateDomain(CoreFixture.domain(1), to: CoreFixture.blade(2).id, allowStop: false))
        for _ in 0..<6 { Self.report(&fixture, here, free: .gibibytes(12), [Self.sample(1, 8)]) }
        try Self.end(&fixture, 1, here)
        #expect(Self.capacity(fixture) == .gibibytes(22))
    }
}
