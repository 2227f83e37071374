import PodpChassis
import PodpModel
import PodpPower
import Testing

/// A management module and the outlets that feed its blades, each over its own wire.
@Suite struct FedChassisTests {
    private func with(
        outlets: String, _ change: @Sendable (inout ChassisWorld) -> Void = { _ in },
        _ body: (ChassisRunner, _ modules: LittleAMM, _ outlets: LittleAMM) async throws -> Void
    ) async throws {
        try await Seats.with {
            let clock = ChassisClock.passing()
            let (blades, feeds) = (WorldBox(clock: clock), WorldBox(clock: clock))
            feeds.with { change(&$0) }
            let (amm, pdu) = (try await LittleAMM.start(blades), try await LittlePDU.start(feeds))
            let driver = try ChassisDrivers.driver(
                for: ChassisURL("amm+snmpv1://private@127.0.0.1:\(amm.port)?timeout=20000"), secrets: ChassisSecrets(),
                feeds: ChassisURL("pdu+snmpv1://private@127.0.0.1:\(pdu.port)?timeout=20000&\(outlets)"), feedSecrets: ChassisSecrets(), clock: clock)
            try await body(ChassisRunner(driver: driver, clock: clock), amm, pdu)
            await driver.close()
            await amm.stop()
            await pdu.stop()
        }
    }

    private var rules: PowerConfirmation.Rules {
        var rules = PowerConfirmation.Rules()
        rules.secondSources = [.pdu]
        return rules
    }

    @Test("A blade whose outlets nobody has named is not switched off, and is switched on without them")
    func unnamed() async throws {
        try await with(outlets: "bay3=3") { runner, amm, _ in
            guard case .refused(let refusal) = await runner.bring(bay: 5, .hardOff, rules: rules) else {
                Issue.record("not refused")
                return
            }
            guard case .refused = await runner.bring(bay: 5, .softOff, rules: rules) else {
                Issue.record("not refused")
                return
            }
            #expect(refusal.message.contains("no outlet is named for bay 5") && amm.setCount == 0)
            #expect(amm.world.with { $0.blades[5]?.power } == .on)
            #expect(await runner.bring(bay: 14, .on).isConfirmed)
            #expect(amm.world.with { $0.blades[14]?.power } == .on)
        }
    }

    @Test("Outlets that are off already do not make a needless request of one that the management has accepted", arguments: [true, false])
    func needlessOutlets(isFed: Bool) async throws {
        try await with(outlets: "bay3=3", { if !isFed { $0.blades[3]?.power = .off } }) { runner, amm, _ in
            var rules = rules
            rules.asksAlways = true
            #expect(await runner.bring(bay: 3, .hardOff, rules: rules).isConfirmed)
            #expect(amm.setCount == 1)
        }
    }

    @Test("Where the management has switched and the outlets refuse, that is unknown: refused is what was not done")
    func readOnlyOutlets() async throws {
        try await with(outlets: "bay3=3", { $0.faults.isReadOnly = true }) { runner, amm, pdu in
            let outcome = await runner.bring(bay: 3, .hardOff, rules: rules)
            guard case .deadline = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(amm.world.with { $0.blades[3]?.power } == .off && pdu.world.with { $0.blades[3]?.power } == .on)
        }
    }
}
