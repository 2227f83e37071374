import Logging
import NIOCore
import NIOPosix
import PodpCore
import PodpModel
import Synchronization

@testable import PodpServer

/// A core that notes what it is told, and answers as the test says.
final class NotedCore: CoreMailbox {
    let events: AsyncStream<Event>
    private let notes: AsyncStream<Event>.Continuation
    private let answer: @Sendable (Request) -> Answer
    let asked = Mutex<[Request]>([])
    let late = Mutex<Int>(0)

    init(answer: @escaping @Sendable (Request) -> Answer = { _ in .refused(Refusal(.unsupported, "not in this test")) }) {
        (events, notes) = AsyncStream.makeStream(of: Event.self)
        self.answer = answer
    }

    func post(_ event: Event) { notes.yield(event) }
    var backlog: Int { late.withLock { $0 } }

    func ask(_ request: Request, by actor: Actor) async -> Answer {
        asked.withLock { $0.append(request) }
        return answer(request)
    }
}

/// A listener on a free port of the loopback, with an authority of its own.
final class Coordinator: Sendable {
    let folder: Folder
    let authority: CertificateAuthority
    let core: NotedCore
    let listener: AgentListener

    static let term = Term(number: 3, id: ID128(high: 3, low: 3))
    static let welcome = Welcome(version: 1, term: term, reportInterval: .seconds(1), clock: noon)

    init(limits: ListenerLimits = ListenerLimits(), core: NotedCore = NotedCore()) async throws {
        let folder = try Folder()
        let clock = ClockBox()
        authority = try CertificateAuthority.create(in: folder.file("ca"), now: noon)
        self.folder = folder
        self.core = core
        var configuration = AgentListener.Configuration(names: ["localhost", "127.0.0.1"], directory: folder.file("ca"))
        configuration.host = "127.0.0.1"
        configuration.port = 0
        configuration.limits = limits
        box = clock
        listener = try AgentListener(
            configuration: configuration, authority: authority, mailbox: core, log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            clock: { clock.now }, welcome: { Self.welcome })
        try await listener.start()
    }

    private let box: ClockBox

    func set(clock: WallTime) { box.set(clock) }

    /// A certificate and key for a blade, as enrolment would give.
    func enrolled(_ blade: BladeIdentity, lifetime: Duration? = nil, addresses: [String] = []) throws -> (chain: String, key: String, serial: String) {
        let made = try KeyAndRequest(in: folder, name: "\(blade.name)-\(UInt64.random(in: 0 ... .max))")
        guard case .certificate(let chain, _, let serial, _) = authority.sign(request: made.request, blade: blade, addresses: addresses, now: noon) else {
            throw CommandFailed(output: "not signed")
        }
        return (chain, made.key, serial)
    }

    private let passedOver = Mutex<[Event]>([])

    /// Waits for an event that `pick` takes; the others stay for the next who asks.
    func event<Found: Sendable>(_ pick: (Event) -> Found?) async -> Found? {
        let earlier = passedOver.withLock { events -> Found? in
            for index in events.indices {
                guard let found = pick(events[index]) else { continue }
                events.remove(at: index)
                return found
            }
            return nil
        }
        if let earlier { return earlier }
        for await event in core.events {
            if let found = pick(event) { return found }
            passedOver.withLock { $0.append(event) }
        }
        return nil
    }
}

final class ClockBox: Sendable {
    private let time = Mutex(noon)
    var now: WallTime { time.withLock { $0 } }
    func set(_ value: WallTime) { time.withLock { $0 = value } }
}
