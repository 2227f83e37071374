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
}
