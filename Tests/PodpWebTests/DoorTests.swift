import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import PodpAPI
import PodpCore
import PodpModel
import Testing
import WebTestSupport

@testable import PodpWeb

@Suite("Who may do what")
struct DoorTests {
    @Test("the socket's peer is known by its uid, and goes to the core with every request")
    func peer() async throws {
        let fleet = FakeFleet(ExampleFleet.view())
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory) { server in
                #expect(try await server.send(.POST, "/v1/thaw").status == 200)
                let mode = try FileManager.default.attributesOfItem(atPath: server.socket)[.posixPermissions] as? Int
                #expect(mode == 0o660)
            }
        }
        let (request, actor) = try #require(fleet.with { $0.asked.first })
        #expect(request == .thaw)
        #expect(actor.mayOperate)
        #expect(actor.name == "uid \(getuid())" || actor.name.hasPrefix("uid \(getuid()) ("))
    }

    @Test("a second coordinator does not take a living one's socket, but takes a dead one's")
    func secondServer() async throws {
        let fleet = FakeFleet(ExampleFleet.view())
        try await withScratchDirectory { directory in
            try await LiveServer.with(fleet, directory: directory) { server in
                await #expect(throws: WebError.addressTaken(path: server.socket)) {
                    try await LiveServer.with(fleet, directory: directory) { _ in }
                }
                let answer = try await server.send(.GET, "/healthz")
                #expect(answer.status == 200)
            }
            // What a crash leaves behind.
            if !FileManager.default.fileExists(atPath: "\(directory)/podp.sock") {
                let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(unixDomainSocketPath: "\(directory)/podp.sock").get()
                try await channel.close()
            }
            try await LiveServer.with(fleet, directory: directory) { server in
                let answer = try await server.send(.GET, "/healthz")
                #expect(answer.status == 200)
            }
        }
    }

    @Test("over TLS there is nothing without a valid token, and a reader changes nothing")
    func tokens() async throws {
        let fleet = FakeFleet(ExampleFleet.view())
        try await withScratchDirectory { directory in
            let made = try await run(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "\(directory)/key.pem", "-out",
                    "\(directory)/cert.pem", "-days", "2", "-subj", "/CN=podp", "-addext", "subjectAltName=IP:127.0.0.1",
                ], in: directory)
            #expect(made.code == 0, "\(made.errors)")
            let tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile("\(directory)/cert.pem").map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: "\(directory)/key.pem", format: .pem)))
            var client = TLSConfiguration.makeClientConfiguration()
            client.trustRoots = .file("\(directory)/cert.pem")
            let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: .init(tlsConfiguration: client))
            do {
                try await LiveServer.with(fleet, directory: directory, tls: tls) { server in
                    let base = "https://127.0.0.1:\(server.tlsPort)"
                    func get(_ path: String, _ token: String?, _ method: HTTPMethod = .GET) async throws -> HTTPAnswer {
                        try await fetch(http, base + path, method, nil, token.map { [("Authorization", "Bearer \($0)")] } ?? [])
                    }
                    for path in ["/v1/status", "/healthz", "/v1/openapi.json", "/nothing"] {
                        let answer = try await get(path, nil)
                        #expect(answer.status == 401)
                        #expect(answer.headers.first(name: "WWW-Authenticate") == "Bearer realm=\"podp\"")
                    }
                    #expect(try await get("/v1/status", "podp_short").status == 401)
                    #expect(try await get("/v1/status", BearerToken().text).status == 401)

                    let reader = try (await server.send(.POST, "/v1/tokens", #"{"name":"grafana","role":"read"}"#)).decoded(TokenSecret.self)
                    let operate = try (await server.send(.POST, "/v1/tokens", #"{"name":"anna","role":"operate"}"#)).decoded(TokenSecret.self)
                    #expect(fleet.with { $0.tokens }.allSatisfy { $0.hash != reader.token && $0.hash.count == 64 })
                    #expect(try await get("/v1/status", reader.token).status == 200)
                    #expect(try await get("/v1/thaw", reader.token, .POST).status == 403)
                    #expect(try await get("/v1/thaw", operate.token, .POST).status == 200)
                    #expect(fleet.with { $0.asked.last?.1.name } == "token anna")
                    fleet.with { state in
                        for index in state.tokens.indices { state.tokens[index].expires = WallTime(milliseconds: 1000) }
                    }
                    #expect(try await get("/v1/status", operate.token).status == 401)
                }
            } catch {
                try await http.shutdown()
                throw error
            }
            try await http.shutdown()
        }
    }

    @Test("a token is found among many by its hash alone, and not when one bit of it differs")
    func find() {
        let tokens = (0..<20).map { _ in BearerToken() }
        let known = tokens.enumerated().map { APIToken(name: "\($0)", hash: $1.hash, role: .read, createdAt: ExampleFleet.now, expires: nil) }
        for (index, token) in tokens.enumerated() { #expect(token.find(in: known, now: ExampleFleet.now)?.name == "\(index)") }
        #expect(Set(tokens.map(\.text)).count == tokens.count)
        #expect(BearerToken().find(in: known, now: ExampleFleet.now) == nil)
        for wrong in ["", "podp_", "podp_" + String(repeating: "ä", count: 22), "podx_" + String(repeating: "a", count: 43)] {
            #expect(BearerToken(wrong) == nil)
        }
        // By coreutils' sha256sum.
        #expect(BearerToken("podp_" + String(repeating: "A", count: 43))?.hash == "1a67d3e210dd1dde67e036ec74bb12e5a592872f70d29d751744f35b3390aead")
    }
}
