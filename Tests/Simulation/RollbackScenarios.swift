import PodpCore
import PodpModel
import PodpSimulator
import Testing

/// The way back, from the plan that was applied to every domain where it was.
@Suite struct RollbackScenarios {
    /// Eight busy domains on one blade of three, and the plan that spreads them.
    private func spread(seed: UInt64) throws -> (plant: Plant, domains: [DomainID], plan: PlanRecord) {
        var plant = Plant(seed: seed, blades: 3)
        plant.begin()
        var domains: [DomainID] = []
        for number in 1...8 { domains.append(try plant.started("busy-\(number)", on: 0, vcpus: 4)) }
        plant.run(for: .seconds(120))
        let answer = plant.askAndWait(.plan(.balance))
        guard case .plan(let plan) = answer, plan.plan.waves.count > 1 else { throw Unexpected("no plan of several waves: \(String(describing: answer))") }
        return (plant, domains, plan)
    }

    private func state(_ plan: String, _ plant: Plant) -> PlanRecord.State? { plant.view?.plans.first { $0.id == plan }?.state }

    private func apply(_ plan: String, _ plant: inout Plant) throws {
        let answer = plant.askAndWait(.applyPlan(id: plan))
        guard case .plan = answer else { throw Unexpected("not applied: \(String(describing: answer))") }
    }

    private func applyToTheEnd(_ plan: String, _ plant: inout Plant) throws {
        try apply(plan, &plant)
        plant.run(atMost: .seconds(900)) { plant in plant.view?.plans.first { $0.id == plan }?.state == .done }
        #expect(state(plan, plant) == .done)
        // Until the blades have told of what they have now.
        plant.run(for: .seconds(15))
    }

    private func rollback(of plan: String, _ plant: inout Plant) throws -> PlanRecord {
        let answer = plant.askAndWait(.rollbackPlan(id: plan))
        guard case .plan(let back) = answer else { throw Unexpected("no way back: \(String(describing: answer))") }
        return back
    }

    private func refusal(of plan: String, _ plant: inout Plant) throws -> Refusal {
        let answer = plant.askAndWait(.rollbackPlan(id: plan))
        guard case .refused(let refusal) = answer else { throw Unexpected("a way back: \(String(describing: answer))") }
        return refusal
    }

