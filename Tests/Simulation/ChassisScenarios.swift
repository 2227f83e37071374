import PodpCore
import PodpModel
import PodpPower
import PodpSimulator
import Testing

/// Blades that are switched by a chassis that is late, silent, disobedient, or lies.
@Suite struct ChassisScenarios {
    private func plant(seed: UInt64 = 80, blades: Int = 3) -> Plant {
        var plant = Plant(seed: seed, blades: blades)
        plant.begin()
        plant.watchChassis()
        plant.run(for: .seconds(10))
        return plant
    }

    /// Asks, and waits for the end of what was begun.
    private func switched(_ plant: inout Plant, _ blade: Int, _ wish: PowerRequest) throws -> PowerRecord {
        guard case .operation(let id)? = plant.askAndWait(.switchBlade(plant.bladeID(blade), wish)) else { throw Unexpected("it was not begun") }
        guard plant.run(atMost: .seconds(200), until: { $0.powerRecord(id)?.state.isEnded == true }), let record = plant.powerRecord(id) else {
            throw Unexpected("it did not end")
        }
        return record
    }

    @Test("a blade without domains is switched off and on again, and both are read back")
    func offAndOn() throws {
        var plant = plant()
        let off = try switched(&plant, 1, .hardOff)
        #expect(off.state == .confirmed(.off, requested: true))
        #expect(off.readings.count == 2)
        #expect(!plant.isOn(1))
        let again = try switched(&plant, 1, .hardOff)
        #expect(again.state == .confirmed(.off, requested: false))
        let on = try switched(&plant, 1, .on)
        #expect(on.state == .confirmed(.on, requested: true))
        #expect(plant.isOn(1))
        let isBack = plant.run(atMost: .seconds(60)) { $0.everyAgentIsConnected }
        #expect(isBack)
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("a blade with a domain is not switched off, and neither is one whose domains cannot be known")
    func occupied() throws {
        var plant = plant()
        _ = try plant.started("web-1", on: 0)
        guard case .refused(let refusal)? = plant.askAndWait(.switchBlade(plant.bladeID(0), .hardOff)) else { throw Unexpected("it was begun") }
        #expect(refusal.message.contains("web-1"))
        plant.partition(0, for: .seconds(600))
        plant.run(for: .seconds(120))
        guard case .refused(let unknown)? = plant.askAndWait(.switchBlade(plant.bladeID(0), .hardOff)) else { throw Unexpected("it was begun") }
        #expect(unknown.message.contains("may run"))
        #expect(plant.isOn(0))
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("an unmanaged domain keeps its blade on, too")
    func unmanaged() throws {
        var plant = plant()
        plant.addUnmanaged("by-hand", on: 2)
        plant.run(for: .seconds(20))
        guard case .refused? = plant.askAndWait(.switchBlade(plant.bladeID(2), .softOff)) else { throw Unexpected("it was begun") }
        #expect(plant.isOn(2))
    }

    @Test("a chassis that accepts and does nothing is found out by the deadline")
    func disobedient() throws {
        var plant = plant()
        plant.disobeyRequests(true)
        let record = try switched(&plant, 1, .hardOff)
        guard case .unknown = record.state else { throw Unexpected("\(record.state)") }
        #expect(plant.isOn(1))
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("one reading that lies does not make a running blade off")
    func lie() throws {
        var plant = plant()
        plant.disobeyRequests(true)
        plant.letNextReadingLie(about: 1)
        let record = try switched(&plant, 1, .hardOff)
        guard case .unknown = record.state else { throw Unexpected("\(record.state)") }
        #expect(plant.isOn(1))
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("silence is unknown")
    func silence() throws {
        var plant = plant()
        plant.silenceChassis(true)
        let record = try switched(&plant, 1, .hardOff)
        guard case .unknown = record.state else { throw Unexpected("\(record.state)") }
        let isTold = plant.run(atMost: .seconds(60)) { $0.view?.chassis.first?.silence != nil }
        #expect(isTold)
    }

    @Test("a coordinator that dies with a request under way ends it as unknown, and asks for nothing by itself")
    func crash() throws {
        var plant = plant()
        plant.disobeyRequests(true)
        guard case .operation(let id)? = plant.askAndWait(.switchBlade(plant.bladeID(1), .hardOff)) else { throw Unexpected("it was not begun") }
        plant.run(for: .seconds(5))
        plant.crashCoordinator(restartAfter: .seconds(2))
        plant.disobeyRequests(false)
        plant.run(for: .seconds(120))
        guard case .unknown(let reason)? = plant.powerRecord(id)?.state else { throw Unexpected("\(String(describing: plant.powerRecord(id)?.state))") }
        #expect(reason.contains("restarted"))
        #expect(plant.isOn(1))
    }

    @Test("blades that change places are an event, and automation leaves both alone until they are released")
    func swap() throws {
        var plant = plant()
        #expect(plant.view?.blades.first { $0.record.id == plant.bladeID(0) }?.record.bay == 1)
        plant.swapBays(0, 1)
        // The chassis' labels are read again after a while.
        plant.run(for: .seconds(400))
        let view = try #require(plant.view)
        for (blade, bay) in [(0, 2), (1, 1)] {
            let found = try #require(view.blades.first { $0.record.id == plant.bladeID(blade) })
            #expect(found.record.bay == bay)
            #expect(found.held != nil)
            _ = plant.askAndWait(.releaseBlade(plant.bladeID(blade)))
        }
        plant.run(for: .seconds(400))
        #expect(plant.view?.blades.allSatisfy { $0.held == nil } == true)
        // What is switched is the blade that was named, wherever it sits.
        let off = try switched(&plant, 0, .hardOff)
        #expect(off.bay == 2)
        #expect(!plant.isOn(0) && plant.isOn(1))
    }
}
