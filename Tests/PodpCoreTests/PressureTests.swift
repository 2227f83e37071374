import PodpModel
import Testing

@testable import PodpCore

@Suite("Where a newcomer goes")
struct PressureTests {
    private static func inventory(_ number: Int, vcpus: Int, memory: Bytes) -> DomainInventory {
        DomainInventory(id: CoreFixture.domain(number), name: "there-\(number)", state: .running, type: .pvh, vcpus: vcpus, memory: memory)
    }

    private static func definition(_ number: Int, vcpus: Int = 1) -> DomainDefinition {
        var definition = CoreFixture.managed(number, on: 1).definition
        definition.vcpus = vcpus
        definition.maxVCPUs = vcpus
        return definition
    }

    /// Two blades: one with busy CPUs and much memory free, one with idle CPUs and less.
    private static func fixture(measured: Bool) -> CoreFixture {
        var fixture = CoreFixture()
        let links = [
            fixture.connect(1, domains: [inventory(1, vcpus: 7, memory: .gibibytes(2))]),
            fixture.connect(2, domains: [inventory(2, vcpus: 1, memory: .gibibytes(8))]),
        ]
        guard measured else { return fixture }
        for sequence in 2..<200 as Range<UInt64> {
            fixture.pass(1)
            for (index, link) in links.enumerated() {
                fixture.report(link, sequence) { report in
                    report.domains = [
                        DomainSample(
                            id: CoreFixture.domain(index + 1), state: .running, cpu: index == 0 ? 6900 : 50, memory: .gibibytes(index == 0 ? 2 : 8))
                    ]
                }
            }
        }
        return fixture
    }

    private static func choice(_ fixture: inout CoreFixture, _ definition: DomainDefinition) throws -> PlacementChoice {
        guard case .placement(let choice)? = fixture.ask(.placeDomain(definition)) else { throw Missing.placement }
        return choice
    }

    private enum Missing: Error { case placement }

    @Test("Not where most memory is free, if the CPUs are busy there")
    func busy() throws {
        var fixture = Self.fixture(measured: true)
        let choice = try Self.choice(&fixture, Self.definition(9))
        let (busy, idle) = (choice.candidates[0], choice.candidates[1])
        #expect(busy.free > idle.free && busy.reason == nil && idle.reason == nil)
        #expect(choice.chosen == CoreFixture.blade(2).id)
        #expect(busy.pressure.resource == "cpu" && busy.pressure.permille > 1000)
        #expect(idle.pressure.resource == "memory" && idle.pressure.permille < 1000)
    }

    @Test("Where nothing is measured, memory decides")
    func unmeasured() throws {
        var fixture = Self.fixture(measured: false)
        let choice = try Self.choice(&fixture, Self.definition(9))
        #expect(choice.chosen == CoreFixture.blade(1).id)
        #expect(choice.candidates.allSatisfy { $0.pressure.resource == "memory" })
    }

    @Test("Who is on its way counts, before anything of it is measured: a wave of starts is spread")
    func wave() throws {
        var fixture = Self.fixture(measured: true)
        let before = try Self.choice(&fixture, Self.definition(30, vcpus: 2)).candidates[1].pressure
        for number in 10..<14 { _ = fixture.ask(.createDomain(Self.definition(number, vcpus: 2), on: CoreFixture.blade(2).id, start: true)) }
        let after = try Self.choice(&fixture, Self.definition(30, vcpus: 2)).candidates[1].pressure
        #expect(after.resource == "cpu" && after.permille > before.permille)
    }
}
