import PodpCore
import PodpModel
import PodpPower
import PodpSimulator
import Testing

/// Blades that are switched by a chassis that is late, silent, disobedient, or lies.
@Suite struct ChassisScenarios {
    private func plant(seed: UInt64 = 80, blades: Int = 3, secondSources: [PowerSource.Kind] = []) -> Plant {
        var plant = Plant(seed: seed, blades: blades)
        plant.begin()
        plant.watchChassis(secondSources: secondSources)
        plant.run(for: .seconds(10))
        return plant
    }

    /// Asks, and waits for the end of what was begun.
    private func switched(_ plant: inout Plant, _ blade: Int, _ wish: PowerRequest, unknownDomains: Bool = false) throws -> PowerRecord {
        guard case .operation(let id)? = plant.askAndWait(.switchBlade(plant.bladeID(blade), wish, unknownDomains: unknownDomains)) else {
            throw Unexpected("it was not begun")
        }
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

    @Test("a blade that N+1 counts on is not switched off, unless that is asked for; one more than it needs is", arguments: [3, 4])
    func survival(blades: Int) throws {
        var plant = plant(blades: blades)
        for blade in 0...1 { _ = try plant.started("half-\(blade)", on: blade, memory: .gibibytes(14)) }
        guard case .done? = plant.askAndWait(.setSurvival([Settings.Survive(zone: .blade)])) else { throw Unexpected("no N+1") }
        // It counts as off from the moment at which that is asked for.
        if blades == 4, case .operation? = plant.askAndWait(.switchBlade(plant.bladeID(3), .softOff)) {} else if blades == 4 { throw Unexpected("not begun") }
        guard case .refused(let refusal)? = plant.askAndWait(.switchBlade(plant.bladeID(2), .softOff)) else { throw Unexpected("it was begun") }
        #expect(refusal.message == "blade-3 is not switched off: without it, the loss of blade-1 would leave domains without room elsewhere (N+1: blade)")
        // Draining it does not change what it bears.
        guard case .done? = plant.askAndWait(.setDraining(plant.bladeID(2), true)) else { throw Unexpected("not drained") }
        guard case .refused? = plant.askAndWait(.switchBlade(plant.bladeID(2), .softOff)) else { throw Unexpected("it was begun") }
        guard case .operation? = plant.askAndWait(.switchBlade(plant.bladeID(2), .softOff, despitePolicy: true)) else { throw Unexpected("not begun") }
        plant.run(for: .seconds(100))
        #expect(!plant.isOn(2) && plant.isOn(0) && plant.isOn(1))
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("an evacuation that N+1 forbids is made and carried out where that is asked for")
    func despitePolicy() throws {
        var plant = plant()
        // Any one blade's 10 GiB find room beside one of the other two; of two blades with 20 and 10 none can be lost.
        for blade in 0..<3 { _ = try plant.started("third-\(blade)", on: blade, memory: .gibibytes(10)) }
        guard case .done? = plant.askAndWait(.setSurvival([Settings.Survive(zone: .blade)])) else { throw Unexpected("no N+1") }
        guard case .plan(let refused)? = plant.askAndWait(.plan(.evacuate(plant.bladeID(2)))), refused.plan.moves.isEmpty else { throw Unexpected("planned") }
        #expect(refused.plan.remarks.contains { $0.contains("without the rule 'N+1: blade'") }, "\(refused.plan.remarks)")
        let asked = Request.plan(.evacuate(plant.bladeID(2)), despitePolicy: true)
        guard case .plan(let plan)? = plant.askAndWait(asked), plan.plan.moves.count == 1 else { throw Unexpected("not planned") }
        #expect(plan.certificate.wishes?.isEmpty == false)
        guard case .plan? = plant.askAndWait(.applyPlan(id: plan.id)) else { throw Unexpected("not applied") }
        let isDone = plant.run(atMost: .seconds(600)) { plant in plant.view?.plans.first { $0.id == plan.id }?.state == .done }
        #expect(isDone && plant.findings.isEmpty, "\(plant.findings)")
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

    @Test("a soft-off that is not obeyed is followed by a hard one only where that was asked for, also when the coordinator dies meanwhile", arguments: 0...6)
    func escalation(crashes: Int) throws {
        var plant = plant(seed: UInt64(90 + crashes))
        plant.ignoreSoftOff(true)
        let never = try switched(&plant, 1, .softOff)
        guard case .unknown = never.state else { throw Unexpected("\(never.state)") }
        #expect(plant.isOn(1))
        let asked = Request.switchBlade(plant.bladeID(1), .softOff, escalateAfter: .seconds(30))
        guard case .operation(let id)? = plant.askAndWait(asked) else { throw Unexpected("it was not begun") }
        guard case .refused(let busy)? = plant.askAndWait(.switchBlade(plant.bladeID(1), .hardOff)) else { throw Unexpected("two at once") }
        #expect(busy.code == .busy && busy.message.contains("hard, if it is not off 30 s after"))
        // Before the hard off, and in the midst of it.
        if crashes > 0 {
            plant.run(for: .seconds(Int64(9 * crashes)))
            plant.crashCoordinator(restartAfter: .seconds(2))
        }
        guard plant.run(atMost: .seconds(200), until: { $0.powerRecord(id)?.state.isEnded == true }), let record = plant.powerRecord(id) else {
            throw Unexpected("it did not end")
        }
        #expect(record.state == .confirmed(.off, requested: true))
        #expect(record.escalatedAt.map { $0.millisecondsSince(record.startedAt) >= 30_000 } == true)
        #expect(!plant.isOn(1))
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

    @Test("a coordinator that dies with a request under way goes on with it, and asks again only after a while", arguments: 1...12)
    func crash(seed: UInt64) throws {
        var plant = plant(seed: seed)
        guard case .operation(let id)? = plant.askAndWait(.switchBlade(plant.bladeID(1), .hardOff)) else { throw Unexpected("it was not begun") }
        plant.run(for: .milliseconds(300 * Int64(seed)))
        plant.crashCoordinator(restartAfter: .seconds(2))
        plant.run(for: .seconds(120))
        guard case .confirmed(.off, _)? = plant.powerRecord(id)?.state else { throw Unexpected("\(String(describing: plant.powerRecord(id)))") }
        #expect(!plant.isOn(1))
        #expect((plant.powerRecord(id)?.requests ?? 0) <= 2)
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("what was asked in vain before a crash is asked again after it")
    func crashAfterADeafRequest() throws {
        var plant = plant()
        plant.disobeyRequests(true)
        guard case .operation(let id)? = plant.askAndWait(.switchBlade(plant.bladeID(1), .hardOff)) else { throw Unexpected("it was not begun") }
        plant.run(for: .seconds(5))
        plant.crashCoordinator(restartAfter: .seconds(2))
        plant.disobeyRequests(false)
        plant.run(for: .seconds(120))
        #expect(plant.powerRecord(id)?.state == .confirmed(.off, requested: true))
        #expect(plant.powerRecord(id)?.requests == 2)
        #expect(!plant.isOn(1))
    }

    @Test("after a crash nothing is switched off that nobody knows of what runs on it")
    func crashWithoutAgents() throws {
        var plant = plant()
        plant.addUnmanaged("by-hand", on: 1)
        plant.partition(1, for: .seconds(600))
        plant.crashCoordinator(restartAfter: .seconds(2))
        plant.run(for: .seconds(30))
        guard case .refused(let refusal)? = plant.askAndWait(.switchBlade(plant.bladeID(1), .hardOff)) else { throw Unexpected("it was begun") }
        #expect(refusal.message.contains("not known"))
        #expect(plant.isOn(1))
        guard case .operation? = plant.askAndWait(.switchBlade(plant.bladeID(1), .hardOff, unknownDomains: true)) else { throw Unexpected("not begun") }
    }

    @Test("what an agent told before it fell silent is not what runs on its blade now", arguments: [false, true])
    func lostAgent(comesBack: Bool) throws {
        var plant = plant()
        plant.partition(1, for: .seconds(comesBack ? 60 : 600))
        plant.run(for: .seconds(30))
        plant.addUnmanaged("by-hand", on: 1)
        guard case .refused(let silent)? = plant.askAndWait(.switchBlade(plant.bladeID(1), .hardOff)) else { throw Unexpected("it was begun") }
        #expect(silent.message.contains("not known") && silent.message.contains("not connected"))
        if comesBack {
            plant.run(for: .seconds(60))
            guard case .refused(let occupied)? = plant.askAndWait(.switchBlade(plant.bladeID(1), .hardOff)) else { throw Unexpected("it was begun") }
            #expect(occupied.message.contains("by-hand runs on it"))
        }
        #expect(plant.isOn(1))
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("a domain that was started by hand a moment ago keeps its blade on", arguments: 1...8)
    func startedJustNow(seed: UInt64) throws {
        var plant = plant(seed: seed)
        plant.addUnmanaged("by-hand", on: 1)
        guard case .refused(let refusal)? = plant.askAndWait(.switchBlade(plant.bladeID(1), .hardOff)) else { throw Unexpected("it was begun") }
        #expect(refusal.message.contains("by-hand runs on it"))
        #expect(plant.isOn(1))
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("a blade of which the chassis said off once, wrongly, is not switched off while its agent is silent")
    func lieAboutASilentBlade() throws {
        var plant = plant()
        plant.partition(1, for: .seconds(600))
        plant.run(for: .seconds(30))
        plant.addUnmanaged("by-hand", on: 1)
        plant.letNextPollLie(about: 1)
        let isToldOff = plant.run(atMost: .seconds(20)) { $0.view?.chassis.first?.readings?.bay(2)?.power.state == .off }
        #expect(isToldOff)
        let record = try switched(&plant, 1, .hardOff)
        guard case .unknown(let reason) = record.state else { throw Unexpected("\(record.state)") }
        #expect(reason.contains("it is not off, and what runs on it is not known") && (record.requests ?? 0) == 0)
        #expect(plant.isOn(1))
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("blades that change places while the chassis is silent: nothing is switched before the labels were read again")
    func swapInSilence() throws {
        var plant = plant()
        plant.silenceChassis(true)
        plant.run(for: .seconds(16))
        plant.swapBays(0, 1)
        plant.silenceChassis(false)
        guard case .refused(let refusal)? = plant.askAndWait(.switchBlade(plant.bladeID(0), .hardOff)) else { throw Unexpected("it was begun") }
        #expect(refusal.code == .busy)
        plant.run(for: .seconds(20))
        let off = try switched(&plant, 0, .hardOff)
        #expect(off.state == .confirmed(.off, requested: true) && off.bay == 2)
        #expect(!plant.isOn(0) && plant.isOn(1))
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("a blade that leaves its bay while its off is awaited is not called off for the one that came")
    func swapMeanwhile() throws {
        var plant = plant()
        _ = try switched(&plant, 1, .hardOff)
        plant.disobeyRequests(true)
        guard case .operation(let id)? = plant.askAndWait(.switchBlade(plant.bladeID(0), .hardOff)) else { throw Unexpected("it was not begun") }
        plant.run(for: .seconds(5))
        plant.swapBays(0, 1)
        plant.run(for: .seconds(100))
        guard case .unknown(let reason)? = plant.powerRecord(id)?.state else { throw Unexpected("\(String(describing: plant.powerRecord(id)?.state))") }
        #expect(reason.contains("another blade"))
        #expect(plant.isOn(0))
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("with second sources, one that lies for good is never enough", arguments: [PowerSource.Kind.management, .watts, .console, .pdu])
    func liar(source: PowerSource.Kind) throws {
        var plant = plant(secondSources: [.watts, .console, .pdu])
        plant.disobeyRequests(true)
        plant.letAlwaysLie(source)
        let record = try switched(&plant, 1, .hardOff)
        guard case .unknown = record.state else { throw Unexpected("\(record.state)") }
        #expect(plant.isOn(1))
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("all sources together are confirmed, and a blade's own outlets are cut with it", arguments: [PowerRequest.hardOff, .softOff])
    func sources(wish: PowerRequest) throws {
        var plant = plant(secondSources: [.watts, .console, .pdu])
        let record = try switched(&plant, 1, wish)
        #expect(record.state == .confirmed(.off, requested: true))
        #expect(Set(record.readings.map(\.source.kind)) == [.management, .watts, .console, .pdu] && record.readings.count == 8)
        #expect(!plant.isOn(1))
        #expect(try switched(&plant, 1, .on).state == .confirmed(.on, requested: true))
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("a module that always lies is found out by the blade's first word, and what was confirmed is void")
    func lifeAfterOff() throws {
        var plant = plant()
        plant.disobeyRequests(true)
        plant.letAlwaysLie(.management)
        plant.partition(1, for: .seconds(25))
        plant.run(for: .seconds(15))
        let record = try switched(&plant, 1, .hardOff, unknownDomains: true)
        #expect(record.state.isEnded)
        plant.run(for: .seconds(60))
        let state = plant.powerRecord(record.id)?.state
        guard case .unknown(let reason)? = state else { throw Unexpected("\(String(describing: state))") }
        #expect(reason.contains("life"))
        // The checker sees what two readings cannot.
        #expect(plant.findings.count == 1)
    }

    @Test("in bad weather blades are switched all day: what is called off is off, what was begun ends, and much of it is confirmed")
    func badWeather() {
        var confirmed = 0
        for seed in UInt64(1)...12 {
            var plant = plant(seed: seed, secondSources: seed % 3 == 0 ? [.watts] : [])
            plant.weather = .rough
            for turn in 0..<24 {
                let wish: PowerRequest = turn % 4 == 3 ? .on : turn % 2 == 0 ? .hardOff : .softOff
                plant.ignoreSoftOff(turn % 3 == 0)
                let escalation: Duration? = wish == .softOff && turn % 3 == 0 ? .seconds(8) : nil
                plant.ask(.switchBlade(plant.bladeID((turn / 4 + Int(seed)) % 3), wish, escalateAfter: escalation))
                plant.run(for: .seconds(12))
            }
            plant.calm()
            plant.run(for: .seconds(400))
            #expect(plant.findings.isEmpty, "seed \(seed): \(plant.findings)")
            #expect(plant.view?.power.allSatisfy { $0.state.isEnded } == true, "seed \(seed)")
            confirmed += plant.figures.confirmedOff
        }
        #expect(confirmed > 24, "\(confirmed)")
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
