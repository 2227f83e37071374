import PodpModel
import Testing

@testable import PodpChassis
@testable import PodpPower

@Suite struct AMMTests {
    private func with(_ change: @Sendable (inout LittleAMM.Quirks) -> Void, community: String = "private", _ body: (AMMDriver, LittleAMM) async throws -> Void)
        async throws
    {
        let clock = ChassisClock.passing()
        let server = try await LittleAMM.start(WorldBox(clock: clock))
        server.setQuirks(change)
        let driver = try AMMDriver(try ChassisURL("amm+snmpv1://\(community)@127.0.0.1:\(server.port)?timeout=10000"), secrets: ChassisSecrets(), clock: clock)
        try await Seats.with { try await body(driver, server) }
        await driver.close()
        await server.stop()
    }

    @Test(
        "A column that old firmware lacks is null, and takes nothing else with it", arguments: ["22.1.5.1.1.52", "2.21.4.1.1.8", "22.1.5.3.1.12", "22.4.34"],
        [false, true])
    func missingColumn(column: String, failsNext: Bool) async throws {
        try await with({
            $0.lacks = [column]
            $0.failsNext = failsNext
        }) { driver, server in
            let inventory = try await driver.inventory()
            let readings = try await driver.readings()
            #expect(inventory.bay(3)?.serial == "KQ86033" && readings.bay(3)?.power.state == .on && readings.bay(14)?.power.state == .off)
            #expect(readings.primaryModule == 1)
            // What was missing is not asked for again.
            let before = server.requestCount
            _ = try await driver.readings()
            #expect(server.requestCount - before <= 40)
        }
    }