    @Test("an evacuation whose second wave needs the room that its first one makes is carried out to its end", arguments: 0..<6)
    func chain(seed: UInt64) throws {
        var plant = Plant(seed: 500 + seed, blades: 3)
        plant.begin()
        let inTheWay = try plant.started("in-the-way", on: 1, memory: .gibibytes(12))
        // It may go to the second blade alone, where there is no room beside the other.
        var definition = plant.definition(plant.domainID(), "tied", memory: .gibibytes(11))
        definition.policy.onlyOn = [plant.bladeID(0).description, plant.bladeID(1).description]
        guard case .operation = plant.askAndWait(.createDomain(definition, on: plant.bladeID(0), start: true)) else { throw Unexpected("not created") }
        plant.run(for: .seconds(60))
        let answer = plant.askAndWait(.plan(.evacuate(plant.bladeID(0))))
        guard case .plan(let plan) = answer, plan.plan.waves.count == 2 else { throw Unexpected("no plan of two waves: \(String(describing: answer))") }
        try applyToTheEnd(plan.id, &plant)
        #expect(plant.home(of: inTheWay) == 2 && plant.home(of: definition.id) == 1)
        plant.checkTheEnd()
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("an evacuation of many waves onto blades that are nearly full is carried out to its end", arguments: 0..<4)
    func manyWaves(seed: UInt64) throws {
        var plant = Plant(seed: 520 + seed, blades: 3)
        plant.begin()
        for blade in 1...2 { _ = try plant.started("ball-\(blade)", on: blade, memory: .gibibytes(19)) }
        var small: [DomainID] = []
        for number in 1...10 { small.append(try plant.started("small-\(number)", on: 0, memory: .mebibytes(UInt64(100 + 40 * number)))) }
        plant.run(for: .seconds(60))
        let answer = plant.askAndWait(.plan(.evacuate(plant.bladeID(0))))
        guard case .plan(let plan) = answer, plan.plan.moves.count == 10 else { throw Unexpected("no plan for all: \(String(describing: answer))") }
        try applyToTheEnd(plan.id, &plant)
        for domain in small { #expect(plant.home(of: domain) != 0) }
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("a balance is applied, its rollback planned, checked and applied, and every domain is where it was", arguments: [62, 63, 64] as [UInt64])
    func thereAndBack(seed: UInt64) throws {
        var (plant, domains, plan) = try spread(seed: seed)
        try applyToTheEnd(plan.id, &plant)
        #expect(domains.contains { plant.home(of: $0) != 0 })
        let back = try rollback(of: plan.id, &plant)
        #expect(back.id != plan.id && back.plan.moves.count == plan.plan.moves.count)
        #expect(back.certificate.states == 1 + 2 * back.plan.waves.count)
        #expect(back.plan.remarks.isEmpty)
        try applyToTheEnd(back.id, &plant)
        for domain in domains { #expect(plant.home(of: domain) == 0) }
        plant.checkTheEnd()
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("of a plan that was stopped half-way only what was moved is brought back, and not before what it began has ended")
    func halfWay() throws {
        var (plant, domains, plan) = try spread(seed: 62)
        #expect(try refusal(of: plan.id, &plant).message.contains("was not carried out"))
        try apply(plan.id, &plant)
        #expect(try refusal(of: plan.id, &plant).message.contains("is being applied"))
        let first = plan.plan.waves[0].map { plan.plan.moves[$0].domain }
        let atHome = plant.run(atMost: .seconds(300)) { plant in
            first.allSatisfy { domain in
                plant.operations.contains { $0.domain == domain && $0.plan == plan.id && $0.state == .succeeded }
            }
        }
        #expect(atHome)
        // The next wave's first migration leaves its domain where it is.
        plant.letNextMigrationLeave(source: .running, target: nil)
        plant.run(atMost: .seconds(300)) { plant in if case .stopped = plant.view?.plans.first(where: { $0.id == plan.id })?.state { true } else { false } }
        guard case .stopped = state(plan.id, plant) else { throw Unexpected("it went on: \(String(describing: state(plan.id, plant)))") }
        plant.run(for: .seconds(120))
        let moved = Set(domains.filter { plant.home(of: $0) != 0 })
        #expect(moved.isSuperset(of: first) && moved.count < plan.plan.moves.count)
        let back = try rollback(of: plan.id, &plant)
        #expect(Set(back.plan.moves.map(\.domain)) == moved)
        try applyToTheEnd(back.id, &plant)
        for domain in domains { #expect(plant.home(of: domain) == 0) }
        plant.checkTheEnd()
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("a rollback says in words which domain is gone, that a blade is draining, and that nothing is left to undo")
    func changed() throws {
        var (plant, _, plan) = try spread(seed: 62)
        try applyToTheEnd(plan.id, &plant)
        let gone = plan.plan.moves[0]
        _ = plant.askAndWait(.destroyDomain(gone.domain, on: nil))
        plant.run(for: .seconds(30))
        let back = try rollback(of: plan.id, &plant)
        #expect(!back.plan.moves.contains { $0.domain == gone.domain })
        #expect(back.plan.remarks == ["\(gone.domainName) does not run any more: move 1 is not undone"])
        _ = plant.askAndWait(.setDraining(plant.bladeID(0), true))
        let draining = try refusal(of: plan.id, &plant)
        #expect(draining.message.hasPrefix("plan \(plan.id) cannot be undone as it was done: "))
        #expect(draining.message.contains("blade-1") && draining.message.contains("draining"), "\(draining.message)")
        // What was planned before is refused too: its premise does not hold any more.
        guard case .refused(let stale) = plant.askAndWait(.applyPlan(id: back.id)), stale.code == .planStale else { throw Unexpected("it is applied") }
        #expect(stale.message.contains("draining"), "\(stale.message)")
        for move in plan.plan.moves.dropFirst() { _ = plant.askAndWait(.destroyDomain(move.domain, on: nil)) }
        plant.run(for: .seconds(60))
        let nothing = try refusal(of: plan.id, &plant)
        #expect(nothing.message.contains("cannot be undone: ") && nothing.message.contains("does not run any more"), "\(nothing.message)")
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }
}
