import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import PodpFrame
import PodpModel
import PodpWireC
import Synchronization

/// One connection to a coordinator. Tells `up` at most once and `down` exactly once, and nothing after it.
final class Link: Sendable {
    enum Event: Sendable {
        case up
        case writable(Bool)
        case message(CoordinatorMessage)
        case down(reason: String)
    }

    /// Messages that were told and not taken; then nothing more is read.
    static let mostPending = 256

    private let purpose: Session.Purpose
    private let tell: @Sendable (Event) -> Void
    private let channel = Mutex<(any Channel)?>(nil)
    private let closing = Mutex<String?>(nil)
    private let pending = Atomic<Int>(0)

    private init(purpose: Session.Purpose, tell: @escaping @Sendable (Event) -> Void) {
        self.purpose = purpose
        self.tell = tell
    }

    static func applicationProtocol(_ purpose: Session.Purpose) -> String { purpose == .work ? "podp/1" : "podp-enrol/1" }

    /// Dials; what becomes of it is told.
    static func open(
        to address: Address, purpose: Session.Purpose, tls: NIOSSLContext, verification: PeerVerification, loop: any EventLoop, pool: NIOThreadPool,
        tell: @escaping @Sendable (Event) -> Void
    ) -> Link {
        let link = Link(purpose: purpose, tell: tell)
        let userTimeout = ChannelOptions.socket(SocketOptionLevel(IPPROTO_TCP), SocketOptionName(TCP_USER_TIMEOUT))
        ClientBootstrap(group: loop)
            .connectTimeout(.seconds(15))
            .channelOption(ChannelOptions.socketOption(.so_keepalive), value: 1)
            .channelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(userTimeout, value: 30_000)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = try NIOSSLClientHandler(context: tls, serverHostname: nil) { chain, promise in
                        let judged = pool.runIfActive(eventLoop: promise.futureResult.eventLoop) { verification.isGood(chain) }
                        judged.map { $0 ? .certificateVerified : .failed }.cascade(to: promise)
                    }
                    try channel.pipeline.syncOperations.addHandlers([handler, LinkHandler(link: link, purpose: purpose, verification: verification)])
                }
            }
            .connect(host: address.host, port: address.port)
            .whenComplete { result in
                switch result {
                case .success(let channel): link.adopt(channel)
                case .failure(let error): tell(.down(reason: "cannot connect to \(address.host):\(address.port): \(words(of: error))"))
                }
            }
        return link
    }

    private func adopt(_ opened: any Channel) {
        channel.withLock { $0 = opened }
        if closing.withLock({ $0 }) != nil { opened.close(promise: nil) }
    }

    /// Sends a frame, in the order of the calls.
    func send(_ frame: [UInt8], kind: MessageKind) {
        guard let channel = channel.withLock({ $0 }) else { return }
        channel.eventLoop.execute {
            guard let handler = try? channel.pipeline.syncOperations.handler(type: LinkHandler.self) else { return }
            handler.send(frame, kind: kind)
        }
    }

    func close(reason: String) {
        closing.withLock { $0 = $0 ?? reason }
        channel.withLock { $0 }?.close(promise: nil)
    }

    /// One told message was taken.
    func taken() {
        guard pending.subtract(1, ordering: .relaxed).oldValue == Self.mostPending / 2 else { return }
        guard let channel = channel.withLock({ $0 }) else { return }
        channel.eventLoop.execute {
            guard let handler = try? channel.pipeline.syncOperations.handler(type: LinkHandler.self) else { return }
            handler.resumeReading()
        }
    }

    fileprivate func tell(_ event: Event) {
        switch event {
        case .message: pending.add(1, ordering: .relaxed)
        case .up, .writable, .down: break
        }
        tell(event)
    }

    fileprivate var isFull: Bool { pending.load(ordering: .relaxed) >= Self.mostPending }
    fileprivate var ownReason: String? { closing.withLock { $0 } }

    fileprivate static func words(of error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError: error.connectionErrors.first.map { words(of: $0.error) } ?? error.dnsAError.map { "\($0)" } ?? "no address"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case ChannelError.connectTimeout: "no answer"
        default: "\(error)"
        }
    }
}

/// The link's end of the pipeline; lives on its event loop.
private final class LinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let link: Link
    private let expected: String
    private let verification: PeerVerification
    private var decoder: FrameDecoder
    private let codec = WireCodecC()
    private var context: ChannelHandlerContext?
    private var isUp = false
    private var isDown = false
    private var isPaused = false
    private var reason: String?

    init(link: Link, purpose: Session.Purpose, verification: PeerVerification) {
        self.link = link
        self.verification = verification
        expected = Link.applicationProtocol(purpose)
        decoder = FrameDecoder(session: Session(role: .agent, purpose: purpose))
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // A peer that takes the connection and then says nothing.
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .seconds(30)) { bound.value.giveUpHandshake() }
    }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    private func giveUpHandshake() {
        guard !isUp, !isDown, let context else { return }
        reason = "no TLS handshake within 30 s"
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted(let negotiated)? = event as? TLSUserEvent else { return context.fireUserInboundEventTriggered(event) }
        guard negotiated == expected else {
            reason = "the other end does not speak \(expected): is the address that of a podp-coordinator?"
            return context.close(promise: nil)
        }
        isUp = true
        link.tell(.up)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.append(unwrapInboundIn(data).readableBytesView)
        do {
            while !isDown, let frame = try decoder.next() { link.tell(.message(try codec.coordinatorMessage(from: frame))) }
        } catch {
            reason = "the coordinator sent what is no message: \(error)"
            return context.close(promise: nil)
        }
        if link.isFull, !isPaused {
            isPaused = true
            context.channel.setOption(.autoRead, value: false).whenFailure { _ in }
        }
    }

    func resumeReading() {
        guard isPaused, let context else { return }
        isPaused = false
        context.channel.setOption(.autoRead, value: true).whenFailure { _ in }
        context.read()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if isUp, !isDown { link.tell(.writable(context.channel.isWritable)) }
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if reason == nil { reason = verification.refusal.map { "the coordinator was not trusted: \($0)" } ?? Link.words(of: error) }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard !isDown else { return }
        isDown = true
        link.tell(.down(reason: link.ownReason ?? reason ?? "the coordinator closed the link"))
        context.fireChannelInactive()
    }

    func send(_ frame: [UInt8], kind: MessageKind) {
        guard let context, !isDown else { return }
        do {
            try decoder.session.send(kind)
        } catch {
            // The core and the link disagree for a moment while a link ends.
            return
        }
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: frame)), promise: nil)
    }
}
