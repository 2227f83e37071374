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
