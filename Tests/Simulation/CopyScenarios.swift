import PodpCore
import PodpModel
import PodpSimulator
import Testing

/// Old copies that are off, and what podp's own commands must not make of them.
@Suite struct CopyScenarios {
    /// A domain that is defined on the first blade and runs on the second, because it was started there while the first was drained.
    private func startedElsewhere(seed: UInt64, blades: Int = 3) throws -> (plant: Plant, domain: DomainID) {
        var plant = Plant(seed: seed, blades: blades)
        plant.begin()
        let domain = plant.domainID()
        _ = plant.askAndWait(.createDomain(plant.definition(domain, "web-1"), on: plant.bladeID(0), start: false))
        plant.run(for: .seconds(5))
        #expect(plant.truth(of: domain) == [0: .off])
        _ = plant.askAndWait(.setDraining(plant.bladeID(0), true))
        guard case .operation = plant.askAndWait(.startDomain(domain, on: plant.bladeID(1), force: false)) else { throw Unexpected("not started") }
        _ = plant.askAndWait(.setDraining(plant.bladeID(0), false))
        return (plant, domain)
    }

    private func waits(_ plant: inout Plant, for answer: Answer?) throws {
        guard case .operation(let operation)? = answer else { throw Unexpected("not accepted: \(String(describing: answer))") }
        plant.run(atMost: .seconds(120)) { $0.record(of: operation)?.state.isEnded == true }
    }

    @Test("what was migrated onto an old copy of itself is not started a second time, whenever it is asked for", arguments: 0..<24)
    func startRightAfterMigration(seed: UInt64) throws {
        var plant = Plant(seed: 800 + seed, blades: 3)
        plant.begin()
        let domain = try plant.started("web-1", on: 1, memory: .mebibytes(256))
        // As `virsh define` leaves it, and as podp itself did before it tidied up.
        plant.force(domain, on: 2, .off)
        plant.run(for: .milliseconds(Int64(seed % 8) * 400))
        try waits(&plant, for: plant.askAndWait(.migrateDomain(domain, to: plant.bladeID(2), allowStop: false)))
        for blade in [0, 1] {
            _ = plant.ask(.startDomain(domain, on: plant.bladeID(blade), force: false))
            plant.run(for: .milliseconds(Int64(seed) * 20))
        }
        plant.run(for: .seconds(60))
        #expect(plant.truth(of: domain).values.count { $0.executes } == 1, "\(plant.truth(of: domain))")
        plant.checkTheEnd()
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("a domain that has just been moved is shown as what it is, and one that was paused can be resumed at once", arguments: [false, true])
    func shownAsItIs(paused: Bool) throws {
        var plant = Plant(seed: 830, blades: 2)
        plant.begin()
        let domain = try plant.started("web-1", on: 0)
        if paused { try waits(&plant, for: plant.askAndWait(.pauseDomain(domain))) }
        try waits(&plant, for: plant.askAndWait(.migrateDomain(domain, to: plant.bladeID(1), allowStop: false)))
        #expect(plant.view?.domains.first { $0.id == domain }?.state == (paused ? .paused : .running))
        try waits(&plant, for: plant.askAndWait(paused ? .resumeDomain(domain) : .pauseDomain(domain)))
        #expect(plant.truth(of: domain) == [1: paused ? .running : .paused])
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("a start elsewhere takes the old definition away")
    func startElsewhereTidies() throws {
        var (plant, domain) = try startedElsewhere(seed: 840)
        plant.run(for: .seconds(30))
        #expect(plant.truth(of: domain) == [1: .running])
        #expect(plant.view?.domains.first { $0.id == domain }?.alsoOn == [])
        plant.checkTheEnd()
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("several old copies of one domain are undefined one soon after the other")
    func severalStrays() throws {
        var plant = Plant(seed: 842, blades: 6)
        plant.begin()
        let domain = try plant.started("web-1", on: 0)
        for blade in 1..<6 { plant.force(domain, on: blade, .off) }
        plant.run(for: .seconds(150))
        #expect(plant.truth(of: domain) == [0: .running])
        plant.checkTheEnd()
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("an old copy that comes to light later is undefined, frozen automation waits with that")
    func strayComesToLight() throws {
        var plant = Plant(seed: 841, blades: 2)
        plant.begin()
        let domain = try plant.started("web-1", on: 0)
        _ = plant.askAndWait(.freeze(reason: "a test"))
        plant.force(domain, on: 1, .off)
        plant.run(for: .seconds(90))
        #expect(plant.truth(of: domain) == [0: .running, 1: .off])
        _ = plant.askAndWait(.thaw)
        plant.run(for: .seconds(60))
        #expect(plant.truth(of: domain) == [0: .running])
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("a copy that holds memory is never tidied up", arguments: [DomainState.paused, .running, .crashed])
    func memoryIsKept(state: DomainState) throws {
        var plant = Plant(seed: 842, blades: 2)
        plant.begin()
        let domain = try plant.started("web-1", on: 0)
        plant.allowTwins(of: domain)
        plant.force(domain, on: 1, state)
        plant.run(for: .seconds(120))
        #expect(plant.truth(of: domain) == [0: .running, 1: state])
    }

    @Test("removing a domain undefines it on every blade that has it", arguments: [[0, 1, 2], [1, 2], [2]])
    func removedEverywhere(places: [Int]) throws {
        var plant = Plant(seed: 843, blades: 3)
        plant.begin()
        let domain = try plant.started("web-1", on: 0)
        _ = plant.askAndWait(.freeze(reason: "nobody tidies up before"))
        try waits(&plant, for: plant.askAndWait(.destroyDomain(domain, on: nil)))
        for blade in 0..<3 { plant.force(domain, on: blade, places.contains(blade) ? .off : nil) }
        plant.run(for: .seconds(30))
        guard case .operation = plant.askAndWait(.removeDomain(domain)) else { throw Unexpected("not removed") }
        plant.run(for: .seconds(30))
        #expect(plant.truth(of: domain).isEmpty)
        #expect(plant.record(of: domain) == nil)
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("a domain that holds memory somewhere is neither started nor removed", arguments: [DomainState.running, .paused])
    func runsElsewhere(state: DomainState) throws {
        var plant = Plant(seed: 844, blades: 3)
        plant.begin()
        let domain = try plant.started("web-1", on: 0)
        try waits(&plant, for: plant.askAndWait(.destroyDomain(domain, on: nil)))
        plant.run(for: .seconds(10))
        plant.partition(0, for: .seconds(1))
        plant.force(domain, on: 1, state)
        plant.run(for: .seconds(60))
        for request in [Request.startDomain(domain, on: plant.bladeID(2), force: false), .removeDomain(domain)] {
            guard case .refused = plant.askAndWait(request) else { throw Unexpected("\(request) was accepted") }
        }
        #expect(plant.truth(of: domain)[1] == state)
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }
}
