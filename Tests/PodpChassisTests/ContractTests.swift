import PodpChassis
import PodpModel
import PodpPower
import Synchronization
import Testing

/// The kinds of chassis that keep the contract, each over the same chassis in memory, in protocols of their own.
enum Subject: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case simulated
    case amm
    case redfish
    /// Each bay with an outlet of its own.
    case pdu

    var testDescription: String { rawValue }

    /// Those that know blades, not only what feeds them.
    static let managing = allCases.filter { $0 != .pdu }

    /// Eight seconds: for what must not come about.
    var short: PowerConfirmation.Rules {
        var rules = PowerConfirmation.Rules.usual(for: .hardOff, by: self == .pdu ? .pdu : .management)
        rules.deadline = .seconds(8)
        return rules
    }

    /// A driver over a world that the test may change while it runs. Time passes when the driver's user waits, so that the machine's load decides
    /// nothing; only an answer that never comes is waited for in the machine's own time, for `patience` milliseconds a packet.
    func with<Result: Sendable>(
        _ change: @Sendable (inout ChassisWorld) -> Void = { _ in }, patience: Int = 20_000,
        _ body: (any ChassisDriver, ChassisRunner, WorldBox, ChassisClock) async throws -> Result
    ) async throws -> Result {
        try await Seats.with { try await seated(change, patience, body) }
    }

    private func seated<Result: Sendable>(
        _ change: @Sendable (inout ChassisWorld) -> Void, _ patience: Int,
        _ body: (any ChassisDriver, ChassisRunner, WorldBox, ChassisClock) async throws -> Result
    ) async throws -> Result {
        let clock = ChassisClock.passing()
        let box = WorldBox(clock: clock)
        box.with { change(&$0) }
        switch self {
        case .simulated:
            let driver = BoxedChassis(box)
            return try await body(driver, ChassisRunner(driver: driver, clock: clock), box, clock)
        case .amm, .pdu:
            let server = self == .amm ? try await LittleAMM.start(box) : try await LittlePDU.start(box)
            let outlets = (1...14).map { "&bay\($0)=\($0)" }.joined()
            let (scheme, more) = self == .amm ? ("amm", "") : ("pdu", outlets)
            let url = try ChassisURL("\(scheme)+snmpv1://private@127.0.0.1:\(server.port)?timeout=\(patience)\(more)")
            let driver = try ChassisDrivers.driver(for: url, secrets: ChassisSecrets(), clock: clock)
            let result = try await body(driver, ChassisRunner(driver: driver, clock: clock), box, clock)
            await driver.close()
            await server.stop()
            return result
        case .redfish:
            let server = try await LittleRedfish.start(box)
            let url = try ChassisURL("redfish://127.0.0.1:\(server.port)?tls=off&timeout=\(patience)")
            let driver = try ChassisDrivers.driver(for: url, secrets: ChassisSecrets(), clock: clock)
            let result = try await body(driver, ChassisRunner(driver: driver, clock: clock), box, clock)
            await driver.close()
            server.stop()
            return result
        }
    }
}

/// What every driver keeps, whatever goes wrong behind it.
@Suite struct ContractTests {
    @Test("Inventory and readings show every bay, and an empty one as empty", arguments: Subject.managing)
    func shows(subject: Subject) async throws {
        try await subject.with { driver, _, _, _ in
            let inventory = try await driver.inventory()
            #expect(inventory.bays.map(\.number) == Array(1...14))
            let three = try #require(inventory.bay(3))
            #expect(three.isPresent == true && three.name == "blade-03" && three.serial == "KQ86033")
            #expect(three.uuid == ID128("8cb6f79b-0ab4-41dc-8314-080020000003"))
            let six = try #require(inventory.bay(6))
            #expect(six.isPresent == false && six.name == nil && six.serial == nil && six.uuid == nil && six.macs.isEmpty)
            let readings = try await driver.readings()
            #expect(readings.bay(3)?.power.state == .on && readings.bay(14)?.power.state == .off)
            #expect((readings.bay(6)?.power.state ?? .unknown) == .unknown)
            #expect(readings.gaps.isEmpty)
            // Every look at a blade says which one it is.
            #expect(await driver.powerState(bay: 3).label == three.label)
        }
    }

