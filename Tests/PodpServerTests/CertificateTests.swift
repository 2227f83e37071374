import Foundation
import PodpCore
import PodpModel
import Testing

@testable import PodpServer

@Suite struct CertificateTests {
    @Test func `openssl accepts a blade's certificate, with the blade's names and nothing of the request`() throws {
        let folder = try Folder()
        let authority = try CertificateAuthority.create(in: folder.file("ca"), now: noon)
        let blade = identity(7)
        let made = try KeyAndRequest(in: folder)
        guard
            case .certificate(let chain, let authorities, let serial, let notAfter) = authority.sign(
                request: made.request, blade: blade, addresses: ["192.0.2.7", "fd00::7", "192.0.2.7", "no name"], now: noon)
        else { return #expect(Bool(false), "refused") }
        #expect(authorities == authority.certificatePEM)
        #expect(notAfter == later(.seconds(90 * 86400)))
        try chain.write(toFile: folder.file("blade.crt"), atomically: true, encoding: .utf8)
        let verdict = try openssl(
            "verify", "-x509_strict", "-purpose", "sslclient", "-attime", "\(noon.milliseconds / 1000)", "-CAfile", folder.file("ca/ca.crt"),
            folder.file("blade.crt"))
        #expect(verdict.contains("OK"))
        try openssl(
            "verify", "-x509_strict", "-purpose", "sslserver", "-attime", "\(noon.milliseconds / 1000)", "-CAfile", folder.file("ca/ca.crt"),
            folder.file("blade.crt"))
        let text = try openssl("x509", "-in", folder.file("blade.crt"), "-noout", "-text", "-nameopt", "RFC2253")
        #expect(text.contains("CN=\(blade.id),O=podp blade"))
        #expect(text.contains("URI:podp://blade/\(blade.id), DNS:blade-7, IP Address:192.0.2.7, IP Address:FD00:0:0:0:0:0:0:7\n"))
        #expect(text.contains("CA:FALSE") && !text.contains("evil") && !text.contains("podp://coordinator"))
        #expect(try openssl("x509", "-in", folder.file("blade.crt"), "-noout", "-serial").lowercased() == "serial=\(serial)\n")
        #expect(
            try openssl("x509", "-in", folder.file("ca/ca.crt"), "-noout", "-fingerprint", "-sha256").replacingOccurrences(of: ":", with: "").lowercased()
                .contains(Hexadecimal.encode(authority.hash)))
    }

    @Test func `files of the authority are private, and a second one is not made over the first`() throws {
        let folder = try Folder()
        let first = try CertificateAuthority.create(in: folder.file("ca"), now: noon)
        let error = #expect(throws: ServerError.self) { try CertificateAuthority.create(in: folder.file("ca"), now: noon) }
        #expect(error?.code == .file)
        #expect(try CertificateAuthority(directory: folder.file("ca")).hash == first.hash)
        let mode = try FileManager.default.attributesOfItem(atPath: folder.file("ca/ca.key"))[.posixPermissions] as? Int
        #expect(mode == 0o600)
        chmod(folder.file("ca/ca.key"), 0o644)
        #expect(#expect(throws: ServerError.self) { try CertificateAuthority(directory: folder.file("ca")) }?.remedy.contains("chmod 600") == true)
    }

    @Test(arguments: [
        (["rsa:1024"], "2048"), (["ec", "-pkeyopt", "ec_paramgen_curve:P-384"], "neither"), (["ed25519"], "neither"),
    ])
    func `keys that are too weak or of another kind are refused by name`(algorithm: [String], word: String) throws {
        let folder = try Folder()
        let authority = try CertificateAuthority.create(in: folder.file("ca"), now: noon)
        let made = try KeyAndRequest(in: folder, algorithm: algorithm)
        guard case .refused(let reason) = authority.sign(request: made.request, blade: identity(1), addresses: [], now: noon) else {
            return #expect(Bool(false), "signed \(algorithm)")
        }
        #expect(reason.contains(word), "\(reason)")
    }

