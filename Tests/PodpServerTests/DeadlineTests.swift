import Logging
import NIOCore
import NIOEmbedded
import NIOSSL
import NIOTLS
import PodpCore
import PodpFrame
import PodpModel
import PodpWireSwift
import Testing

@testable import PodpServer

/// A link on a loop whose time the test moves; TLS is taken as done.
private final class EmbeddedLink {
    let channel = EmbeddedChannel()
    let core = NotedCore()
    let shared: LinkContext
    let blade = identity(1)
    private let folder: Folder

    init(limits: ListenerLimits = ListenerLimits(), greets: Bool = true) throws {
        folder = try Folder()
        let authority = try CertificateAuthority.create(in: folder.file("ca"), now: noon)
        shared = LinkContext(
            authority: authority, mailbox: core, table: LinkTable(), limits: limits, log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }),
            clock: { noon }, welcome: { Coordinator.welcome })
        let made = try KeyAndRequest(in: folder)
        guard case .certificate(let chain, _, _, _) = authority.sign(request: made.request, blade: blade, addresses: [], now: noon) else {
            throw CommandFailed(output: "not signed")
        }
        let verified = VerifiedPeer(authority: authority)
        _ = verified.judge(try NIOSSLCertificate.fromPEMBytes(Array(chain.utf8)))
        _ = shared.withGate { $0.admit("192.0.2.1") }
        try channel.pipeline.syncOperations.addHandler(LinkHandler(shared: shared, source: "192.0.2.1", verified: verified))
        try channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 1)).wait()
        if greets { channel.pipeline.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: "podp/1")) }
    }

    func receive(_ message: AgentMessage) throws { try channel.writeInbound(ByteBuffer(bytes: WireCodecSwift().encode(message))) }

    func open() throws {
        try receive(.hello(hello(blade)))
        shared.table.send(.welcome(Coordinator.welcome), to: LinkID(1))
        channel.embeddedEventLoop.run()
        #expect(try sent() == [.welcome(Coordinator.welcome)])
    }

    func sent() throws -> [CoordinatorMessage] {
        var messages: [CoordinatorMessage] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) {
            messages.append(try WireCodecSwift().coordinatorMessage(from: Frame(payload: Array(buffer.readableBytesView.dropFirst(4)))))
        }
        return messages
    }

    /// As the link set it last.
    var readsByItself: Bool? { channel.options.first { $0.option is ChannelOptions.Types.AutoReadOption }?.value as? Bool }

    func advance(_ time: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: time) }
}

@Suite struct DeadlineTests {
    @Test func `a peer whose TLS does not end is gone after a minute, without a word`() throws {
        let link = try EmbeddedLink(greets: false)
        link.advance(.milliseconds(59_999))
        #expect(link.channel.isActive)
        link.advance(.milliseconds(1))
        #expect(!link.channel.isActive)
        #expect(try link.sent() == [])
        #expect(link.shared.withGate { $0.connections } == 0)
    }

    @Test(arguments: [0, 1, 4, 20])
    func `a hello that comes too slowly ends after a minute in all, whatever trickles in`(bytes: Int) throws {
        let link = try EmbeddedLink()
        let greeting = try WireCodecSwift().encode(.hello(hello(link.blade)))
        for byte in greeting.prefix(bytes) {
            try link.channel.writeInbound(ByteBuffer(bytes: [byte]))
            link.advance(.milliseconds(400))
        }
        link.advance(.milliseconds(60_000 - Int64(bytes) * 400 - 1))
        #expect(link.channel.isActive)
        link.advance(.milliseconds(1))
        #expect(!link.channel.isActive)
        guard case .refused(let reason, false)? = try link.sent().last else { return #expect(Bool(false), "no word") }
        #expect(reason.contains("no hello"))
        #expect(link.shared.currentCounts.timedOut == 1)
    }

    @Test func `a core that does not answer ends the link, and is told of that`() async throws {
        let link = try EmbeddedLink()
        try link.receive(.hello(hello(link.blade)))
        link.advance(.seconds(30))
        guard case .refused(_, false)? = try link.sent().last else { return #expect(Bool(false), "no word") }
        var told: [String] = []
        for await event in link.core.events {
            if case .disconnected(_, let reason) = event {
                told.append(reason)
                break
            }
        }
        #expect(told.first?.contains("no answer") == true)
    }

    @Test func `a silent link is pinged every ten seconds and cut after 45`() throws {
        let link = try EmbeddedLink()
        try link.open()
        link.advance(.seconds(40))
        #expect(try link.sent().filter { if case .ping = $0 { true } else { false } }.count == 4)
        #expect(link.channel.isActive)
        link.advance(.seconds(10))
        #expect(!link.channel.isActive)
    }

    @Test func `a link that answers pings lives on, and the core does not hear of them`() throws {
        let link = try EmbeddedLink()
        try link.open()
        for _ in 0..<100 {
            link.advance(.seconds(10))
            for message in try link.sent() { if case .ping(let number) = message { try link.receive(.pong(number)) } }
        }
        #expect(link.channel.isActive)
        link.core.post(.timer)
        #expect(link.shared.currentCounts.frames == 101)
    }

    @Test func `a frame that never ends is cut, though its bytes keep trickling in`() throws {
        let link = try EmbeddedLink()
        try link.open()
        try link.receive(.report(report(1)))
        let frame = try WireCodecSwift().encode(.report(report(2, domains: 40)))
        var seconds = 0
        for byte in frame {
            guard link.channel.isActive else { break }
            try link.channel.writeInbound(ByteBuffer(bytes: [byte]))
            link.advance(.seconds(1))
            seconds += 1
        }
        #expect(!link.channel.isActive)
        #expect((30...45).contains(seconds))
    }

    @Test func `messages that the session does not allow are not sent`() throws {
        let link = try EmbeddedLink()
        try link.receive(.hello(hello(link.blade)))
        link.shared.table.send(.observe(1), to: LinkID(1))
        link.channel.embeddedEventLoop.run()
        #expect(try link.sent() == [])
        #expect(link.channel.isActive)
    }

    @Test func `whoever sends more than its share is read more slowly, and loses nothing`() throws {
        var limits = ListenerLimits()
        limits.frameBurst = 10
        limits.framesPerSecond = 10
        let link = try EmbeddedLink(limits: limits)
        try link.open()
        for sequence in 1...20 as ClosedRange<UInt64> { try link.receive(.report(report(sequence))) }
        #expect(link.readsByItself == false)
        link.advance(.seconds(3))
        #expect(link.readsByItself == true)
        #expect(link.shared.currentCounts.frames == 21)
    }
}
