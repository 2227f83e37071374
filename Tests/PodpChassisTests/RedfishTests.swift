import HTTPTypes
import PodpModel
import PodpPower
import Testing

@testable import PodpChassis

@Suite struct RedfishTests {
    @Test("What is nested deeper than any service nests is no answer, before anything is decoded; brackets in texts are not nesting")
    func depth() {
        func nested(_ depth: Int) -> [UInt8] { Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8) }
        #expect(RedfishNode(json: nested(40)) != nil)
        #expect(RedfishNode(json: nested(41)) == nil && RedfishNode(json: nested(100_000)) == nil)
        let text = "{\"a\": \"" + String(repeating: "[{\\\"", count: 100) + "\"}"
        #expect(RedfishNode(json: Array(text.utf8))?["a"]?.text?.count == 300)
    }

    @Test("Where no thread can be started there is an error, not an end")
    func threads() {
        #expect(throws: ChassisError.self) { _ = try ChassisThread { _ in 11 } }
    }

    private func with(
        _ quirks: LittleRedfish.Quirks, user: String? = nil, secrets: ChassisSecrets = ChassisSecrets(),
        _ body: (RedfishDriver, ChassisRunner, LittleRedfish) async throws -> Void
    ) async throws {
        let clock = ChassisClock.passing()
        let server = try await LittleRedfish.start(WorldBox(clock: clock), quirks)
        let login = user.map { "\($0)@" } ?? ""
        let driver = try RedfishDriver(try ChassisURL("redfish://\(login)127.0.0.1:\(server.port)?tls=off&timeout=20000"), secrets: secrets, clock: clock)
        try await Seats.with { try await body(driver, ChassisRunner(driver: driver, clock: clock), server) }
        await driver.close()
        server.stop()
    }

    @Test("Only Off is off", arguments: ["On", "PoweringOff", "PoweringOn", "Paused", "null", "Offf", ""])
    func states(state: String) async throws {
        var quirks = LittleRedfish.Quirks()
        quirks.shows = [2: state]
        try await with(quirks) { driver, _, _ in
            let reading = await driver.powerState(bay: 2)
            #expect(reading.state != .off)
            #expect((reading.state == .on) == (state == "On" || state == "PoweringOff"))
        }
    }

    @Test("A system that does not answer keeps its number, and nobody moves up into its bay", arguments: [HTTPResponse.Status.notFound, .serviceUnavailable])
    func numbersStay(status: HTTPResponse.Status) async throws {
        var quirks = LittleRedfish.Quirks()
        quirks.isUnnumbered = true
        try await with(quirks) { driver, runner, server in
            server.world.with { $0.blades[3]?.power = .off }
            #expect(await driver.powerState(bay: 2).state == .on)
            #expect(await driver.powerState(bay: 3).state == .off)
            server.setQuirks { $0.answers = [2: status] }
            var rules = PowerConfirmation.Rules()
            rules.deadline = .seconds(8)
            #expect(await runner.bring(bay: 2, .hardOff, rules: rules).isConfirmed == false)
            #expect(server.world.with { $0.requestCount } == 0)
            #expect(await driver.powerState(bay: 3).label == server.world.with { $0.blades[3]?.uuid.description })
        }
        // From the beginning: who is listed and does not answer is somebody.
        quirks.answers = [2: status]
        try await with(quirks) { driver, runner, server in
            server.world.with { $0.blades[3]?.power = .off }
            var rules = PowerConfirmation.Rules()
            rules.deadline = .seconds(8)
            #expect(await runner.bring(bay: 2, .hardOff, rules: rules).isConfirmed == false)
            #expect(server.world.with { $0.requestCount } == 0)
        }
    }

    @Test("A login that was refused is not tried again and again")
    func lockout() async throws {
        var quirks = LittleRedfish.Quirks()
        quirks.session = ("podp", "right")
        try await with(quirks, user: "podp", secrets: ChassisSecrets(password: "wrong")) { driver, runner, _ in
            guard case .unknown(let why) = await runner.bring(bay: 2, .hardOff) else {
                Issue.record("it went on trying")
                return
            }
            #expect(why.contains("lock the account"))
            let before = await driver.requestCount
            for _ in 0..<5 { #expect(await driver.powerState(bay: 2).state == .unknown) }
            #expect(await driver.requestCount == before)
        }
    }

    @Test("A conflict because it is so already is no failure")
    func conflict() async throws {
        var quirks = LittleRedfish.Quirks()
        quirks.conflictsWhenThere = true
        try await with(quirks) { driver, _, _ in
            #expect(await driver.request(.on, bay: 2) == .needless)
            #expect(await driver.request(.hardOff, bay: 14) == .needless)
        }
    }

    @Test("A service that wants an ETag gets the one that it gave")
    func etag() async throws {
        var quirks = LittleRedfish.Quirks()
        quirks.wantsMatch = true
        try await with(quirks) { _, runner, _ in #expect(await runner.bring(bay: 2, .hardOff).isConfirmed) }
    }

    @Test("Allowed values are found in the action or in its ActionInfo; what is not allowed is not tried")
    func allowed() async throws {
        var quirks = LittleRedfish.Quirks()
        quirks.hidesValues = true
        quirks.allows = ["ForceOff", "ForceOn"]
        try await with(quirks) { driver, _, server in
            guard case .refused(let refusal) = await driver.request(.softOff, bay: 2) else {
                Issue.record("not refused")
                return
            }
            #expect(refusal.reason == .unsupported && server.world.with { $0.requestCount } == 0)
            #expect(await driver.request(.hardOff, bay: 2) == .accepted)
        }
    }

    @Test("Where basic login is refused a session is opened, once; a wrong password is not tried again")
    func sessions() async throws {
        var quirks = LittleRedfish.Quirks()
        quirks.session = ("anna", "secret-1")
        try await with(quirks, user: "anna", secrets: ChassisSecrets(password: "secret-1")) { driver, _, server in
            #expect(await driver.powerState(bay: 2).state == .on)
            #expect(server.openSessions.withLock { $0 } == 1)
            // Services have few: it is given back.
            await driver.close()
            #expect(server.openSessions.withLock { $0 } == 0)
        }
        try await with(quirks, user: "anna", secrets: ChassisSecrets(password: "wrong")) { driver, _, _ in
            let error = await #expect(throws: ChassisError.self) { try await driver.inventory() }
            #expect(error?.code == .denied)
            let count = await driver.requestCount
            _ = await driver.powerState(bay: 2)
            #expect(await driver.requestCount - count <= 1)
        }
    }

    @Test("Systems get the bay that their chassis, their id or their name says, all by one way")
    func numbers() throws {
        func system(_ id: String, _ name: String) -> (path: String, node: RedfishNode) {
            ("/redfish/v1/Systems/\(id)", .object(["Id": .string(id), "Name": .string(name)]))
        }
        func bays(_ systems: (path: String, node: RedfishNode)...) throws -> [Int?] {
            var numbering = RedfishNumbering()
            return try numbering.bays(of: systems, [:])
        }
        let bays1 = try bays(system("Bay3", "x"), system("Bay1", "y"))
        #expect(bays1 == [3, 1])
        let bays2 = try bays(system("ab-000000000000", "blade7"), system("cd-000000000000", "blade2"))
        #expect(bays2 == [7, 2])
        let bays3 = try bays(system("a", "web"), system("b", "web"))
        #expect(bays3 == [1, 2])
        // The way stays: who comes without a number gets none, and two in one bay are no answer.
        var numbering = RedfishNumbering()
        let bays4 = try numbering.bays(of: [system("Bay3", "x1"), system("Bay1", "x2")], [:])
        #expect(bays4 == [3, 1])
        let bays5 = try numbering.bays(of: [system("Bay3", "x1"), system("other", "x2"), ("/redfish/v1/Systems/Bay1", .null)], [:])
        #expect(bays5 == [3, nil, 1])
        var doubled = numbering
        let twice = Result { try doubled.bays(of: [system("Bay3", "x1"), system("Slot3", "x2")], [:]) }
        #expect(throws: ChassisError.self) { try twice.get() }
    }

    @Test("Who is counted by its place in a list is known by its label: also to the next run, with another one gone from the list")
    func counted() throws {
        func system(_ name: String) -> (path: String, node: RedfishNode) {
            ("/redfish/v1/Systems/\(name)", .object(["Id": .string(name), "SerialNumber": .string("S-\(name)")]))
        }
        var numbering = RedfishNumbering()
        let bays6 = try numbering.bays(of: [system("a"), system("b"), system("c")], [:])
        #expect(bays6 == [1, 2, 3])
        let bays7 = try numbering.bays(of: [system("b"), system("c"), system("d")], [:])
        #expect(bays7 == [2, 3, 4])
        var next = RedfishNumbering()
        next.resume(["S-a": 1, "S-b": 2, "S-c": 3])
        let bays8 = try next.bays(of: [system("c"), system("d"), system("b")], [:])
        #expect(bays8 == [3, 4, 2])
    }

    @Test("While a chassis of a blade does not answer nobody has a number, and nothing is switched", arguments: [1, 2, 3], [PowerState.on, .off])
    func partlySilent(silent: Int, power: PowerState) async throws {
        var quirks = LittleRedfish.Quirks()
        // Each system's chassis stands in the bay that its own number is not: 14 is in bay 1.
        quirks.locates = true
        quirks.chassisAnswers = [silent: .serviceUnavailable]
        try await with(quirks) { driver, runner, server in
            server.world.with { for bay in $0.blades.keys { $0.blades[bay]?.power = bay == 14 ? .on : power } }
            await #expect(throws: ChassisError.self) { try await driver.inventory() }
            await #expect(throws: ChassisError.self) { try await driver.readings() }
            var rules = PowerConfirmation.Rules()
            rules.deadline = .seconds(8)
            #expect(await runner.bring(bay: 1, .hardOff, rules: rules).isConfirmed == false)
            #expect(server.world.with { $0.requestCount } == 0)
            // It answers: by its place, and kept when it is silent again.
            server.setQuirks { $0.chassisAnswers = [:] }
            let first = try await driver.inventory().bay(1)
            #expect(first?.serial == server.world.with { $0.blades[14]?.serial })
            server.setQuirks { $0.chassisAnswers = [silent: .serviceUnavailable] }
            await #expect(throws: ChassisError.self) { try await driver.inventory() }
            #expect(await runner.bring(bay: 1, .hardOff).isConfirmed)
            #expect(server.world.with { $0.blades[14]?.power } == .off)
            #expect(server.world.with { $0.requestCount } == 1)
        }
    }

    @Test("A list whose pages do not end, and an answer that does not, are not waited for", .timeLimit(.minutes(1)))
    func endless() async throws {
        var quirks = LittleRedfish.Quirks()
        quirks.hasEndlessPages = true
        try await with(quirks) { driver, _, _ in
            let error = await #expect(throws: ChassisError.self) { try await driver.inventory() }
            #expect(error?.message.contains("64 pages") == true)
        }
        try await with(LittleRedfish.Quirks()) { driver, _, server in
            _ = try await driver.inventory()
            server.setQuirks { $0.drips = true }
            let impatient = try RedfishDriver(try ChassisURL("redfish://127.0.0.1:\(server.port)?tls=off&timeout=300"), secrets: ChassisSecrets())
            await #expect(throws: ChassisError.self) { try await impatient.inventory() }
            await impatient.close()
        }
    }

    @Test("A label that several systems claim is nobody's: the list's order is kept, and none of them is switched")
    func sharedLabels() throws {
        func system(_ id: String) -> (path: String, node: RedfishNode) {
            ("/redfish/v1/Systems/\(id)", .object(["Id": .string(id), "SerialNumber": .string("Default string")]))
        }
        var numbering = RedfishNumbering()
        for _ in 1...3 {
            let bays = try numbering.bays(of: [system("a"), system("b"), system("c")], [:])
            #expect(bays == [1, 2, 3])
        }
        #expect(numbering.way == .list && numbering.identity(system("a").node) == nil)
    }

    @Test("A chassis that no system stands in may be silent")
    func silentElsewhere() async throws {
        var quirks = LittleRedfish.Quirks()
        quirks.locates = true
        quirks.hasDeadChassis = true
        try await with(quirks) { driver, runner, server in
            let first = try await driver.inventory().bay(1)
            #expect(first?.serial == server.world.with { $0.blades[14]?.serial })
            #expect(await runner.bring(bay: 1, .hardOff).isConfirmed)
            #expect(server.world.with { $0.blades[14]?.power } == .off)
        }
    }

    @Test("Of systems without a number, a UUID or a serial number none is switched, and the check says so")
    func anonymous() async throws {
        var quirks = LittleRedfish.Quirks()
        quirks.isUnnumbered = true
        quirks.hidesLabels = true
        try await with(quirks) { driver, runner, server in
            guard case .refused(let refusal) = await runner.bring(bay: 2, .hardOff) else {
                Issue.record("not refused")
                return
            }
            #expect(refusal.message.contains("no UUID") && server.world.with { $0.requestCount } == 0)
            let findings = try await driver.findings(tryWrite: false)
            #expect(findings.contains { $0.code == "no-bay-numbers" && $0.severity == .critical })
        }
    }

    @Test("A system that has an address and no other label is known by that, at every look")
    func addressAlone() async throws {
        var quirks = LittleRedfish.Quirks()
        quirks.hidesLabels = true
        quirks.showsAddresses = true
        try await with(quirks) { driver, runner, server in
            let mac = try #require(try await driver.inventory().bay(2)?.macs.first)
            #expect(await driver.powerState(bay: 2).label == mac)
            var rules = PowerConfirmation.Rules()
            rules.label = mac
            #expect(await runner.bring(bay: 2, .hardOff, rules: rules).isConfirmed)
            // Another blade in its place is not that one.
            server.world.with { $0.blades[2]?.macs = ["02:00:00:00:00:77"] }
            #expect(await driver.powerState(bay: 2).label == nil)
            guard case .refused(let refusal) = await driver.request(.on, bay: 2) else { return #expect(Bool(false), "another blade was switched") }
            #expect(refusal.message.contains(mac))
        }
    }

    @Test("A request that is queued is accepted; a start that was queued before is waited for")
    func queues() async throws {
        var quirks = LittleRedfish.Quirks()
        quirks.queues = true
        try await with(quirks) { driver, runner, server in
            server.world.with {
                $0.faults.keepsRequests = true
                $0.onTakes = .seconds(11)
            }
            #expect(await runner.bring(bay: 4, .hardOff).isConfirmed)
            #expect(await driver.request(.on, bay: 14) == .accepted)
            var rules = PowerConfirmation.Rules()
            rules.asksAlways = true
            #expect(await runner.bring(bay: 14, .hardOff, rules: rules).isConfirmed)
            let end = driver.clock.now() + .seconds(20)
            try await driver.clock.sleep(end)
            #expect(await driver.powerState(bay: 14).state == .off)
        }
    }

    @Test("A system that leaves its UUID out for once is not another one")
    func nameless() async throws {
        try await with(LittleRedfish.Quirks()) { driver, _, server in
            let label = try #require(await driver.powerState(bay: 2).label)
            server.setQuirks { $0.hidesUUIDs = true }
            #expect(await driver.powerState(bay: 2).label == nil)
            server.setQuirks { $0.hidesUUIDs = false }
            #expect(await driver.powerState(bay: 2).label == label)
        }
    }

    @Test("An answer that says twice what power is decided by says nothing; a nested one is another's")
    func twice() {
        #expect(RedfishNode(json: Array(#"{"PowerState":"Off","PowerState":"On"}"#.utf8)) == nil)
        #expect(RedfishNode(json: Array(#"{"PowerState":"Off","a":[1,2],"Status":{"State":"x"},"PowerState" : "Off"}"#.utf8)) == nil)
        #expect(RedfishNode(json: Array(#"{"PowerState":"Off","Oem":{"PowerState":"On"},"Name":"PowerState","x":["PowerState"]}"#.utf8)) != nil)
    }

    @Test("Pins are fingerprints, and nothing else is")
    func pins() throws {
        let hex = String(repeating: "ab", count: 32)
        let colons = (0..<32).map { _ in "AB" }.joined(separator: ":")
        #expect(try CertificatePin("sha256:\(hex)") == CertificatePin("sha256:\(colons)"))
        for wrong in ["sha256:", "sha256:ab", "md5:\(hex)", hex] { #expect(throws: ChassisError.self) { try CertificatePin(wrong) } }
    }
}