    @Test("Each bay can be looked at alone, and says what the poll of all says")
    func everyBay() async throws {
        try await with({ _ in }) { driver, _ in
            let readings = try await driver.readings()
            for bay in 1...14 {
                let alone = await driver.powerState(bay: bay)
                #expect(alone.state == readings.bay(bay)?.power.state && alone.doubt == readings.bay(bay)?.power.doubt, "bay \(bay)")
            }
            for bay in [-1, 0, 15, 255, Int.max] { #expect(await driver.powerState(bay: bay).state == .unknown) }
        }
    }

    @Test("A first poll of fourteen bays with all labels takes at most forty requests")
    func packets() async throws {
        try await with({ _ in }) { driver, server in
            _ = try await driver.inventory()
            _ = try await driver.readings()
            #expect(server.requestCount <= 40, "\(server.requestCount)")
            let before = server.requestCount
            _ = try await driver.readings()
            #expect(server.requestCount - before <= 40, "\(server.requestCount - before)")
        }
    }

    @Test("A module that takes only small answers is asked in smaller pieces")
    func small() async throws {
        try await with({ $0.largest = 484 }) { driver, _ in
            let inventory = try await driver.inventory(), readings = try await driver.readings()
            #expect(inventory.bay(13)?.serial == "KQ86133" && readings.bay(13)?.power.state == .off)
        }
    }

    @Test("Without a word on which module leads, off is not believed")
    func primary() async throws {
        try await with({
            $0.lacks = ["22.4.34", "22.5.1.1.4"]
        }) { driver, _ in
            let reading = await driver.powerState(bay: 14)
            #expect(reading.reported == .off && reading.state == .unknown && reading.doubt == .notPrimary)
            #expect(await driver.powerState(bay: 3).state == .on)
        }
    }

    @Test("A module that is asked at an address of its own, and does not lead, is not believed; the check says so", arguments: [1, 2])
    func standby(leads: Int) async throws {
        try await with({
            // Module 2 answers here, at 127.0.0.1.
            $0.shows = ["22.5.1.1.3.1": .address([192, 0, 2, 1]), "22.5.1.1.3.2": .address([127, 0, 0, 1])]
        }) { driver, server in
            server.world.with { $0.primaryModule = leads }
            let reading = await driver.powerState(bay: 14)
            #expect(reading.reported == .off && reading.state == (leads == 2 ? .off : .unknown))
            let readings = try await driver.readings()
            #expect(readings.bay(14)?.power.doubt == (leads == 2 ? nil : .notPrimary))
            #expect(readings.gaps.contains { $0.contains("module 2 answers here") } == (leads == 1))
            let finding = try await driver.findings(tryWrite: false).first { $0.code == "standby-module" }
            #expect((finding?.severity == .critical) == (leads == 1))
            if leads == 1 { #expect(finding?.remedy.contains("192.0.2.1") == true) }
            var rules = PowerConfirmation.Rules()
            rules.deadline = .seconds(8)
            let outcome = await ChassisRunner(driver: driver, clock: server.world.clock).bring(bay: 14, .hardOff, rules: rules)
            #expect(outcome.isConfirmed == (leads == 2))
            // It fails over while somebody looks: whoever answers is the other one now.
            server.world.with { $0.primaryModule = 3 - leads }
            #expect(await driver.powerState(bay: 14).state == (leads == 2 ? .unknown : .off))
        }
    }

    @Test("While the module has not read a blade's label, nobody knows which blade is off", arguments: [true, false])
    func unread(fromTheStart: Bool) async throws {
        try await with({ if fromTheStart { $0.shows = ["22.1.5.1.1.52.14": .integer(0)] } }) { driver, server in
            let inventory = try await driver.inventory()
            #expect(inventory.bay(14)?.isInventoryReady == !fromTheStart)
            server.setQuirks { $0.shows = ["22.1.5.1.1.52.14": .integer(0)] }
            let reading = await driver.powerState(bay: 14)
            #expect(reading.reported == .off && reading.state == .unknown && reading.label == nil)
            var rules = PowerConfirmation.Rules()
            rules.deadline = .seconds(8)
            rules.label = inventory.bay(14)?.label
            #expect(await ChassisRunner(driver: driver, clock: server.world.clock).bring(bay: 14, .hardOff, rules: rules).isConfirmed == false)
            #expect(server.setCount == 0)
            server.setQuirks { $0.shows = [:] }
            #expect(await driver.powerState(bay: 14).state == .off)
        }
    }

    @Test("Two modules that do not tell their addresses are a finding: nobody can say whether the one that leads answers")
    func addresses() async throws {
        for isTold in [false, true] {
            try await with({
                $0.shows = ["22.5.1.1.2.1": .integer(1), "22.5.1.1.2.2": .integer(1)]
                for module in 1...2 where isTold { $0.shows["22.5.1.1.3.\(module)"] = .address([127, 0, 0, 1]) }
            }) { driver, _ in
                let findings = try await driver.findings(tryWrite: false)
                #expect(findings.contains { $0.code == "module-addresses" } != isTold)
            }
        }
    }

    @Test("Rows that were missing for a moment, as while a module restarts, are asked for at the next look")
    func missingForAMoment() async throws {
        try await with({ $0.lacks = ["22.5.1.1.4"] }) { driver, server in
            #expect(await driver.powerState(bay: 14).state == .off)
            _ = try await driver.readings()
            server.setQuirks {
                $0.lacks = []
                $0.shows = ["22.5.1.1.4.1": .integer(0), "22.5.1.1.4.2": .integer(1)]
            }
            #expect(await driver.powerState(bay: 14).doubt == .notPrimary)
            let readings = try await driver.readings()
            #expect(readings.bay(14)?.power.doubt == .notPrimary)
        }
    }

    @Test("Of a blade that came into an empty bay, nothing is believed before the module has read its label")
    func unreadNewcomer() async throws {
        try await with({ _ in }) { driver, server in
            let blade = server.world.with { world in world.blades.removeValue(forKey: 13) }
            let before = try await driver.inventory()
            #expect(before.bay(13)?.isPresent == false)
            server.world.with {
                $0.blades[13] = blade
                $0.blades[13]?.power = .off
            }
            server.setQuirks { $0.shows = ["22.1.5.1.1.52.13": .integer(0)] }
            let reading = await driver.powerState(bay: 13)
            #expect(reading.reported == .off && reading.state == .unknown && reading.label == nil)
            server.setQuirks { $0.shows = [:] }
            #expect(await driver.powerState(bay: 13).state == .off)
        }
    }

    @Test(
        "Where two places contradict each other about which module leads, off is not believed, and the check says so",
        arguments: [[0, 1], [1, 1]] as [[Int64]])
    func contradicted(table: [Int64]) async throws {
        try await with({ $0.shows = ["22.5.1.1.4.1": .integer(table[0]), "22.5.1.1.4.2": .integer(table[1])] }) { driver, _ in
            #expect(await driver.powerState(bay: 14).doubt == .notPrimary)
            let readings = try await driver.readings()
            #expect(readings.bay(14)?.power.doubt == .notPrimary && readings.primaryModule == nil)
            #expect(readings.gaps.contains { $0.contains("told twice") })
            let inventory = try await driver.inventory(), findings = try await driver.findings(tryWrite: false)
            #expect(inventory.primaryModule == nil)
            #expect(findings.contains { $0.code == "primary-contradicted" && $0.severity == .critical })
        }
    }

    @Test("A blade that has its second interface's address and no other label is known by that")
    func secondAddress() async throws {
        try await with({
            $0.shows = [
                "2.21.4.1.1.8.14": .bytes(Array("Not available".utf8)), "2.21.4.1.1.6.14": .bytes(Array("Not available".utf8)),
                "2.21.4.2.1.2.14": .bytes(Array("Not Installed".utf8)), "2.21.4.2.1.3.14": .bytes(Array("00:1A:64:76:00:15".utf8)),
            ]
        }) { driver, _ in
            let label = try #require(try await driver.inventory().bay(14)?.label)
            #expect(await driver.powerState(bay: 14).label == label)
        }
    }

    @Test(
        "One address for both modules, or one that is neither's, tells nothing against whoever answers",
        arguments: [[127, 0, 0, 1], [192, 0, 2, 7]] as [[UInt8]])
    func sharedAddress(address: [UInt8]) async throws {
        try await with({ $0.shows = ["22.5.1.1.3.1": .address(address), "22.5.1.1.3.2": .address(address)] }) { driver, _ in
            #expect(await driver.powerState(bay: 14).state == .off)
            let findings = try await driver.findings(tryWrite: false)
            #expect(!findings.contains { $0.code == "standby-module" })
        }
    }

    @Test("A power state without the blade's health is not off")
    func healthMissing() async throws {
        try await with({ $0.lacks = ["22.1.5.1.1.5"] }) { driver, _ in
            #expect(await driver.powerState(bay: 14).state == .unknown)
            #expect(await driver.powerState(bay: 3).state == .on)
        }
    }

    @Test("A wrong community is silence, with a remedy that says so")
    func community() async throws {
        try await with({ _ in }, community: "wrong") { driver, _ in
            await #expect(throws: ChassisError.self) { try await driver.inventory() }
            #expect(await driver.powerState(bay: 3).why.contains("no answer"))
        }
    }

    @Test("A community that may read only is found out where a write is allowed, without switching anything, and a full chassis is not misjudged")
    func readOnly() async throws {
        let settings: @Sendable (inout LittleAMM.Quirks) -> Void = {
            $0.shows = ["22.1.4.2.7.0": .integer(3), "22.1.4.2.1.0": .integer(1), "22.1.4.1.1.7.1": .integer(1), "22.1.4.1.1.7.2": .integer(1)]
        }
        try await with(settings, community: "public") { driver, server in
            let findings = try await driver.findings(tryWrite: true)
            #expect(findings.contains { $0.code == "read-only" && $0.severity == .critical })
            #expect(server.world.with { $0.requestCount } == 0)
        }
        try await with(settings) { driver, server in
            server.world.with { $0.blades[6] = $0.blades[5] }
            let findings = try await driver.findings(tryWrite: true)
            #expect(!findings.contains { $0.code == "read-only" })
            #expect(server.world.with { $0.requestCount } == 0)
        }
        // Firmware that lets nobody write its settings says nothing about who may switch.
        try await with({ $0.shows = ["22.1.4.2.7.0": .integer(3)] }, community: "public") { driver, _ in
            let findings = try await driver.findings(tryWrite: true)
            #expect(findings.contains { $0.code == "write-unclear" } && !findings.contains { $0.severity == .critical })
        }
    }

    @Test("A check writes nothing unless it is told to")
    func checkWritesNothing() async throws {
        try await with({ $0.shows = ["22.1.4.2.7.0": .integer(3), "22.1.4.2.1.0": .integer(1)] }) { driver, server in
            let findings = try await driver.findings(tryWrite: false)
            #expect(server.setCount == 0)
            #expect(findings.contains { $0.code == "write-not-tried" && $0.severity == .warning })
        }
    }

    @Test("Policies that defeat fencing are found, with remedies")
    func policies() async throws {
        try await with({
            $0.shows = [
                "22.1.4.2.7.0": .integer(2), "22.1.4.2.1.0": .integer(0), "22.1.5.1.1.7.3": .integer(0), "4.4.1.0": .bytes(Array("08/02/2006,09:51:53".utf8)),
            ]
            $0.shows["22.5.1.1.2.2"] = .integer(0)
        }) { driver, _ in
            let findings = try await driver.findings(tryWrite: true)
            for code in ["auto-power-on", "power-control-policy", "remote-power-off", "one-management-module", "clock"] {
                #expect(findings.contains { $0.code == code && !$0.remedy.isEmpty }, "\(code)")
            }
        }
    }

    @Test("A bay under a wide blade names it; where the module says that a blade is there, there is one")
    func wide() async throws {
        try await with({ _ in }) { driver, server in
            server.world.with {
                $0.blades[5]?.width = 2
                $0.blades[9]?.width = 2
            }
            let inventory = try await driver.inventory()
            #expect(inventory.bay(6)?.coveredBy == 5 && inventory.bay(6)?.isPresent == false)
            #expect(inventory.bay(10)?.coveredBy == nil && inventory.bay(10)?.isPresent == true)
            #expect(await driver.powerState(bay: 6).doubt == .covered(by: 5))
        }
    }

    @Test("Of the event log only what is new comes with a poll, oldest first")
    func log() async throws {
        try await with({ _ in }) { driver, server in
            let first = try await driver.readings().log, second = try await driver.readings().log
            #expect(first.map(\.text) == ["line 1", "line 2", "line 3"] && second.isEmpty)
            server.setQuirks { quirks in
                func line(_ number: Int) -> BER.Value { .bytes(Array("Severity:WARN  Source:BLADE_03  Text:line \(number)".utf8)) }
                let old = (1...3).map { "Severity:INFO  Source:SERVPROC  Name:amm  Date:11/22/26  Time:09:49:2\(4 - $0)  Text:line \(4 - $0)" }
                quirks.shows = ["3.4.2.1.2.1": line(5), "3.4.2.1.2.2": line(4)]
                for (index, text) in old.enumerated() { quirks.shows["3.4.2.1.2.\(index + 3)"] = .bytes(Array(text.utf8)) }
            }
            let log = try await driver.readings().log
            #expect(log.map(\.text) == ["line 4", "line 5"] && log.first?.source == "BLADE_03")
        }
    }

    @Test("The log is told once: also after a poll in which its column is not answered, and by a new driver that knows what was told")
    func logOnce() async throws {
        try await with({ _ in }) { driver, server in
            let first = try await driver.readings().log
            server.setQuirks { $0.lacks = ["3.4.2.1.2"] }
            #expect(try await driver.readings().log.isEmpty)
            server.setQuirks { $0.lacks = [] }
            #expect(try await driver.readings().log.isEmpty)
            let url = try ChassisURL("amm+snmpv1://private@127.0.0.1:\(server.port)?timeout=10000")
            let again = try AMMDriver(url, secrets: ChassisSecrets(), clock: server.world.clock)
            await again.resume(log: first.reversed())
            #expect(try await again.readings().log.isEmpty)
            await again.close()
            let behind = try AMMDriver(url, secrets: ChassisSecrets(), clock: server.world.clock)
            await behind.resume(log: [first[0]])
            #expect(try await behind.readings().log.map(\.text) == ["line 2", "line 3"])
            await behind.close()
        }
    }

    @Test("Watts of a wide blade are those of all its bays; where one row does not say, there are none; in part they are no witness of off")
    func wideWatts() async throws {
        try await with({ $0.shows = ["2.10.2.1.1.7.22": .bytes(Array("30W".utf8)), "2.10.2.1.1.8.22": .bytes(Array("60W".utf8))] }) { driver, server in
            server.world.with {
                $0.blades[5]?.width = 2
                $0.blades[5]?.watts = 40
            }
            #expect(try await driver.inventory().bay(5)?.maximumWatts == 140)
            let bay = try await driver.readings().bay(5)
            #expect(bay?.watts == 70 && bay?.isMeasured == true)
            // Each half is below what a blade in standby draws.
            #expect(await driver.powerState(bay: 5, source: .watts)?.state == .on)
            server.setQuirks { $0.shows = ["2.10.2.1.1.7.22": .bytes(Array("notApplicable".utf8))] }
            #expect(try await driver.readings().bay(5)?.watts == nil)
            #expect(await driver.powerState(bay: 5, source: .watts) == nil)
            // Another blade, not as wide, before labels were read again.
            server.world.with { $0.blades[5]?.width = 1 }
            #expect(await driver.powerState(bay: 5, source: .watts)?.state == .unknown)
        }
    }

    @Test("Temperatures of both layouts are read; an unreadable sensor has none, never 0")
    func temperatures() async throws {
        try await with({
            $0.shows = ["22.1.5.3.1.6.2": .bytes(Array("44.00 Centigrade".utf8)), "22.1.5.3.1.12.2": .bytes(Array("Not Readable".utf8))]
        }) { driver, _ in
            let readings = try await driver.readings()
            #expect(readings.bay(2)?.temperatures.first { $0.sensor == "CPU1" }?.celsius == 44)
            #expect(readings.bay(3)?.temperatures == [Temperature(sensor: "CPU1", celsius: 45)])
            #expect(readings.bay(14)?.temperatures.allSatisfy { $0.celsius == nil } == true)
        }
    }

    @Test("What the module writes for people is read, or nothing is")
    func texts() {
        func value(_ text: String) -> SNMPValue { .bytes(Array(text.utf8)) }
        #expect(AMMText.watts(value("980W")) == 980 && AMMText.watts(value("Bay 1: 2940W")) == 2940 && AMMText.watts(value("0W")) == 0)
        #expect(AMMText.watts(value("notApplicable")) == nil && AMMText.watts(value("-5W")) == nil && AMMText.watts(value("W")) == nil)
        #expect(AMMText.watts(value("1,024W")) == nil, "not 24")
        #expect(AMMText.percent(value("    46% of maximum")) == 46 && AMMText.percent(value("Offline")) == nil)
        #expect(AMMText.temperature(value("CPU1 TEMP = +45.00 Centigrade"))?.sensor == "CPU1")
        #expect(AMMText.temperature(value("113.00 Fahrenheit"))?.celsius == 45)
        for nothing in ["Not Readable", "Not Readable!", "(No temperature)", "NO_TEMPERATURE", "", "nan Centigrade", "1e9 Centigrade"] {
            #expect(AMMText.temperature(value(nothing)) == nil, "\(nothing)")
        }
        #expect(AMMText.uuid(value("8CB6 F79B 0AB4 4A12 9AE5 45EF FB7F 4020 ")) == ID128("8cb6f79b-0ab4-4a12-9ae5-45effb7f4020"))
        #expect(AMMText.uuid(value("0000 0000 0000 0000 0000 0000 0000 0000")) == nil && AMMText.uuid(value("Not available")) == nil)
        #expect(AMMText.mac(value("00:11:25:75:00:C2")) == "00:11:25:75:00:c2" && AMMText.mac(value("Not Installed")) == nil)
        #expect(AMMText.bladeBay(value("serverBladeBay14(23)")) == 14 && AMMText.bladeBay(value("blowerBay1(3)")) == nil)
        #expect(AMMText.label(.bytes([66, 32, 0, 67])) == "B" && AMMText.label(.bytes([0])) == nil)
        #expect(AMMClock("08/02/2006,09:51:53", zone: "-6:00,no")?.seconds == 1_154_533_913)
    }

    @Test("Numbers that no chassis has do not trap", arguments: [Int64.max, Int64.min, -1, 1 << 32])
    func extremes(number: Int64) async throws {
        try await with({
            for column in ["22.1.5.1.1.3", "22.1.5.1.1.4", "22.1.5.1.1.5", "22.1.5.1.1.15", "22.1.5.1.1.52"] {
                for bay in 1...14 { $0.shows["\(column).\(bay)"] = .integer(number) }
            }
            for name in ["22.4.19.0", "22.4.34.0", "2.7.1.0", "22.1.4.2.7.0", "2.10.2.1.1.13.17"] { $0.shows[name] = .integer(number) }
            for name in ["2.10.2.1.1.2.17", "2.10.2.1.1.2.18"] { $0.shows[name] = .bytes(Array("serverBladeBay\(number.magnitude)(17)".utf8)) }
            for name in ["2.10.2.1.1.7.18", "2.10.1.1.1.9.1", "2.3.1.0"] { $0.shows[name] = .bytes(Array("\(number)W%".utf8)) }
        }) { driver, _ in
            let readings = try await driver.readings()
            #expect(readings.bays.allSatisfy { $0.power.state == .unknown })
            for bay in 1...14 { #expect(await driver.powerState(bay: bay).state == .unknown) }
            _ = try await driver.findings(tryWrite: true)
        }
    }

    @Test("Names of SNMP's tree know the name before them")
    func names() {
        #expect(ObjectID("1.3.6.5").predecessor == ObjectID("1.3.6.4") && ObjectID("1.3.6.0").predecessor == ObjectID("1.3.6"))
    }
}
