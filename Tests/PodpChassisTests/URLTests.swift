import Glibc
import Testing

@testable import PodpChassis

@Suite struct URLTests {
    @Test("A chassis' URL says how it is spoken to")
    func parts() throws {
        let amm = try ChassisURL("amm+snmpv1://public@192.168.70.125")
        #expect(amm.scheme == .ammV1 && amm.user == "public" && amm.host == "192.168.70.125" && amm.port == 161)
        let v3 = try ChassisURL("amm+snmpv3://podp@[fe80::1]:1161?auth=md5&priv=des")
        #expect(v3.host == "fe80::1" && v3.port == 1161 && v3.parameters == ["auth": "md5", "priv": "des"] && v3.place == "[fe80::1]:1161")
        #expect(try ChassisURL("redfish://anna@bmc.example/").port == 443)
        #expect(try ChassisURL("simulated").scheme == .simulated)
        #expect(try ChassisURL("amm+snmpv1://a%40b@h").user == "a@b")
    }

    @Test(
        "What is wrong with one is said, and no secret is repeated",
        arguments: [
            "", "http://x", "amm+snmpv1://", "redfish://anna:geheim@h", "amm+snmpv3://u@h?pin=sha256:0", "redfish://h:0", "redfish://h:99999",
            "redfish://h/x/y",
            "amm+snmpv1://c@fe80::1", "redfish://@h", "redfish://a%zz@h",
        ])
    func wrong(text: String) {
        let error = #expect(throws: ChassisError.self) { try ChassisURL(text) }
        #expect(error?.code == .configuration && error?.message.contains("geheim") == false && error?.message.isEmpty == false)
    }

    @Test("A pipe is no file of secrets, and nobody waits for its writer", .timeLimit(.minutes(1)))
    func pipe() throws {
        var folder = Array("/tmp/podp-secrets-XXXXXX".utf8CString)
        try #require(mkdtemp(&folder) != nil)
        let path = String(decoding: folder.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { rmdir(path) }
        try #require(mkfifo("\(path)/fifo", 0o600) == 0)
        defer { unlink("\(path)/fifo") }
        let error = #expect(throws: ChassisError.self) { try ChassisSecrets(file: "\(path)/fifo") }
        #expect(error?.message.contains("is no file") == true)
    }

    @Test("SNMPv1's community is not shown")
    func community() throws { #expect(try !ChassisURL("amm+snmpv1://geheim@h").description.contains("geheim")) }

    @Test("SNMPv3 needs secrets of eight characters, one for each of its algorithms")
    func secrets() throws {
        let url = try ChassisURL("amm+snmpv3://u@h")
        #expect(throws: ChassisError.self) { try SNMPAccess(url, ChassisSecrets()) }
        #expect(throws: ChassisError.self) { try SNMPAccess(url, ChassisSecrets(auth: "short")) }
        guard case .v3(_, .sha, let auth, .aes, let priv) = try SNMPAccess(url, ChassisSecrets(auth: "authpass1", priv: "privpass1")).version else {
            Issue.record("not v3 with SHA and AES")
            return
        }
        #expect(auth == "authpass1" && priv == "privpass1")
    }
}