    @Test("Outlets are shown as the bays that they feed")
    func outlets() async throws {
        try await Subject.pdu.with { driver, _, _, _ in
            let inventory = try await driver.inventory()
            #expect(inventory.bays.map(\.number) == Array(1...14) && inventory.kind == .pdu)
            let readings = try await driver.readings()
            #expect(readings.bay(3)?.power.state == .on && readings.bay(14)?.power.state == .off && readings.bay(6)?.power.state == .unknown)
        }
    }

    @Test("Off, on and soft-off are confirmed, and asked for once", arguments: Subject.allCases)
    func switches(subject: Subject) async throws {
        try await subject.with { _, runner, world, _ in
            #expect(await runner.bring(bay: 4, .hardOff).isConfirmed)
            #expect(world.with { $0.blades[4]?.power } == .off)
            #expect(await runner.bring(bay: 4, .hardOff).isConfirmed)
            #expect(await runner.bring(bay: 4, .on).isConfirmed)
            #expect(world.with { $0.requestCount } == 2)
            guard subject != .pdu else {
                guard case .refused(let refusal) = await runner.bring(bay: 4, .softOff) else { throw Unmet() }
                #expect(refusal.reason == .unsupported)
                return
            }
            #expect(await runner.bring(bay: 4, .softOff).isConfirmed)
            #expect(world.with { $0.requestCount } == 3)
        }
    }

    @Test("A request whose answer is lost, and one that was never heard, still end right", arguments: Subject.allCases)
    func losses(subject: Subject) async throws {
        try await subject.with({ $0.faults.lostAnswers = 1 }, patience: 2000) { _, runner, world, _ in
            #expect(await runner.bring(bay: 2, .hardOff).isConfirmed)
            world.with { $0.faults.lostRequests = 1 }
            #expect(await runner.bring(bay: 3, .hardOff).isConfirmed)
        }
    }

    @Test("A device that accepts and does nothing is never believed", arguments: Subject.allCases)
    func liar(subject: Subject) async throws {
        try await subject.with({ $0.faults.ignoresRequests = true }) { _, runner, world, _ in
            guard case .deadline(let last, _) = await runner.bring(bay: 2, .hardOff) else {
                Issue.record("no deadline")
                return
            }
            #expect(last?.state == .on && world.with { $0.blades[2]?.power } == .on)
        }
    }

    @Test("An off that is eleven seconds late is confirmed", arguments: Subject.allCases)
    func late(subject: Subject) async throws {
        try await subject.with({ $0.offTakes = .seconds(11) }) { _, runner, _, _ in
            #expect(await runner.bring(bay: 2, .hardOff).isConfirmed)
        }
    }

    @Test("Where each request is carried out at its own time, a start that may still come is waited for before off is confirmed", arguments: Subject.allCases)
    func ownTimes(subject: Subject) async throws {
        let change: @Sendable (inout ChassisWorld) -> Void = {
            $0.faults.keepsRequests = true
            $0.onTakes = .seconds(11)
            $0.offTakes = .milliseconds(200)
        }
        try await subject.with(change) { driver, runner, world, clock in
            #expect(await driver.request(.on, bay: 14) == .accepted)
            var rules = PowerConfirmation.Rules.usual(for: .hardOff, by: subject == .pdu ? .pdu : .management)
            rules.asksAlways = true
            let outcome = await runner.bring(bay: 14, .hardOff, rules: rules)
            #expect(outcome.isConfirmed)
            let end = clock.now()
            #expect(world.with { $0.blades[14]?.power } == .off)
            try await clock.sleep(end + .seconds(20))
            #expect(world.with { $0.blades[14]?.power } == .off, "it started after it was confirmed off")
        }
    }