    @Test func `RSA keys of 2048 bits are signed`() throws {
        let folder = try Folder()
        let authority = try CertificateAuthority.create(in: folder.file("ca"), now: noon)
        let made = try KeyAndRequest(in: folder, algorithm: ["rsa:2048"])
        guard case .certificate = authority.sign(request: made.request, blade: identity(1), addresses: [], now: noon) else { return #expect(Bool(false)) }
    }

    @Test func `a request whose bytes were touched is never signed`() throws {
        let folder = try Folder()
        let authority = try CertificateAuthority.create(in: folder.file("ca"), now: noon)
        let made = try KeyAndRequest(in: folder)
        let lines = made.request.split(separator: "\n").map(String.init)
        let der = Array(try #require(Data(base64Encoded: lines.filter { !$0.hasPrefix("-") }.joined())))
        for index in stride(from: 0, to: der.count, by: 5) {
            var touched = der
            touched[index] ^= 0x55
            let pem =
                "-----BEGIN CERTIFICATE REQUEST-----\n\(Data(touched).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed]))\n-----END CERTIFICATE REQUEST-----\n"
            guard case .refused = authority.sign(request: pem, blade: identity(1), addresses: [], now: noon) else {
                return #expect(Bool(false), "signed with byte \(index) touched")
            }
        }
        for text in ["", "-----BEGIN CERTIFICATE REQUEST-----", String(repeating: "A", count: 100_000), authority.certificatePEM] {
            guard case .refused = authority.sign(request: text, blade: identity(1), addresses: [], now: noon) else { return #expect(Bool(false)) }
        }
    }

    @Test func `the coordinator's certificate is kept while it serves, and made anew for other names, near its end, or of another authority`() throws {
        let folder = try Folder()
        let authority = try CertificateAuthority.create(in: folder.file("ca"), now: noon)
        func serve(_ hosts: [String], _ at: WallTime) throws -> ServerCertificate {
            try authority.serverCertificate(in: folder.file("ca"), hosts: hosts, now: at)
        }
        let first = try serve(["podp.example", "127.0.0.1"], noon)
        #expect(try serve(["127.0.0.1"], later(.seconds(200 * 86400))) == first)
        let renewed = try serve(["127.0.0.1"], later(.seconds(250 * 86400)))
        #expect(renewed.notAfter > first.notAfter)
        let named = try serve(["other.example"], later(.seconds(250 * 86400)))
        #expect(named != renewed)
        let text = try openssl("x509", "-in", folder.file("ca/server.crt"), "-noout", "-text")
        #expect(text.contains("URI:podp://coordinator, DNS:other.example"))
        try Data("broken".utf8).write(to: URL(fileURLWithPath: folder.file("ca/server.crt")))
        #expect(try serve(["other.example"], later(.seconds(250 * 86400))).chain.contains("BEGIN CERTIFICATE"))
    }
}

@Suite struct TokenTests {
    @Test(arguments: 0..<50 as Range<UInt64>)
    func `a token that was written is read again, and one that was touched is not, or says something else`(seed: UInt64) throws {
        var random = Seeded(state: seed)
        let addresses =
            (0..<Int.random(in: 1...4, using: &random)).map { "host-\($0).example:\(UInt16.random(in: 1...65535, using: &random))" } + ["[fd00::1]:4471"]
        let token = try EnrolmentTokenText(
            authorityHash: (0..<32).map { _ in UInt8.random(in: 0...255, using: &random) },
            expires: WallTime(milliseconds: Int64.random(in: 0 ... .max, using: &random)),
            secret: (0..<Int.random(in: 1...64, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }, addresses: addresses)
        let text = token.encoded()
        #expect(try EnrolmentTokenText(decoding: " \(text)\n") == token)
        #expect(EnrolmentTokenText.secretHash(ofText: token.secretText) == token.secretHash)
        var touched = Array(text.utf8)
        let place = Int.random(in: 0..<touched.count, using: &random)
        touched[place] = UInt8.random(in: 33...126, using: &random)
        let other = String(decoding: touched, as: UTF8.self)
        if other != text { #expect((try? EnrolmentTokenText(decoding: other)) != token) }
        #expect(throws: ServerError.self) { try EnrolmentTokenText(decoding: String(text.dropLast(Int.random(in: 1..<text.count, using: &random)))) }
    }

    @Test func `the format is the documented one, byte by byte`() throws {
        let token = try EnrolmentTokenText(
            authorityHash: Array(repeating: 0xAB, count: 32), expires: WallTime(milliseconds: 0x0102), secret: [1, 2, 3], addresses: ["a:1"])
        let bytes = try #require(Base64URL.decode(token.encoded().dropFirst(6)))
        #expect(bytes == [1] + Array(repeating: 0xAB, count: 32) + [0, 0, 0, 0, 0, 0, 1, 2] + [3, 1, 2, 3] + [1, 0, 3] + Array("a:1".utf8))
    }

    @Test(arguments: ["", "podp1.", "podp2.AAAA", "podp1.AA=", "podp1.Ag", "hello", "podp1." + String(repeating: "A", count: 70_000)])
    func `what is no token is refused with what to do`(text: String) {
        let error = #expect(throws: ServerError.self) { try EnrolmentTokenText(decoding: text) }
        #expect(error?.code == .token)
        #expect(error?.remedy.contains("podp blade token") == true)
    }

    @Test(arguments: ["", "host", "host:0", "host:70000", ":1", "fd00::1:4471", "a b:1", "[fd00::1:1"])
    func `addresses that cannot be dialled are refused`(address: String) {
        #expect(throws: ServerError.self) { try EnrolmentTokenText(authorityHash: Array(repeating: 0, count: 32), expires: noon, addresses: [address]) }
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
