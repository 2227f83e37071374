import Foundation
import Logging
import PodpCore
import PodpFrame
import PodpModel
import Synchronization
import Testing

@testable import PodpServer

/// The real core, with a store that always succeeds and the real authority, all at once and in order.
private final class WholeCore: CoreMailbox {
    private struct State: Sendable {
        var core = CoordinatorCore()
        var instant: Int64 = 0
        var wall = noon
        var waiting: [RequestID: CheckedContinuation<Answer, Never>] = [:]
        var requests: UInt64 = 0
    }

    private let state = Mutex(State())
    private let authority: CertificateAuthority
    let links = Mutex<LinkTable?>(nil)

    init(authority: CertificateAuthority) {
        self.authority = authority
        post(.loaded([], newTermID: ID128(high: 9, low: 9)))
    }

    var wall: WallTime { state.withLock { $0.wall } }
    func set(clock: WallTime) { state.withLock { $0.wall = clock } }
    func view() -> FleetView { state.withLock { $0.core.view(at: Moment(instant: Instant(nanoseconds: $0.instant), wall: $0.wall)) } }

    func welcome() -> Welcome? {
        let view = view()
        return view.term.map { Welcome(version: 1, term: $0, reportInterval: .seconds(1), clock: wall) }
    }

    func post(_ event: Event) {
        var events = [event]
        while !events.isEmpty {
            let next = events.removeFirst()
            // Order is kept by the lock: whoever handles an event also performs its effects, then what they bring.
            let effects = state.withLock { state in
                state.instant += 1_000_000
                return state.core.handle(next, at: Moment(instant: Instant(nanoseconds: state.instant), wall: state.wall))
            }
            for effect in effects {
                switch effect {
                case .send(let link, let message): links.withLock { $0 }?.send(message, to: link)
                case .close(let link, let reason): links.withLock { $0 }?.close(link, reason: reason)
                case .commit(let batch): events.append(.committed(batch: batch.id))
                case .sign(let ticket, let request, let blade, let addresses):
                    events.append(.signed(ticket: ticket, authority.sign(request: request, blade: blade, addresses: addresses, now: wall)))
                case .answer(let id, let answer): state.withLock { $0.waiting.removeValue(forKey: id) }?.resume(returning: answer)
                case .plan, .arm, .audit, .sample, .stop, .chassis, .revocations: break
                }
            }
        }
    }

    func ask(_ request: Request, by actor: Actor) async -> Answer {
        await withCheckedContinuation { continuation in
            let id = state.withLock { state in
                state.requests += 1
                state.waiting[RequestID(state.requests)] = continuation
                return RequestID(state.requests)
            }
            post(.request(id, request, by: actor))
        }
    }
}

