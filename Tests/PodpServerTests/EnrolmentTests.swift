import PodpCore
import PodpFrame
import PodpModel
import Testing

@testable import PodpServer

@Suite(.timeLimit(.minutes(10))) struct EnrolmentTests {
    private static func answering(_ answer: Answer) -> NotedCore { NotedCore { _ in answer } }

    @Test func `a request with a secret becomes the core's enrolment, and its certificate comes back`() async throws {
        let coordinator = try await Coordinator(core: Self.answering(.certificate(chain: "CHAIN", authorities: "CA")))
        let token = try EnrolmentTokenText(authorityHash: coordinator.authority.hash, expires: later(.seconds(600)), addresses: ["localhost:1"])
        let agent = try await coordinator.agent(nil, protocols: ["podp-enrol/1"])
        try await agent.send(.enrol(secret: token.secretText, request: "CSR", blade: identity(4), addresses: ["192.0.2.4"]))
        #expect(await agent.rest() == [.certificate(chain: "CHAIN", authorities: "CA")])
        #expect(coordinator.core.asked.withLock { $0 } == [.enrol(secretHash: token.secretHash, request: "CSR", blade: identity(4), addresses: ["192.0.2.4"])])
        #expect(coordinator.listener.counts.enrolments == 1)
        await coordinator.listener.stop()
    }

    @Test func `a wrong, expired or used token is refused with the core's words, and for good`() async throws {
        let coordinator = try await Coordinator(core: Self.answering(.refused(Refusal(.tokenInvalid, "this token was used", remedy: "make another"))))
        let agent = try await coordinator.agent(nil, protocols: ["podp-enrol/1"])
        try await agent.send(.enrol(secret: "00ff", request: "CSR", blade: identity(4), addresses: []))
        #expect(await agent.rest() == [.refused(reason: "this token was used (make another)", permanent: true)])
        let second = try await coordinator.agent(nil, protocols: ["podp-enrol/1"])
        try await second.send(.enrol(secret: "not hexadecimal", request: "CSR", blade: identity(4), addresses: []))
        guard case .refused(_, true)? = await second.rest().first else { return #expect(Bool(false)) }
        #expect(coordinator.core.asked.withLock { $0.count } == 1)
        #expect(coordinator.listener.counts.refusedEnrolments == 2)
        await coordinator.listener.stop()
    }

    @Test func `enrolment takes one request and nothing else`() async throws {
        let coordinator = try await Coordinator(core: Self.answering(.certificate(chain: "CHAIN", authorities: "CA")))
        let hasty = try await coordinator.agent(nil, protocols: ["podp-enrol/1"])
        try await hasty.send(.hello(hello(identity(1))))
        guard case .refused(let reason, _)? = await hasty.rest().first else { return #expect(Bool(false)) }
        #expect(reason.contains("hello"))
        let bare = try await coordinator.agent(nil, protocols: ["podp-enrol/1"])
        try await bare.send(.renew(request: "CSR"))
        guard case .refused(_, true)? = await bare.rest().first else { return #expect(Bool(false)) }
        let worker = try await coordinator.agent(coordinator.enrolled(identity(1)))
        try await worker.send(.enrol(secret: "00", request: "", blade: identity(1), addresses: []))
        guard case .refused? = await worker.rest().first else { return #expect(Bool(false)) }
        #expect(coordinator.core.asked.withLock { $0 } == [])
        await coordinator.listener.stop()
    }

    @Test func `too many enrolments from one address wait, and are told so`() async throws {
        var limits = ListenerLimits()
        limits.enrolmentBurstPerSource = 2
        limits.enrolmentIntervalPerSource = .hours(1)
        let coordinator = try await Coordinator(limits: limits, core: Self.answering(.refused(Refusal(.tokenInvalid, "no"))))
        var reasons: [String] = []
        for _ in 0..<3 {
            let agent = try await coordinator.agent(nil, protocols: ["podp-enrol/1"])
            try await agent.send(.enrol(secret: "00", request: "", blade: identity(1), addresses: []))
            if case .refused(let reason, _)? = await agent.rest().first { reasons.append(reason) }
        }
        #expect(reasons.count == 3 && reasons[2].contains("too many enrolments"))
        #expect(coordinator.core.asked.withLock { $0.count } == 2)
        await coordinator.listener.stop()
    }

    @Test(arguments: ["podp/1", "podp-enrol/1"])
    func `an expired certificate renews, and does nothing else`(name: String) async throws {
        let coordinator = try await Coordinator(core: Self.answering(.certificate(chain: "CHAIN", authorities: "CA")))
        let blade = identity(6)
        let certificate = try coordinator.enrolled(blade, addresses: ["192.0.2.6"])
        coordinator.set(clock: later(.seconds(91 * 86400)))
        let agent = try await coordinator.agent(certificate, protocols: [name])
        if name == "podp/1" {
            try await agent.send(.hello(hello(blade)))
            #expect(try await agent.next() == .welcome(Coordinator.welcome))
            try await agent.send(.report(report(1)))
            try await agent.send(.pong(3))
        }
        try await agent.send(.renew(request: "CSR"))
        #expect(await agent.rest() == [.certificate(chain: "CHAIN", authorities: "CA")])
        #expect(
            coordinator.core.asked.withLock { $0 } == [
                .renew(blade: blade.id, certificate: certificate.serial, request: "CSR", addresses: ["blade-6", "192.0.2.6"])
            ])
        coordinator.core.post(.timer)
        let first = await coordinator.event { event -> Bool? in if case .timer = event { true } else { false } }
        #expect(first == true, "the core was told of a link that may only renew")
        await coordinator.listener.stop()
    }

    @Test func `a certificate from the future is refused, with a look at the clock`() async throws {
        let coordinator = try await Coordinator()
        let certificate = try coordinator.enrolled(identity(1))
        coordinator.set(clock: later(.seconds(-3 * 86400)))
        let agent = try await coordinator.agent(certificate)
        try await agent.send(.hello(hello(identity(1))))
        guard case .refused(let reason, false)? = await agent.rest().first else { return #expect(Bool(false)) }
        #expect(reason.contains("clock"))
        await coordinator.listener.stop()
    }

    @Test func `a live link renews by the core's word and stays open`() async throws {
        let coordinator = try await Coordinator(core: Self.answering(.certificate(chain: "NEW", authorities: "CA")))
        let (agent, link) = try await coordinator.open(identity(2))
        try await agent.send(.renew(request: "CSR"))
        #expect(try await agent.next() == .certificate(chain: "NEW", authorities: "CA"))
        try await agent.send(.pong(1))
        #expect(await coordinator.event { event -> Bool? in if case .received(link, .pong(1)) = event { true } else { nil } } == true)
        await coordinator.listener.stop()
    }
}
