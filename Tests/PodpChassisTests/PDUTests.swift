import PodpModel
import PodpPower
import Testing

@testable import PodpChassis

@Suite struct PDUTests {
    @Test("Families read and write off by their own numbers, and no two that disagree share an identity")
    func profiles() {
        #expect(Set(PDUProfile.all.map(\.name)).count == PDUProfile.all.count)
        #expect(PDUProfile.all.allSatisfy { $0.readsOn != $0.readsOff && $0.writesOn != $0.writesOff })
        let identities = PDUProfile.all.compactMap(\.sysObjectID)
        #expect(Set(identities).count == identities.count)
        #expect(PDUProfile.all.first { $0.name == "apc-rpdu2" }?.readsOff == 1)
    }

    @Test(
        "Every feed is named, and correctly",
        arguments: [
            "pdu+snmpv1://c@h", "pdu+snmpv1://c@h?outlets=", "pdu+snmpv1://c@h?outlets=0", "pdu+snmpv1://c@h?outlets=1&also=x",
            "pdu+snmpv1://c@h?outlets=1&profile=x",
        ])
    func configuration(url: String) {
        #expect(throws: ChassisError.self) { try PDUDriver(try ChassisURL(url), secrets: ChassisSecrets()) }
    }

    @Test("An outlet that is said to feed two bays is refused when the URL is read, with both bays and the outlet")
    func shared() throws {
        func outlets(_ query: String) throws { _ = try PDUDriver(try ChassisURL("pdu+snmpv1://x@h?\(query)"), secrets: ChassisSecrets()) }
        for query in ["bay1=3,4&bay2=5,4", "bay1=4&bay2=5&also2=h:161/4", "bay1=1&also1=b:161/4&bay2=2&also2=b:161/4"] {
            let error = #expect(throws: ChassisError.self) { try outlets(query) }
            #expect(error?.message.contains("outlet 4") == true && error?.message.contains("bay 1 and bay 2") == true)
        }
        try outlets("bay1=3,4&bay2=5,6&also1=b:161/3&also2=b:161/5")
    }

    @Test("A community that may read only is found out where a write is allowed; nothing is switched", arguments: [true, false])
    func readOnly(isReadOnly: Bool) async throws {
        try await Seats.with {
            let clock = ChassisClock.passing()
            let feeds = WorldBox(clock: clock)
            feeds.with { $0.faults.isReadOnly = isReadOnly }
            let pdu = try await LittlePDU.start(feeds)
            let driver = try PDUDriver(
                ChassisURL("pdu+snmpv1://private@127.0.0.1:\(pdu.port)?timeout=20000&bay3=3&bay4=4"), secrets: ChassisSecrets(), clock: clock)
            let before = feeds.with { $0.blades[3]?.power }
            #expect(try await driver.findings(tryWrite: false).contains { $0.code == "write-not-tried" })
            #expect(pdu.setCount == 0)
            let findings = try await driver.findings(tryWrite: true)
            #expect(findings.contains { $0.code == "read-only" && $0.severity == .critical } == isReadOnly)
            #expect(pdu.setCount == 1 && feeds.with { $0.blades[3]?.power } == before)
            await driver.close()
            await pdu.stop()
        }
    }

    @Test("A PDU that has two names is one PDU, in one chassis and across two")
    func twoNames() throws {
        func outlets(_ text: String) throws -> PDUOutlets { try PDUOutlets(try ChassisURL("pdu+snmpv1://x@\(text)")) }
        let error = #expect(throws: ChassisError.self) { try outlets("127.0.0.1?bay1=4&bay2=5&also2=localhost:161/4") }
        #expect(error?.message.contains("bay 1 and bay 2") == true && error?.message.contains("localhost") == true)
        let one = try outlets("127.0.0.1?bay1=4&bay2=5")
        let same = try outlets("LOCALHOST?bay7=6,5")
        #expect(one.shared(with: same)?.contains("outlet 5") == true)
        // Another outlet, another port, another host.
        for query in ["127.0.0.1?bay7=6", "127.0.0.1:1161?bay7=4", "127.0.0.2?bay7=4"] {
            let other = try outlets(query)
            #expect(one.shared(with: other) == nil, "\(query)")
        }
    }
}