/// Listener, core and authority together, over TLS, as blades meet them.
@Suite(.timeLimit(.minutes(10))) struct WholeTests {
    private struct Chassis {
        let folder: Folder
        let core: WholeCore
        let listener: AgentListener
        let authority: CertificateAuthority

        init() async throws {
            folder = try Folder()
            authority = try CertificateAuthority.create(in: folder.file("ca"), now: noon)
            let core = WholeCore(authority: authority)
            self.core = core
            var configuration = AgentListener.Configuration(names: ["localhost"], directory: folder.file("ca"))
            configuration.host = "127.0.0.1"
            configuration.port = 0
            listener = try AgentListener(
                configuration: configuration, authority: authority, mailbox: core, log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
                clock: { core.wall }, welcome: { core.welcome() })
            let links = listener.links
            core.links.withLock { $0 = links }
            try await listener.start()
        }

        func token() async throws -> EnrolmentTokenText {
            let token = try EnrolmentTokenText(
                authorityHash: authority.hash, expires: WallTime(milliseconds: core.wall.milliseconds + 600_000), addresses: ["localhost:\(listener.port ?? 1)"]
            )
            let answer = await core.ask(
                .createEnrolmentToken(EnrolmentToken(secretHash: token.secretHash, expires: token.expires, createdBy: "test")),
                by: Actor(name: "test", mayOperate: true))
            #expect(answer == .done)
            return token
        }

        func enrol(_ blade: BladeIdentity, _ secret: String, request: String) async throws -> CoordinatorMessage? {
            let agent = try await TestAgent(port: #require(listener.port), trust: authority.certificatePEM, protocols: ["podp-enrol/1"])
            try await agent.send(.enrol(secret: secret, request: request, blade: blade, addresses: ["192.0.2.1"]))
            return await agent.rest().first
        }

        func connect(_ certificate: (chain: String, key: String, serial: String), protocols: [String] = ["podp/1"]) async throws -> TestAgent {
            try await TestAgent(port: #require(listener.port), trust: authority.certificatePEM, certificate: certificate, protocols: protocols)
        }
    }

    @Test func `a blade enrols once with a token, works, is revoked, and is not let in again`() async throws {
        let chassis = try await Chassis()
        let blade = identity(1)
        let made = try KeyAndRequest(in: chassis.folder)
        let token = try await chassis.token()
        let operator1 = Actor(name: "test", mayOperate: true)
        guard case .refused(_, true)? = try await chassis.enrol(blade, "00ff", request: made.request) else {
            return #expect(Bool(false), "a wrong secret passed")
        }
        guard case .certificate(let chain, let authorities)? = try await chassis.enrol(blade, token.secretText, request: made.request) else {
            return #expect(Bool(false), "not enrolled")
        }
        #expect(authorities == chassis.authority.certificatePEM)
        guard case .refused(let used, true)? = try await chassis.enrol(identity(2), token.secretText, request: made.request) else {
            return #expect(Bool(false), "used twice")
        }
        #expect(used.contains("token"))

        let agent = try await chassis.connect((chain, made.key, ""))
        try await agent.send(.hello(hello(blade)))
        guard case .welcome = try await agent.next() else { return #expect(Bool(false), "no welcome") }
        #expect(await chassis.core.ask(.revokeBlade(blade.id), by: operator1) == .done)
        #expect(await agent.rest().contains { if case .refused(_, true) = $0 { true } else { false } })
        let again = try await chassis.connect((chain, made.key, ""))
        try await again.send(.hello(hello(blade)))
        guard case .refused(let reason, true)? = await again.rest().first else { return #expect(Bool(false), "a revoked blade was let in") }
        #expect(reason.contains("revoked"))
        let renewing = try await chassis.connect((chain, made.key, ""), protocols: ["podp-enrol/1"])
        try await renewing.send(.renew(request: made.request))
        guard case .refused(_, true)? = await renewing.rest().first else { return #expect(Bool(false), "a revoked blade renewed") }
        await chassis.listener.stop()
    }

    @Test func `a token that has expired by the coordinator's clock is refused`() async throws {
        let chassis = try await Chassis()
        let made = try KeyAndRequest(in: chassis.folder)
        let token = try await chassis.token()
        chassis.core.set(clock: later(.seconds(601)))
        guard case .refused(let reason, true)? = try await chassis.enrol(identity(1), token.secretText, request: made.request) else {
            return #expect(Bool(false))
        }
        #expect(reason.contains("expired"))
        await chassis.listener.stop()
    }

    @Test func `a blade that was dark for long renews its expired certificate and works with the new one`() async throws {
        let chassis = try await Chassis()
        let blade = identity(1)
        let made = try KeyAndRequest(in: chassis.folder)
        guard case .certificate(let old, _)? = try await chassis.enrol(blade, chassis.token().secretText, request: made.request) else {
            return #expect(Bool(false))
        }
        chassis.core.set(clock: later(.seconds(200 * 86400)))
        let dark = try await chassis.connect((old, made.key, ""))
        try await dark.send(.hello(hello(blade)))
        guard case .welcome = try await dark.next() else { return #expect(Bool(false), "it may renew") }
        let second = try KeyAndRequest(in: chassis.folder, name: "second")
        try await dark.send(.renew(request: second.request))
        guard case .certificate(let new, _)? = await dark.rest().first else { return #expect(Bool(false), "not renewed") }
        let agent = try await chassis.connect((new, second.key, ""))
        try await agent.send(.hello(hello(blade)))
        guard case .welcome = try await agent.next() else { return #expect(Bool(false), "the new one does not work") }
        #expect(chassis.core.view().blades.first?.hello == hello(blade))
        await chassis.listener.stop()
    }
}
