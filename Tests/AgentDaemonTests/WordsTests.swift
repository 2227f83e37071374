import Foundation
import PodpModel
import Testing

@testable import podp_agent

@Suite struct WordsTests {
    @Test(
        "SHA-256 is FIPS 180-4's",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            ("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
            (String(repeating: "a", count: 1000), "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"),
        ]) func sha256(text: String, digest: String)
    {
        #expect(Encoding.hexadecimal(SHA256.hash(Array(text.utf8))) == digest)
    }

    @Test("base 64 agrees with Foundation's at every length") func base64() {
        for length in 0..<70 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 73 &+ 5) }
            let text = Data(bytes).base64EncodedString()
            #expect(Encoding.base64(bytes) == text)
            let url = text.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
            #expect(Encoding.decodeBase64URL(url) == bytes)
        }
        #expect(Encoding.decodeBase64URL("a") == nil)
        #expect(Encoding.decodeBase64URL("ab+/") == nil)
        #expect(Encoding.decodeBase64URL("ab") == nil)
    }

    private func token(_ change: (inout [UInt8]) -> Void = { _ in }) -> String {
        var bytes: [UInt8] = [1] + [UInt8](repeating: 7, count: 32) + [0, 0, 1, 0x90, 0, 0, 0, 0] + [4, 1, 2, 3, 4] + [1, 0, 11] + Array("[::1]:16510".utf8)
        change(&bytes)
        let text = Data(bytes).base64EncodedString()
        return "podp1." + text.replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
    }

    @Test("a token is read") func tokens() throws {
        let read = try EnrolmentToken(" \(token())\n")
        #expect(read.addresses == ["[::1]:16510"])
        #expect(read.secret == [1, 2, 3, 4])
        #expect(read.authorityHash == [UInt8](repeating: 7, count: 32))
        #expect(read.expires == WallTime(milliseconds: 0x190_0000_0000))
    }

    @Test("a token that is cut, lengthened or changed is an error or another token, never a trap") func brokenTokens() {
        let whole = token()
        for length in 0..<whole.count { #expect(throws: AgentFailure.self) { try EnrolmentToken(String(whole.prefix(length))) } }
        #expect(throws: AgentFailure.self) { try EnrolmentToken(token { $0.append(0) }) }
        #expect(throws: AgentFailure.self) { try EnrolmentToken(token { $0[0] = 2 }) }
        #expect(throws: AgentFailure.self) { try EnrolmentToken(token { $0[$0.count - 1] = 0xFF }) }
        #expect(throws: AgentFailure.self) { try EnrolmentToken(String(repeating: "podp1.", count: 9000)) }
    }

    @Test("flags win over the environment, and what is wrong is said") func options() throws {
        let environment = ["PODP_STATE_DIR": "/a", "PODP_HYPERVISOR": "simulated:/w", "PODP_COORDINATORS": "h:1, [::2]:3"]
        let (options, rest) = try Options.read(arguments: ["run", "--state-dir", "/b", "--libvirt-pki"]) { environment[$0] }
        #expect(rest == ["run"])
        #expect(options.stateFolder == "/b")
        #expect(options.hypervisor == .simulated(folder: "/w"))
        #expect(options.coordinators == ["h:1", "[::2]:3"])
        #expect(options.installsLibvirtPKI)
        for wrong in [["--hypervisor", "vmware"], ["--nonsense"], ["--state-dir"], ["--sampling-ms=3"], ["--coordinators=host"], ["--log-level=loud"]] {
            #expect(throws: AgentFailure.self) { try Options.read(arguments: wrong) { _ in nil } }
        }
    }

    @Test("every key is explained in the example environment file") func exampleFile() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("deploy/etc/agent.env"), encoding: .utf8)
        for key in Options.keys where !key.variable.hasPrefix("PODP_SIMULATED") { #expect(text.contains("#\(key.variable)="), "\(key.variable)") }
    }

    @Test(
        "addresses",
        arguments: [("a:1", true), ("[::1]:80", true), ("::1:80", false), ("a", false), ("a:0", false), ("a:99999", false), (":1", false), ("a b:1", false)])
    func addresses(text: String, isGood: Bool) {
        #expect((Address(text) != nil) == isGood)
    }

    @Test("systemd hears ready and status on its socket") func notifies() throws {
        let path = "/tmp/podp-notify-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer {
            close(descriptor)
            unlink(path)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { room in for (index, byte) in path.utf8.enumerated() { room[index] = byte } }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        try #require(bound == 0)
        let systemd = Systemd { ["NOTIFY_SOCKET": path, "WATCHDOG_USEC": "2000000"][$0] }
        #expect(systemd.watchdog == .seconds(2))
        systemd.notify("READY=1")
        var buffer = [UInt8](repeating: 0, count: 100)
        let count = recv(descriptor, &buffer, 100, 0)
        #expect(String(decoding: buffer[..<max(0, count)], as: UTF8.self) == "READY=1")
    }
}