    @Test("An empty bay is not off, and cannot be switched", arguments: Subject.allCases)
    func empty(subject: Subject) async throws {
        try await subject.with { driver, runner, world, _ in
            #expect(await driver.powerState(bay: 6).state == .unknown)
            for request in PowerRequest.allCases { #expect(await runner.bring(bay: 6, request).isConfirmed == false) }
            // Of outlets only an attempt shows that there is none.
            if subject != .pdu { #expect(world.with { $0.requestCount } == 0) }
        }
    }

    @Test("A bay that is not there is not off", arguments: Subject.allCases)
    func nowhere(subject: Subject) async throws {
        try await subject.with { driver, _, _, _ in
            for bay in [0, -1, 15, 20, Int.max] { #expect(await driver.powerState(bay: bay).state == .unknown) }
        }
    }

    @Test("A blade that cannot be talked to is not off", arguments: Subject.managing, [BayHealth.discovering, .commError])
    func hidden(subject: Subject, health: BayHealth) async throws {
        try await subject.with({
            $0.blades[2]?.health = health
            $0.blades[2]?.power = .off
        }) { driver, runner, _, _ in
            #expect(await driver.powerState(bay: 2).state == .unknown)
            #expect(await runner.bring(bay: 2, .hardOff, rules: subject.short).isConfirmed == false)
        }
    }

    @Test("Standby is not off", arguments: Subject.managing)
    func standby(subject: Subject) async throws {
        try await subject.with({ $0.blades[2]?.power = .standby }) { driver, _, _, _ in
            #expect(await driver.powerState(bay: 2).state == .standby)
        }
    }

    @Test("A start without enough power is refused at once, with the watts that are missing", arguments: Subject.managing)
    func insufficient(subject: Subject) async throws {
        try await subject.with({ $0.faults.remainingWatts = 100 }) { _, runner, _, _ in
            guard case .refused(let refusal) = await runner.bring(bay: 14, .on) else {
                Issue.record("not refused")
                return
            }
            #expect(refusal.reason == .insufficientPower)
            // Redfish has no place for them.
            if subject != .redfish { #expect(refusal.shortfall?.missingWatts == 280) }
        }
    }

    @Test("Who may only read is refused, and told so", arguments: Subject.allCases)
    func readOnly(subject: Subject) async throws {
        try await subject.with({ $0.faults.isReadOnly = true }) { _, runner, _, _ in
            guard case .refused(let refusal) = await runner.bring(bay: 2, .hardOff) else {
                Issue.record("not refused")
                return
            }
            #expect(refusal.reason == .notPermitted)
        }
    }

    @Test("Silence, and silence in the middle, end at the deadline as unknown", arguments: Subject.allCases, [0, 2])
    func silence(subject: Subject, answers: Int) async throws {
        try await subject.with(patience: 300) { driver, runner, world, _ in
            try await Self.untilItAnswers { _ = try await driver.inventory() }
            world.with { $0.faults.silentAfter = answers }
            var rules = subject.short
            rules.deadline = .seconds(3)
            let outcome = await runner.bring(bay: 2, .hardOff, rules: rules)
            guard case .deadline(let last, let why) = outcome else {
                Issue.record("no deadline: \(outcome)")
                return
            }
            #expect(last?.state != .off && !why.isEmpty)
        }
    }

    /// With the little patience that silence is tested with, a loaded machine may be silent by itself.
    private static func untilItAnswers(_ question: () async throws -> Void) async throws {
        for _ in 0..<50 { if (try? await question()) != nil { return } }
        try await question()
    }

    @Test("Garbage is unknown, and never off", arguments: Subject.allCases)
    func garbage(subject: Subject) async throws {
        try await subject.with { driver, runner, world, _ in
            _ = try await driver.inventory()
            world.with { $0.faults.garbles = true }
            #expect(await driver.powerState(bay: 2).state == .unknown)
            #expect(await runner.bring(bay: 2, .hardOff, rules: subject.short).isConfirmed == false)
        }
    }

    @Test("One lying reading does not confirm", arguments: Subject.allCases)
    func lie(subject: Subject) async throws {
        try await subject.with({
            $0.faults.ignoresRequests = true
            $0.faults.liesOff = 1
        }) { _, runner, _, _ in
            #expect(await runner.bring(bay: 2, .hardOff, rules: subject.short).isConfirmed == false)
        }
    }

    @Test("Two managers that fight over a bay: what is confirmed was true when it was read", arguments: Subject.allCases)
    func rivals(subject: Subject) async throws {
        try await subject.with({ $0.faults.rival = .milliseconds(800) }) { _, runner, _, _ in
            let outcome = await runner.bring(bay: 2, .hardOff, rules: subject.short)
            // The other one switches it on before two seconds are over, each time.
            #expect(outcome.isConfirmed == false, "\(outcome)")
        }
    }

    @Test("One bay is switched by one at a time; others wait for nothing", arguments: Subject.allCases)
    func busy(subject: Subject) async throws {
        try await subject.with { driver, _, _, clock in
            let hooked = HookedChassis(driver)
            let runner = ChassisRunner(driver: hooked, clock: clock)
            let refusal = Mutex<PowerConfirmation.Outcome?>(nil)
            hooked.onLook { number in
                guard number == 2 else { return }
                let outcome = await runner.bring(bay: 2, .on)
                refusal.withLock { $0 = outcome }
            }
            async let first = runner.bring(bay: 2, .hardOff)
            async let other = ChassisRunner(driver: driver, clock: clock).bring(bay: 3, .hardOff)
            #expect(await first.isConfirmed)
            #expect(await other.isConfirmed)
            guard case .refused? = refusal.withLock({ $0 }) else {
                Issue.record("switched twice at a time")
                return
            }
        }
    }

    @Test("A sign of life ends a confirmation that has begun to believe", arguments: Subject.allCases)
    func life(subject: Subject) async throws {
        try await subject.with({ $0.blades[2]?.power = .off }) { driver, _, _, clock in
            let hooked = HookedChassis(driver)
            let runner = ChassisRunner(driver: hooked, clock: clock)
            hooked.onLook { number in if number == 2 { await runner.signOfLife(bay: 2, "its agent spoke") } }
            guard case .unknown(let why) = await runner.bring(bay: 2, .hardOff) else { throw Unmet() }
            #expect(why.contains("its agent spoke"))
        }
    }

    @Test("The deadline is kept while a look, or the request, does not come back", .timeLimit(.minutes(20)), arguments: [nil, 1, 2])
    func blocked(look: Int?) async throws {
        let time = HeldClock()
        let driver = StuckChassis(SimulatedChassis(clock: time.clock), at: look)
        let runner = ChassisRunner(driver: driver, clock: time.clock)
        let outcome = await runner.bring(bay: 2, .hardOff, rules: Subject.simulated.short)
        guard case .deadline = outcome else { throw Unmet() }
        #expect(time.clock.now() == .zero + .seconds(8))
        driver.release()
    }

    @Test("A look that comes while a poll runs waits for one answer, not for all of the poll's")
    func lookBesidePoll() async throws {
        let clock = ChassisClock.passing()
        let log = Mutex<(isAsked: Bool, isHeld: Bool, order: [Bool])>((false, false, []))
        let reached = Mutex<CheckedContinuation<Void, Never>?>(nil)
        // A column that a look does not ask for: of power domains.
        let ofPoll = LittleAMM.base + [2, 10, 1, 1, 1]
        let ofLook = LittleAMM.base + [22, 1, 5, 1, 1, 4, 4]
        let server = try await LittleAMM.start(WorldBox(clock: clock)) { message, world, quirks in
            let isHeld = log.withLock { log in
                // The first packet of the domains is not answered before somebody looks: net-snmp sends it again meanwhile.
                if message.variables.contains(where: { $0.name.starts(with: ofPoll.dropLast()) }), !log.isAsked {
                    log.isHeld = true
                    return true
                }
                if log.isAsked { log.order.append(message.variables.contains { $0.name == ofLook } && message.variables.count < 24) }
                return false
            }
            if isHeld {
                reached.withLock { waiting in
                    waiting?.resume()
                    waiting = nil
                }
                return nil
            }
            return LittleAMM.answer(message, world, quirks)
        }
        // All that a look asks for is there: it is asked by its names.
        server.setQuirks { $0.shows = ["22.5.1.1.3.1": .address([127, 0, 0, 1]), "22.5.1.1.3.2": .address([127, 0, 0, 1])] }
        let driver = try AMMDriver(try ChassisURL("amm+snmpv1://private@127.0.0.1:\(server.port)?timeout=2000"), secrets: ChassisSecrets(), clock: clock)
        _ = try await driver.inventory()
        _ = await driver.powerState(bay: 4)
        async let poll = driver.readings()
        await withCheckedContinuation { continuation in
            let isThere = log.withLock { $0.isHeld }
            if isThere { continuation.resume() } else { reached.withLock { $0 = continuation } }
        }
        async let look = driver.powerState(bay: 4)
        log.withLock { $0.isAsked = true }
        #expect(await look.state == .on)
        let before = log.withLock { $0.order.firstIndex(of: true) ?? .max }
        #expect(before <= 2, "\(before) packets of the poll came before it")
        #expect(try await poll.bay(4)?.power.state == .on)
        await driver.close()
        await server.stop()
    }

    @Test("A blade that is exchanged while its off is awaited is not called off", arguments: Subject.managing)
    func exchanged(subject: Subject) async throws {
        try await subject.with({ $0.faults.ignoresRequests = true }) { driver, _, world, clock in
            let label = try #require(try await driver.inventory().bay(2)?.label)
            let hooked = HookedChassis(driver)
            // Blades 2 and 14 change places between two looks: bay 2 is off now, and the blade that was meant runs on.
            hooked.onLook { number in
                guard number == 3 else { return }
                world.with { ($0.blades[2], $0.blades[14]) = ($0.blades[14], $0.blades[2]) }
            }
            var rules = subject.short
            rules.label = label
            let outcome = await ChassisRunner(driver: hooked, clock: clock).bring(bay: 2, .hardOff, rules: rules)
            guard case .unknown(let why) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(why.contains("another blade"))
        }
    }
}

struct Unmet: Error {}

/// The simulated driver's own way to a box: it keeps its world itself, so the box is the world.
actor BoxedChassis: ChassisDriver {
    private let box: WorldBox
    init(_ box: WorldBox) { self.box = box }

    /// The driver as it ships, over a copy of what the box has now; what it changes goes back.
    private func shipped<Result: Sendable>(_ body: @Sendable (SimulatedChassis) async throws(ChassisError) -> Result) async throws(ChassisError) -> Result {
        let driver = SimulatedChassis(world: box.with { $0 }, clock: box.clock)
        let outcome: Swift.Result<Result, ChassisError>
        do {
            outcome = .success(try await body(driver))
        } catch {
            outcome = .failure(error)
        }
        let after = await driver.inspect()
        box.with { $0 = after }
        return try outcome.get()
    }

    func inventory() async throws(ChassisError) -> ChassisInventory { try await shipped { driver throws(ChassisError) in try await driver.inventory() } }
    func readings() async throws(ChassisError) -> ChassisReadings { try await shipped { driver throws(ChassisError) in try await driver.readings() } }
    func powerState(bay: Int) async -> PowerReading {
        (try? await shipped { driver throws(ChassisError) in await driver.powerState(bay: bay) })
            ?? .silent("", bay: bay, source: PowerSource(.management), at: box.clock.now())
    }
    func request(_ request: PowerRequest, bay: Int) async -> RequestOutcome {
        (try? await shipped { driver throws(ChassisError) in await driver.request(request, bay: bay) }) ?? .lost("")
    }
    func capabilities() async throws(ChassisError) -> ChassisCapabilities { try await shipped { driver throws(ChassisError) in await driver.capabilities() } }
    func findings(tryWrite: Bool) async throws(ChassisError) -> [ChassisFinding] {
        try await shipped { driver throws(ChassisError) in await driver.findings(tryWrite: tryWrite) }
    }
}
