import PodpCore
import PodpModel
import PodpSimulator
import Testing

/// A migration that goes wrong in every way that it can, one by one.
@Suite struct MigrationScenarios {
    /// What an unclear migration leaves at both ends, and where the domain must be when podp has found out.
    struct Row: Sendable, CustomTestStringConvertible {
        enum End: Sendable { case source, target, off, held }

        var source: DomainState?
        var target: DomainState?
        var end: End

        var testDescription: String { "\(source?.rawValue ?? "absent") at the source, \(target?.rawValue ?? "absent") at the target" }
    }

    static let rows = [
        Row(source: .running, target: nil, end: .source), Row(source: .running, target: .off, end: .source),
        Row(source: .running, target: .paused, end: .source), Row(source: .running, target: .incoming, end: .source),
        Row(source: nil, target: .running, end: .target), Row(source: .off, target: .running, end: .target),
        Row(source: .shutdown, target: .running, end: .target), Row(source: .paused, target: .running, end: .target),
        Row(source: .paused, target: nil, end: .source), Row(source: .paused, target: .off, end: .source),
        Row(source: .paused, target: .paused, end: .source), Row(source: .paused, target: .incoming, end: .source),
        Row(source: nil, target: .paused, end: .target), Row(source: .off, target: .paused, end: .target),
        Row(source: nil, target: .incoming, end: .held), Row(source: nil, target: nil, end: .off), Row(source: .off, target: .off, end: .off),
        Row(source: .running, target: .running, end: .held), Row(source: .crashed, target: nil, end: .held),
        Row(source: nil, target: .crashed, end: .held),
    ]

    @Test("an unclear migration is found out and brought in order", arguments: rows)
    func unclear(_ row: Row) throws {
        var plant = Plant(seed: 42, blades: 2)
        plant.begin()
        let domain = try plant.started("web-1", on: 0)
        if row.source == .running, row.target == .running { plant.allowTwins(of: domain) }
        plant.letNextMigrationLeave(source: row.source, target: row.target)
        let answer = plant.askAndWait(.migrateDomain(domain, to: plant.bladeID(1), allowStop: false))
        guard case .operation(let operation) = answer else {
            throw Unexpected("not accepted: \(String(describing: answer))")
        }
        plant.run(for: .seconds(120))
        #expect(plant.findings.isEmpty, "\(plant.findings)")
        let record = try #require(plant.record(of: domain))
        let truth = plant.truth(of: domain)
        switch row.end {
        case .source:
            #expect(plant.home(of: domain) == 0)
            #expect(truth[1] == nil, "a copy is left at the target")
            #expect(record.blade == plant.bladeID(0))
            guard case .failed = plant.record(of: operation)?.state else {
                throw Unexpected("ended as \(String(describing: plant.record(of: operation)?.state))")
            }
        case .target:
            #expect(plant.home(of: domain) == 1)
            #expect(truth[0] == nil, "a copy is left at the source")
            #expect(record.blade == plant.bladeID(1))
            #expect(plant.record(of: operation)?.state == .succeeded)
        case .off:
            #expect(!truth.values.contains { $0.executes })
            guard case .failed = plant.record(of: operation)?.state else {
                throw Unexpected("ended as \(String(describing: plant.record(of: operation)?.state))")
            }
        case .held:
            #expect(record.held != nil)
            #expect(truth[0] == row.source && truth[1] == row.target, "somebody touched a copy that an operator has to judge")
        }
    }

