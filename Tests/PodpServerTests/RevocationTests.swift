import Foundation
import PodpModel
import Testing

@testable import PodpServer

@Suite struct RevocationTests {
    @Test(arguments: [0, 1, 3, 700]) func `openssl takes the list for this authority's, with these serials`(count: Int) throws {
        let folder = try Folder()
        let authority = try CertificateAuthority.create(in: folder.file("ca"), now: noon)
        let serials = (0..<count).map { Hexadecimal.encode([0x40, UInt8($0 >> 8), UInt8($0 & 0xFF), 0xAB]) }
        let list = try authority.revocationList(of: serials, now: noon)
        #expect(list.utf8.count <= 32 << 10, "it does not fit a message")
        try list.write(toFile: folder.file("list"), atomically: true, encoding: .utf8)
        let text = try openssl("crl", "-in", folder.file("list"), "-noout", "-text", "-CAfile", folder.file("ca/ca.crt"))
        #expect(text.contains("verify OK"))
        #expect(text.contains("X509v3 CRL Number"))
        let told = text.split(separator: "\n").filter { $0.contains("Serial Number: ") }.map { $0.split(separator: " ").last.map { $0.lowercased() } ?? "" }
        #expect(told == Array(serials.prefix(CertificateAuthority.longestRevocationList)))
    }

    @Test func `a revoked certificate is refused, its neighbour is not, for as long as the authority lives`() throws {
        let folder = try Folder()
        let authority = try CertificateAuthority.create(in: folder.file("ca"), now: noon)
        var serials: [String] = []
        for number: UInt64 in [1, 2] {
            let made = try KeyAndRequest(in: folder, name: "blade-\(number)")
            guard case .certificate(let chain, _, let serial, _) = authority.sign(request: made.request, blade: identity(number), addresses: [], now: noon)
            else {
                return #expect(Bool(false), "refused")
            }
            serials.append(serial)
            try chain.write(toFile: folder.file("\(number).crt"), atomically: true, encoding: .utf8)
        }
        let list = try authority.revocationList(of: [serials[0], "no serial"], now: noon)
        try list.write(toFile: folder.file("list"), atomically: true, encoding: .utf8)
        for after: Int64 in [0, 80 * 86_400] {
            let words = ["-crl_check", "-attime", "\(noon.milliseconds / 1000 + after)", "-CAfile", folder.file("ca/ca.crt"), "-CRLfile", folder.file("list")]
            func verify(_ number: Int) throws -> String {
                try openssl("verify", words[0], words[1], words[2], words[3], words[4], words[5], words[6], folder.file("\(number).crt"))
            }
            #expect(try verify(2).contains("OK"))
            #expect(#expect(throws: CommandFailed.self) { try verify(1) }?.output.contains("revoked") == true)
        }
    }
}
