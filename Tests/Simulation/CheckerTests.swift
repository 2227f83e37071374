import PodpModel
import PodpSimulator
import Testing

/// The checkers find what they are there for: without these, a silent simulator would prove nothing.
@Suite struct CheckerTests {
    @Test("two running copies are found")
    func twins() throws {
        var plant = Plant(seed: 70, blades: 2)
        plant.begin()
        let domain = try plant.started("web-1", on: 0)
        plant.force(domain, on: 1, .running)
        plant.run(for: .seconds(1))
        #expect(plant.findings.contains { $0.invariant == .oneCopy })
    }

    @Test("memory that is promised twice is found")
    func overcommitted() throws {
        var plant = Plant(seed: 71, blades: 2)
        plant.begin()
        for number in 1...23 { plant.addUnmanaged("big-\(number)", on: 0, memory: .gibibytes(1)) }
        plant.run(for: .seconds(1))
        #expect(plant.findings.contains { $0.invariant == .memory })
    }

    @Test("a touched domain that podp does not manage is found")
    func unmanaged() throws {
        var plant = Plant(seed: 72, blades: 2)
        plant.begin()
        let domain = plant.addUnmanaged("by-hand", on: 0)
        plant.run(for: .seconds(1))
        #expect(plant.findings.isEmpty)
        plant.force(domain, on: 0, .paused)
        plant.run(for: .seconds(1))
        #expect(plant.findings.contains { $0.invariant == .unmanaged })
    }

    @Test("an operation that never ends is found")
    func neverEnds() throws {
        var plant = Plant(seed: 73, blades: 2)
        plant.begin()
        let domain = try plant.started("web-1", on: 0)
        plant.partition(0, for: .seconds(3600))
        plant.run(for: .milliseconds(1))
        plant.letNextActionHang()
        _ = plant.ask(.pauseDomain(domain))
        plant.run(for: .seconds(30))
        plant.checkTheEnd()
        #expect(!plant.findings.isEmpty)
    }
}
