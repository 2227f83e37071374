import NIOCore
import PodpCore
import PodpModel
import Testing

@testable import PodpServer

@Suite(.timeLimit(.minutes(10))) struct ListenerTests {
    @Test func `a blade with its certificate is connected by its own name, welcomed, heard, and its end is told`() async throws {
        let coordinator = try await Coordinator()
        let blade = identity(1)
        let certificate = try coordinator.enrolled(blade)
        let agent = try await coordinator.agent(certificate)
        try await agent.send(.hello(hello(blade)))
        let link = try #require(
            await coordinator.event { event -> LinkID? in
                guard case .connected(let link, let id, let serial, let greeting) = event else { return nil }
                #expect(id == blade.id && serial == certificate.serial && greeting == hello(blade))
                return link
            })
        coordinator.listener.links.send(.welcome(Coordinator.welcome), to: link)
        #expect(try await agent.next() == .welcome(Coordinator.welcome))
        for sequence in 1...50 as ClosedRange<UInt64> { try await agent.send(.report(report(sequence, domains: 40))) }
        for sequence in 1...50 as ClosedRange<UInt64> {
            let heard = await coordinator.event { event -> AgentMessage? in if case .received(link, let message) = event { message } else { nil } }
            #expect(heard == .report(report(sequence, domains: 40)))
        }
        coordinator.listener.links.send(.observe(9), to: link)
        #expect(try await agent.next() == .observe(9))
        try await agent.close()
        #expect(await coordinator.event { event -> Bool? in if case .disconnected(link, _) = event { true } else { nil } } == true)
        await coordinator.listener.stop()
    }

    @Test func `what the core closes has read its refusal first`() async throws {
        let coordinator = try await Coordinator()
        let (agent, link) = try await coordinator.open(identity(1))
        coordinator.listener.links.send(.refused(reason: "revoked", permanent: true), to: link)
        coordinator.listener.links.close(link, reason: "revoked")
        #expect(await agent.rest() == [.refused(reason: "revoked", permanent: true)])
        #expect(await coordinator.event { event -> String? in if case .disconnected(link, let reason) = event { reason } else { nil } } == "revoked")
        await coordinator.listener.stop()
    }

    @Test func `work without a certificate is refused in words`() async throws {
        let coordinator = try await Coordinator()
        let agent = try await coordinator.agent(nil)
        guard case .refused(let reason, true)? = await agent.rest().first else { return #expect(Bool(false)) }
        #expect(reason.contains("podp-agent enrol"))
        await coordinator.listener.stop()
    }

    @Test func `a certificate of another authority, or of no blade, gets no link`() async throws {
        let coordinator = try await Coordinator()
        let other = try await Coordinator()
        let blade = identity(1)
        let foreign = try other.enrolled(blade)
        let server = try coordinator.authority.serverCertificate(in: coordinator.folder.file("ca"), hosts: ["localhost", "127.0.0.1"], now: noon)
        for certificate in [foreign, (server.chain, server.key, "")] {
            // TLS 1.3: the client thinks that the handshake is done, and reads the alert afterwards.
            let agent = try? await coordinator.agent(certificate)
            try? await agent?.send(.hello(hello(blade)))
            #expect(await agent?.rest() ?? [] == [])
        }
        while coordinator.listener.counts.failedHandshakes < 2 { await Task.yield() }
        #expect(coordinator.core.asked.withLock { $0 } == [])
        await coordinator.listener.stop()
        await other.listener.stop()
    }

    @Test func `a hello in another blade's name, and one of another protocol's version, are refused by name`() async throws {
        let coordinator = try await Coordinator()
        let blade = identity(1)
        let certificate = try coordinator.enrolled(blade)
        for (greeting, word) in [(hello(identity(2)), "\(identity(2).id)"), (hello(blade, versions: 7...9), "7 to 9")] {
            let agent = try await coordinator.agent(certificate)
            try await agent.send(.hello(greeting))
            guard case .refused(let reason, true)? = await agent.rest().first else { return #expect(Bool(false), "not refused") }
            #expect(reason.contains(word))
        }
        await coordinator.listener.stop()
    }

    @Test func `a client that trusts another authority does not talk to this coordinator`() async throws {
        let coordinator = try await Coordinator()
        let other = try CertificateAuthority.create(in: coordinator.folder.file("other"), now: noon)
        let agent = try? await TestAgent(port: #require(coordinator.listener.port), trust: other.certificatePEM, protocols: ["podp-enrol/1"])
        try? await agent?.send(.enrol(secret: "00", request: "", blade: identity(1), addresses: []))
        #expect(await agent?.rest() ?? [] == [])
        #expect(coordinator.core.asked.withLock { $0 } == [])
        await coordinator.listener.stop()
    }

    @Test func `reports are dropped and counted while the core is far behind, and nothing else is`() async throws {
        var limits = ListenerLimits()
        limits.backlog = 10
        let coordinator = try await Coordinator(limits: limits)
        let (agent, link) = try await coordinator.open(identity(1))
        coordinator.core.late.withLock { $0 = 11 }
        try await agent.send(.report(report(1)))
        try await agent.send(.pong(5))
        let heard = await coordinator.event { event -> AgentMessage? in if case .received(link, let message) = event { message } else { nil } }
        #expect(heard == .pong(5))
        #expect(coordinator.listener.counts.droppedReports == 1)
        await coordinator.listener.stop()
    }

    @Test func `a peer that does not read what is sent to it is cut off at the bound`() async throws {
        var limits = ListenerLimits()
        limits.outbound = 256 << 10
        let coordinator = try await Coordinator(limits: limits)
        let (agent, link) = try await coordinator.open(identity(1), receiveBuffer: 4096)
        try await agent.stopReading()
        let large = CoordinatorMessage.certificate(chain: String(repeating: "c", count: 30_000), authorities: "")
        // More than the kernel's buffers and the bound together hold.
        for _ in 0..<400 { coordinator.listener.links.send(large, to: link) }
        let reason = await coordinator.event { event -> String? in if case .disconnected(link, let reason) = event { reason } else { nil } }
        #expect(reason?.contains("does not read") == true)
        await coordinator.listener.stop()
    }
}

extension Coordinator {
    func agent(_ certificate: (chain: String, key: String, serial: String)?, protocols: [String] = ["podp/1"], receiveBuffer: Int? = nil) async throws
        -> TestAgent
    {
        try await TestAgent(
            port: #require(listener.port), trust: authority.certificatePEM, certificate: certificate, protocols: protocols, receiveBuffer: receiveBuffer)
    }

    /// A link that was welcomed.
    func open(_ blade: BladeIdentity, receiveBuffer: Int? = nil) async throws -> (TestAgent, LinkID) {
        let agent = try await agent(enrolled(blade), receiveBuffer: receiveBuffer)
        try await agent.send(.hello(hello(blade)))
        let link = try #require(await event { event -> LinkID? in if case .connected(let link, _, _, _) = event { link } else { nil } })
        listener.links.send(.welcome(Self.welcome), to: link)
        #expect(try await agent.next() == .welcome(Self.welcome))
        return (agent, link)
    }
}
