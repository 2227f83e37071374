import Logging
import NIOCore
import NIOSSL
import NIOTLS
import PodpCore
import PodpFrame
import PodpModel

/// One connection of an agent, from the end of its TLS handshake to its own end. Lives on its channel's event loop.
final class LinkHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The protocols' names in TLS (ALPN).
    static let work = "podp/1"
    static let enrolment = "podp-enrol/1"

    enum Phase {
        /// TLS is not done, or the peer has said nothing yet.
        case greeting
        /// The core was asked; the peer may say nothing.
        case asked
        case open
        /// The peer's certificate has expired: it may renew, and nothing else is heard.
        case renewing
        /// The last message is on its way out.
        case closing
    }

    let shared: LinkContext
    let source: String
    let verified: VerifiedPeer
    var phase = Phase.greeting
    var decoder: FrameDecoder?
    var peer: PeerCertificate?
    /// Given when the core was told of this link.
    var id: LinkID?
    private var context: ChannelHandlerContext?
    private var isStranger = true
    private var reason: String?
    private var deadline: Scheduled<Void>?
    private var ticks: Scheduled<Void>?
    private var heardAt = NIODeadline.uptimeNanoseconds(0)
    /// When the bytes of a frame that is not whole yet began to come.
    private var frameSince: NIODeadline?
    private var waiting = 0
    private var drainedAt = NIODeadline.uptimeNanoseconds(0)
    private var frames: Bucket?
    private var pings: UInt64 = 0

    init(shared: LinkContext, source: String, verified: VerifiedPeer) {
        self.shared = shared
        self.source = source
        self.verified = verified
    }

    var loop: (any EventLoop)? { context?.eventLoop }

    // MARK: - The channel's life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        heardAt = context.eventLoop.now
        drainedAt = heardAt
        frames = Bucket(full: shared.limits.frameBurst, at: heardAt)
        arm(shared.limits.greeting, "said no hello within \(shared.limits.greeting.nanoseconds / 1_000_000) ms")
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if decoder == nil, phase == .greeting {
            shared.count(\.failedHandshakes)
            let why = verified.refusal.map { "\($0)" } ?? "\(error)"
            shared.log.notice("no TLS with \(source): \(why)", metadata: ["source": "\(source)"])
        } else if reason == nil {
            reason = "\(error)"
        }
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted(let negotiated)? = event as? TLSUserEvent else { return context.fireUserInboundEventTriggered(event) }
        peer = verified.peer ?? resumedPeer(context)
        switch negotiated {
        case Self.work:
            decoder = FrameDecoder(session: Session(role: .coordinator, purpose: .work))
            if peer == nil { refuse("this blade showed no certificate: enrol it with podp-agent enrol TOKEN", permanent: true) }
        case Self.enrolment:
            decoder = FrameDecoder(session: Session(role: .coordinator, purpose: .enrolment))
        default:
            reason = "speaks neither \(Self.work) nor \(Self.enrolment)"
            shared.count(\.refused)
            shared.log.notice("\(source) speaks neither \(Self.work) nor \(Self.enrolment) (ALPN)")
            context.close(promise: nil)
        }
    }

    /// A resumed TLS session repeats no verification: its certificate is judged here instead.
    private func resumedPeer(_ context: ChannelHandlerContext) -> PeerCertificate? {
        guard verified.refusal == nil, let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate(), let der = try? certificate.toDERBytes()
        else { return nil }
        return try? shared.authority.blade(ofDER: der)
    }

    private func leave() {
        guard context != nil else { return }
        context = nil
        deadline?.cancel()
        ticks?.cancel()
        let wasStranger = isStranger
        shared.withGate { [source] in $0.leave(source, wasStranger: wasStranger) }
        guard let id else { return }
        shared.table.remove(id)
        shared.mailbox.post(.disconnected(id, reason: reason ?? "the blade closed the link"))
    }

    // MARK: - Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard decoder != nil, phase != .closing else { return }
        decoder?.append(unwrapInboundIn(data).readableBytesView)
        let now = context.eventLoop.now
        do {
            while phase != .closing, let frame = try decoder?.next() {
                heardAt = now
                shared.count(\.frames)
                frames?.tokens -= 1
                try heard(shared.codec.agentMessage(from: frame))
            }
        } catch {
            bad(error)
        }
        guard phase != .closing else { return }
        frameSince = (decoder?.pending ?? 0) == 0 ? nil : frameSince ?? now
        throttle(context, now)
    }

    /// A peer that sends more than its share is read more slowly: TCP tells it.
    private func throttle(_ context: ChannelHandlerContext, _ now: NIODeadline) {
        let interval = TimeAmount.nanoseconds(1_000_000_000 / Int64(max(1, shared.limits.framesPerSecond)))
        guard frames?.isOpen(at: now, burst: shared.limits.frameBurst, interval: interval) == false else { return }
        let channel = context.channel
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        context.eventLoop.scheduleTask(in: .milliseconds(100)) {
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }

    private func bad(_ error: any Error) {
        shared.count(\.badFrames)
        shared.log.warning("bad frame from \(peer.map { "blade \($0.blade)" } ?? source): \(error)", metadata: ["source": "\(source)"])
        refuse("bad frame: \(error)", permanent: false)
    }

    // MARK: - Writing

    /// Sends what the session allows now; anything else is a mistake of the core, and logged.
    func send(_ message: CoordinatorMessage) {
        guard let context, phase != .closing else { return }
        do {
            var session = decoder?.session ?? Session(role: .coordinator)
            try session.send(message.kind)
            let bytes = try shared.codec.encode(message)
            decoder?.session = session
            write(context, bytes)
        } catch {
            shared.log.error("a \(message.kind) to \(source) was not sent: \(error)")
            return
        }
        switch message {
        case .welcome:
            phase = phase == .renewing ? .renewing : .open
            deadline?.cancel()
            if phase == .renewing { arm(shared.limits.answer, "did not renew its certificate in time") }
            startTicking(context)
        case .refused(let why, _): close(reason: why)
        default: break
        }
    }

    private func write(_ context: ChannelHandlerContext, _ bytes: [UInt8]) {
        if waiting == 0 { drainedAt = context.eventLoop.now }
        waiting += bytes.count
        guard waiting <= shared.limits.outbound else {
            shared.count(\.timedOut)
            return abort("does not read: \(waiting) bytes wait for it")
        }
        let size = bytes.count
        let buffer = context.channel.allocator.buffer(bytes: bytes)
        context.writeAndFlush(wrapOutboundOut(buffer)).assumeIsolated().whenComplete { [self] _ in
            waiting -= size
            if let loop { drainedAt = loop.now }
            if waiting == 0, phase == .closing { self.context?.close(promise: nil) }
        }
    }

    /// Says why, then closes.
    func refuse(_ why: String, permanent: Bool) {
        shared.count(\.refused)
        shared.log.notice("refused \(peer.map { "blade \($0.blade)" } ?? source): \(why)", metadata: ["source": "\(source)"])
        send(.refused(reason: why, permanent: permanent))
        close(reason: why)
    }

    /// Closes when everything was read by the peer, at the latest after two seconds.
    func close(reason why: String) {
        guard let context, phase != .closing else { return }
        phase = .closing
        if reason == nil { reason = why }
        guard waiting > 0 else { return context.close(promise: nil) }
        deadline?.cancel()
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(2)) { [self] in self.context?.close(promise: nil) }
    }

    /// Closes at once.
    func abort(_ why: String) {
        if reason == nil { reason = why }
        phase = .closing
        context?.close(promise: nil)
    }

    // MARK: - Time

    /// Replaces the deadline before it.
    func arm(_ time: TimeAmount, _ what: String) {
        deadline?.cancel()
        deadline = context?.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
            shared.count(\.timedOut)
            shared.log.notice("\(peer.map { "blade \($0.blade)" } ?? source) \(what)")
            if decoder == nil { abort(what) } else { refuse(what, permanent: false) }
        }
    }

    func disarm() { deadline?.cancel() }

    /// The peer is no stranger any more.
    func introduce() {
        guard isStranger else { return }
        isStranger = false
        shared.withGate { [source] in $0.introduce(source) }
    }

    private func startTicking(_ context: ChannelHandlerContext) {
        ticks = context.eventLoop.assumeIsolated().scheduleTask(in: shared.limits.ping) { [self] in
            tick()
            if let context = self.context, phase != .closing { startTicking(context) }
        }
    }

    private func tick() {
        guard let now = loop?.now, phase == .open || phase == .renewing else { return }
        let limits = shared.limits
        let late: String? =
            if now - heardAt > limits.silence {
                "silent for \((now - heardAt).nanoseconds / 1_000_000_000) s"
            } else if waiting > 0, now - drainedAt > limits.drain { "does not read what is sent to it" } else if let frameSince, now - frameSince > limits.frame
            { "has been sending one frame for too long" } else { nil }
        if let late {
            shared.count(\.timedOut)
            return abort(late)
        }
        pings += 1
        send(.ping(Self.ownPing | pings))
    }

    /// Marks the listener's own pings among the core's.
    static let ownPing: UInt64 = 1 << 63
}