    @Test("a step that says it is done and changes nothing is given up, and taken again when an operator says so")
    func stepWithoutEffect() throws {
        var plant = Plant(seed: 42, blades: 2)
        plant.begin()
        let domain = try plant.started("web-1", on: 0)
        plant.letResume(on: 1, work: false)
        plant.letNextMigrationLeave(source: nil, target: .paused)
        _ = plant.askAndWait(.migrateDomain(domain, to: plant.bladeID(1), allowStop: false))
        plant.run(for: .seconds(600))
        let resumed = plant.operations.filter { $0.domain == domain && $0.action == .resume }
        #expect(resumed.count == 3)
        #expect(plant.record(of: domain)?.held?.contains("3 times it was told to resume at") == true)
        #expect(plant.truth(of: domain) == [1: .paused])
        plant.letResume(on: 1, work: true)
        _ = plant.askAndWait(.clearDomain(domain))
        plant.run(for: .seconds(60))
        #expect(plant.home(of: domain) == 1)
        #expect(plant.record(of: domain)?.held == nil)
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    @Test("a domain that an operator had paused is not resumed by finding out", arguments: [true, false])
    func pausedStaysPaused(atTarget: Bool) throws {
        var plant = Plant(seed: 43, blades: 2)
        plant.begin()
        let domain = try plant.started("web-1", on: 0)
        _ = plant.askAndWait(.pauseDomain(domain))
        plant.run(for: .seconds(10))
        #expect(plant.truth(of: domain)[0] == .paused)
        plant.letNextMigrationLeave(source: atTarget ? nil : .paused, target: atTarget ? .paused : nil)
        _ = plant.askAndWait(.migrateDomain(domain, to: plant.bladeID(1), allowStop: false))
        plant.run(for: .seconds(120))
        #expect(plant.truth(of: domain) == [atTarget ? 1 : 0: .paused])
        #expect(plant.findings.isEmpty, "\(plant.findings)")
    }

    /// A migration in calm weather, with something done to it; afterwards everything must have ended and be where the store says.
    private func migrate(seed: UInt64, _ disturb: (inout Plant) -> Void) throws -> Plant {
        var plant = Plant(seed: seed, blades: 2)
        plant.begin()
        let domain = try plant.started("web-1", on: 0)
        disturb(&plant)
        let asked = plant.ask(.migrateDomain(domain, to: plant.bladeID(1), allowStop: false))
        plant.run(for: .seconds(300))
        plant.checkTheEnd()
        #expect(plant.findings.isEmpty, "\(plant.findings)")
        #expect(plant.home(of: domain) != nil, "it runs nowhere: \(plant.truth(of: domain))")
        if case .operation(let operation)? = plant.answer(to: asked) {
            let state = try #require(plant.record(of: operation)?.state)
            #expect(state.isEnded)
            if state == .succeeded { #expect(plant.home(of: domain) == 1) } else { #expect(plant.home(of: domain) == 0) }
        }
        return plant
    }

    @Test("a migration in calm weather succeeds")
    func calm() throws {
        let plant = try migrate(seed: 44) { _ in }
        #expect(plant.operations.contains { $0.destination != nil && $0.state == .succeeded })
    }

    @Test("the coordinator may die at any commit of a migration, before it or after it", arguments: 1...4, [false, true])
    func coordinatorDies(step: Int, applied: Bool) throws {
        let plant = try migrate(seed: 45) { $0.crashCoordinator(atCommit: $0.commits + step, applied: applied) }
        if step <= 2 { #expect(plant.figures.coordinatorCrashes == 1) }
    }

    @Test("the agent may die at any write of its journal, before it or after it", arguments: 1...3, [false, true])
    func agentDies(step: Int, applied: Bool) throws {
        let plant = try migrate(seed: 46) { $0.crashAgent(atJournalWrite: $0.journalWritesDone + step, applied: applied) }
        if step <= 2 { #expect(plant.figures.agentCrashes == 1) }
    }

    @Test("the coordinator may die at any moment of a migration", arguments: 0..<16)
    func coordinatorDiesAtAnyMoment(slot: Int) throws {
        var plant = Plant(seed: 47, blades: 2)
        plant.begin()
        let domain = try plant.started("web-1", on: 0, memory: .mebibytes(512))
        plant.ask(.migrateDomain(domain, to: plant.bladeID(1), allowStop: false))
        plant.run(for: .milliseconds(Int64(slot) * 500))
        plant.crashCoordinator(restartAfter: .seconds(4))
        plant.run(for: .seconds(200))
        plant.checkTheEnd()
        #expect(plant.findings.isEmpty, "\(plant.findings)")
        #expect(plant.home(of: domain) != nil)
    }

    @Test("either blade may lose its power at any moment of a migration", arguments: 0..<12, [0, 1])
    func powerIsLost(slot: Int, blade: Int) throws {
        var plant = Plant(seed: 48, blades: 2)
        plant.begin()
        let domain = try plant.started("web-1", on: 0, memory: .mebibytes(512))
        plant.ask(.migrateDomain(domain, to: plant.bladeID(1), allowStop: false))
        plant.run(for: .milliseconds(Int64(slot) * 600))
        plant.cutPower(blade, bootAfter: .seconds(60))
        plant.run(for: .seconds(400))
        #expect(plant.findings.isEmpty, "\(plant.findings)")
        let held = plant.record(of: domain)?.held
        #expect(held != nil || plant.operations.allSatisfy(\.state.isEnded))
        if blade == 1, plant.truth(of: domain)[0] == .running { #expect(plant.truth(of: domain)[1]?.holdsMemory != true) }
    }
}
