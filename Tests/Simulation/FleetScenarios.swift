import PodpCore
import PodpModel
import PodpSimulator
import Testing

/// What happens around the migrations: lost links, lies, doubles, freezes, old databases.
@Suite struct FleetScenarios {
    private func plant(seed: UInt64 = 60, blades: Int = 3) -> Plant {
        var plant = Plant(seed: seed, blades: blades)
        plant.begin()
        return plant
    }

    private func waitForAll(_ plant: inout Plant) throws {
        guard plant.run(atMost: .seconds(300), until: { $0.everyAgentIsConnected }) else { throw Unexpected("not every agent came back") }
    }

    @Test("without a coordinator, domains run on and agents do nothing by themselves")
    func staticStability() throws {
        var plant = plant()
        let domain = try plant.started("web-1", on: 0)
        let executions = plant.figures.executions
        plant.banCoordinator()
        plant.run(for: .seconds(3600))
        #expect(plant.truth(of: domain) == [0: .running])
        #expect(plant.figures.executions == executions)
        plant.allowCoordinator()
        try waitForAll(&plant)
        plant.checkTheEnd()
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("a blade that is cut off is unknown, not dead: its domains are not started elsewhere")
    func partition() throws {
        var plant = plant()
        let domain = try plant.started("web-1", on: 0)
        plant.partition(0, for: .seconds(600))
        plant.run(for: .seconds(300))
        let blade = try #require(plant.view?.blades.first { $0.record.id == plant.bladeID(0) })
        guard case .unknown = blade.link else { throw Unexpected("it is \(blade.link)") }
        #expect(plant.truth(of: domain) == [0: .running])
        #expect(plant.view?.domains.first { $0.id == domain }?.state == .unknown)
        plant.run(for: .seconds(500))
        #expect(plant.everyAgentIsConnected)
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("of two agents with one identity the living one stays, and nothing is planned on its blade")
    func impostor() throws {
        var plant = plant()
        plant.sendImpostor(of: 1)
        plant.run(for: .seconds(20))
        let blade = try #require(plant.view?.blades.first { $0.record.id == plant.bladeID(1) })
        guard case .connected = blade.link else { throw Unexpected("the living agent was cut off: \(blade.link)") }
        #expect(blade.hello?.agentVersion == "plant")
        #expect(blade.held != nil)
        _ = plant.askAndWait(.releaseBlade(plant.bladeID(1)))
        #expect(plant.view?.blades.first { $0.record.id == plant.bladeID(1) }?.held == nil)
    }

    @Test("a blade that reports 0 CPUs is held, not emptied")
    func noCPUs() throws {
        var plant = plant()
        let domain = try plant.started("web-1", on: 0)
        _ = plant.askAndWait(.setPolicy(.automatic, chassis: nil))
        plant.lie(0, noCPUs: true, for: .seconds(300))
        plant.run(for: .seconds(200))
        let blade = try #require(plant.view?.blades.first { $0.record.id == plant.bladeID(0) })
        #expect(blade.held?.contains("0 CPUs") == true)
        #expect(plant.truth(of: domain) == [0: .running])
        let create = plant.askAndWait(.createDomain(plant.definition(plant.domainID(), "web-2"), on: plant.bladeID(0), start: true))
        guard case .refused = create else { throw Unexpected("a domain was placed there: \(String(describing: create))") }
        plant.run(for: .seconds(200))
        #expect(plant.view?.blades.first { $0.record.id == plant.bladeID(0) }?.held == nil)
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("samples that go backwards are shown and decide nothing")
    func samplesBackwards() throws {
        var plant = plant()
        plant.run(for: .seconds(60))
        plant.lie(0, noCPUs: false, for: .seconds(30))
        let seen = plant.run(atMost: .seconds(20)) { ($0.view?.refusedReports ?? 0) > 0 }
        #expect(seen)
        plant.run(for: .seconds(120))
        #expect(plant.view?.blades.allSatisfy { $0.held == nil && $0.report?.invalid == nil } == true)
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    /// Six busy domains on one blade of three.
    private func lopsided() throws -> Plant {
        var plant = plant(seed: 61)
        for number in 1...8 { _ = try plant.started("busy-\(number)", on: 0, vcpus: 4) }
        return plant
    }

    @Test("automatic balancing moves domains off a full blade")
    func balances() throws {
        var plant = try lopsided()
        _ = plant.askAndWait(.setPolicy(.automatic, chassis: nil))
        plant.run(for: .seconds(600))
        plant.checkTheEnd()
        #expect(plant.figures.moves > 0)
        #expect(plant.operations.contains { $0.plan != nil && $0.state == .succeeded })
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("frozen, podp moves nothing, across restarts; thawed, it goes on")
    func freeze() throws {
        var plant = try lopsided()
        _ = plant.askAndWait(.freeze(reason: "a test"))
        _ = plant.askAndWait(.setPolicy(.automatic, chassis: nil))
        plant.run(for: .seconds(300))
        plant.crashCoordinator(restartAfter: .seconds(1))
        plant.run(for: .seconds(400))
        #expect(plant.figures.moves == 0)
        #expect(plant.view?.settings.frozen?.reason == "a test")
        _ = plant.askAndWait(.thaw)
        plant.run(for: .seconds(600))
        #expect(plant.figures.moves > 0)
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("an evacuation empties its blade, and only it")
    func evacuates() throws {
        var plant = try lopsided()
        _ = plant.askAndWait(.setDraining(plant.bladeID(0), true))
        guard case .plan(let plan) = plant.askAndWait(.plan(.evacuate(plant.bladeID(0)))) else { throw Unexpected("no plan") }
        #expect(plan.plan.moves.count == 8)
        _ = plant.askAndWait(.applyPlan(id: plan.id))
        plant.run(for: .seconds(900))
        #expect(plant.view?.domains.allSatisfy { $0.blade != plant.bladeID(0) } == true)
        plant.checkTheEnd()
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("a database from yesterday decides nothing until an operator recovers it, and then knows what runs where")
    func restoredFromYesterday() throws {
        var plant = plant()
        let domain = try plant.started("web-1", on: 0)
        let yesterday = plant.backup()
        guard case .operation = plant.askAndWait(.migrateDomain(domain, to: plant.bladeID(1), allowStop: false)) else { throw Unexpected("no migration") }
        plant.run(for: .seconds(60))
        #expect(plant.home(of: domain) == 1)
        plant.restore(yesterday)
        plant.run(for: .seconds(120))
        #expect(plant.view?.readOnly != nil)
        let refused = plant.askAndWait(.pauseDomain(domain))
        guard case .refused(let refusal) = refused else { throw Unexpected("it decided: \(String(describing: refused))") }
        #expect(refusal.code == .readOnly)
        let recovered = plant.askAndWait(.recover(newTermID: ID128(high: 7, low: 7)))
        #expect(recovered == .done)
        plant.run(for: .seconds(120))
        #expect(plant.view?.readOnly == nil)
        #expect(plant.record(of: domain)?.blade == plant.bladeID(1))
        guard case .operation = plant.askAndWait(.pauseDomain(domain)) else { throw Unexpected("it does not command again") }
        plant.run(for: .seconds(30))
        #expect(plant.truth(of: domain) == [1: .paused])
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("what was decided since the backup is not acted against: neither automation nor a revoked blade comes in before an operator recovers")
    func restoredWithoutAnyRestart() throws {
        var plant = try lopsided()
        _ = plant.askAndWait(.setPolicy(.automatic, chassis: nil))
        let yesterday = plant.backup()
        _ = plant.askAndWait(.freeze(reason: "maintenance"))
        _ = plant.askAndWait(.revokeBlade(plant.bladeID(2)))
        let moves = plant.figures.moves
        plant.restore(yesterday)
        plant.run(for: .seconds(600))
        #expect(plant.view?.readOnly?.contains("restored from yesterday") == true)
        #expect(plant.figures.moves == moves)
        plant.crashCoordinator(restartAfter: .seconds(1))
        plant.run(for: .seconds(60))
        #expect(plant.view?.readOnly != nil, "a restart is no recovery")
        // What takes away is accepted before; what gives is not.
        #expect(plant.askAndWait(.freeze(reason: "again")) == .done)
        #expect(plant.askAndWait(.revokeBlade(plant.bladeID(2))) == .done)
        guard case .refused(let refusal) = plant.askAndWait(.thaw), refusal.code == .readOnly else { throw Unexpected("it was thawed") }
        #expect(plant.askAndWait(.recover(newTermID: ID128(high: 7, low: 7))) == .done)
        plant.crashCoordinator(restartAfter: .seconds(1))
        plant.run(for: .seconds(60))
        #expect(plant.view?.readOnly == nil)
        #expect(plant.view?.settings.frozen != nil)
        #expect(plant.view?.blades.first { $0.record.id == plant.bladeID(2) }?.link == .revoked)
        plant.run(for: .seconds(600))
        #expect(plant.figures.moves == moves, "automation does not go on before an operator has looked")
        #expect(plant.askAndWait(.thaw) == .done)
        plant.run(for: .seconds(1200))
        #expect(plant.figures.moves > moves, "nothing would have been moved, frozen or not")
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("an operation that the backup has as running, and that ended since, is found out and not done again")
    func runningInTheBackup() throws {
        var plant = plant()
        let domain = try plant.started("web-1", on: 0)
        guard case .operation(let operation) = plant.askAndWait(.destroyDomain(domain, on: nil)) else { throw Unexpected("not accepted") }
        plant.run(atMost: .seconds(5)) { $0.record(of: operation) != nil }
        let yesterday = plant.backup()
        plant.run(for: .seconds(30))
        #expect(plant.truth(of: domain) == [0: .off])
        _ = plant.askAndWait(.startDomain(domain, on: nil, force: false))
        plant.run(for: .seconds(30))
        plant.restore(yesterday)
        plant.run(for: .seconds(60))
        #expect(plant.askAndWait(.recover(newTermID: ID128(high: 7, low: 7))) == .done)
        plant.run(for: .seconds(120))
        #expect(plant.record(of: operation)?.state.isEnded == true)
        #expect(plant.truth(of: domain) == [0: .running])
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("operations keep their numbers apart from restart to restart")
    func numbersGoOn() throws {
        var plant = plant()
        let domain = try plant.started("web-1", on: 0)
        var numbers: [UInt64] = []
        for _ in 0..<3 {
            for request in [Request.pauseDomain(domain), .resumeDomain(domain)] {
                guard case .operation(let operation) = plant.askAndWait(request) else { throw Unexpected("not accepted") }
                numbers.append(operation.sequence)
                plant.run(for: .seconds(20))
            }
            plant.crashCoordinator(restartAfter: .seconds(1))
            plant.run(for: .seconds(30))
        }
        #expect(numbers == numbers.sorted() && Set(numbers).count == 6, "\(numbers)")
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("a store that fails stops the coordinator, and nothing that was not stored is done")
    func storeFails() throws {
        var plant = plant()
        plant.failStore(true)
        let id = plant.domainID()
        let answer = plant.askAndWait(.createDomain(plant.definition(id, "web-1"), on: plant.bladeID(0), start: true))
        if let answer { guard case .refused = answer else { throw Unexpected("acknowledged: \(answer)") } }
        plant.run(for: .seconds(60))
        #expect(plant.truth(of: id).isEmpty)
        plant.failStore(false)
        try waitForAll(&plant)
        _ = try plant.started("web-2", on: 0)
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("an answer that is lost is found out, done or not done", arguments: [true, false])
    func lostAnswer(acted: Bool) throws {
        var plant = plant()
        let domain = try plant.started("web-1", on: 0)
        plant.letNextActionLoseItsAnswer(acted: acted)
        guard case .operation(let operation) = plant.askAndWait(.pauseDomain(domain)) else { throw Unexpected("not accepted") }
        plant.run(for: .seconds(60))
        let state = try #require(plant.record(of: operation)?.state)
        if acted { #expect(state == .succeeded) } else { guard case .failed = state else { throw Unexpected("it is \(state)") } }
        #expect(plant.truth(of: domain) == [0: acted ? .paused : .running])
    }
}
