import Foundation
import NIOSSL
import PodpCore
import PodpModel
import PodpWeb
import Testing
import WebTestSupport

/// `podp` from another host: over TLS, with a token and the coordinator's authority.
@Suite("podp, over TLS")
struct TokenTests {
    private static let program = Bundle.main.executableURL?.deletingLastPathComponent().appendingPathComponent("podp").path ?? "podp"

    private static func certificate(in directory: String) async throws -> TLSConfiguration {
        let made = try await run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "\(directory)/key.pem", "-out",
                "\(directory)/ca.pem", "-days", "2", "-subj", "/CN=podp", "-addext", "subjectAltName=IP:127.0.0.1",
            ], in: directory)
        #expect(made.code == 0, "\(made.errors)")
        return TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile("\(directory)/ca.pem").map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: "\(directory)/key.pem", format: .pem)))
    }

    @Test("a token that was made on the socket opens the API over TLS, as far as its role goes, until it is revoked")
    func tokens() async throws {
        let fleet = FakeFleet(ExampleFleet.view())
        try await withScratchDirectory { directory in
            let tls = try await Self.certificate(in: directory)
            try await LiveServer.with(fleet, directory: directory, tls: tls) { server in
                let address = "https://127.0.0.1:\(server.tlsPort)"
                func local(_ arguments: String...) async throws -> (code: Int32, output: String, errors: String) {
                    try await run(Self.program, arguments, environment: ["PODP_COORDINATOR": server.socket], in: directory)
                }
                func remote(_ token: String?, _ arguments: String...) async throws -> (code: Int32, output: String, errors: String) {
                    try await run(
                        Self.program, arguments + ["--ca", "\(directory)/ca.pem"], environment: ["PODP_COORDINATOR": address, "PODP_TOKEN": token ?? ""],
                        in: directory)
                }
                func made(_ name: String, _ role: String) async throws -> String {
                    let result = try await local("token", "create", name, "--role", role, "--days", "1")
                    #expect(result.code == 0, "\(result.errors)")
                    return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
                }
                let reader = try await made("grafana", "read")
                let operate = try await made("anna", "operate")
                #expect(reader.hasPrefix("podp_") && reader != operate)
                #expect(!fleet.with { $0.tokens.map(\.hash) }.contains(reader), "only its hash is kept")

                let here = try await local("status")
                let there = try await remote(reader, "status")
                #expect(there.code == 0, "\(there.errors)")
                #expect(there.output == here.output)

                let refused = try await remote(reader, "thaw")
                #expect(refused.code == 4)
                #expect(refused.errors.contains("may read, not operate"))
                #expect(try await remote(operate, "thaw").code == 0)
                #expect(fleet.with { $0.asked.last?.1.name } == "token anna")

                // From a file, as a script has it: with an end of line.
                try (operate + "\n").write(toFile: "\(directory)/token", atomically: true, encoding: .utf8)
                #expect(try await remote(nil, "thaw", "--token-file", "\(directory)/token").code == 0)

                #expect(try await local("token", "revoke", "anna").code == 0)
                let revoked = try await remote(operate, "thaw")
                #expect(revoked.code == 4, "\(revoked.errors)")
                #expect(try await remote(reader, "status").code == 0)
            }
        }
    }

    @Test("without a token, or with a coordinator whose certificate is not trusted, nothing is sent, and podp says what to do")
    func refusals() async throws {
        let fleet = FakeFleet(ExampleFleet.view())
        try await withScratchDirectory { directory in
            let tls = try await Self.certificate(in: directory)
            try await LiveServer.with(fleet, directory: directory, tls: tls) { server in
                let address = "https://127.0.0.1:\(server.tlsPort)"
                func podp(_ token: String, _ arguments: [String]) async throws -> (code: Int32, output: String, errors: String) {
                    try await run(Self.program, arguments + ["--coordinator", address], environment: ["PODP_TOKEN": token], in: directory)
                }
                let token = "podp_" + String(repeating: "A", count: 43)
                let none = try await podp("", ["thaw", "--ca", "\(directory)/ca.pem"])
                #expect(none.code == 2 && none.errors.contains("needs a token"), "\(none.errors)")
                let untrusted = try await podp(token, ["thaw"])
                #expect(untrusted.code == 5 && untrusted.errors.contains("its certificate is not trusted"), "\(untrusted.errors)")
                let missing = try await podp(token, ["thaw", "--ca", "\(directory)/none.pem"])
                #expect(missing.code == 2 && missing.errors.contains("has no certificate in PEM"), "\(missing.errors)")
                let unknown = try await podp(token, ["thaw", "--ca", "\(directory)/ca.pem"])
                #expect(unknown.code == 4, "\(unknown.errors)")
            }
        }
        #expect(fleet.with { $0.asked.isEmpty })
    }
}
