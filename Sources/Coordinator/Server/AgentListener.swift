import Logging
import NIOCore
import NIOPosix
import NIOSSL
import PodpCore
import PodpModel
import ServiceLifecycle
import Synchronization

/// The agents' end of the coordinator: one port, TLS 1.3, two protocols (`podp/1` with a blade's certificate, `podp-enrol/1`).
public final class AgentListener: Service {
    public struct Configuration: Sendable {
        /// `0.0.0.0`, `::`, or one address of this host.
        public var host = "::"
        /// 0: any free one.
        public var port = 4471
        /// The names and addresses that agents reach this coordinator by: in its certificate, and in enrolment tokens.
        public var names: [String]
        /// Where the authority's files and the coordinator's own certificate are.
        public var directory: String
        public var limits = ListenerLimits()

        public init(names: [String], directory: String) {
            self.names = names
            self.directory = directory
        }
    }

    public let configuration: Configuration
    /// Where the core's effects `send` and `close` go.
    public let links: LinkTable
    private let shared: LinkContext
    private let group: any EventLoopGroup
    private let tls: Mutex<(certificate: ServerCertificate, context: NIOSSLContext)>
    private let channel = Mutex<(any Channel)?>(nil)

    /// Makes or reads the coordinator's certificate. Throws `.file`, `.certificate`.
    ///
    /// - Parameters:
    ///   - clock: judges every certificate.
    ///   - welcome: what a blade with an expired certificate is greeted with, so that it can renew; `nil` while there is no term.
    public init(
        configuration: Configuration, authority: CertificateAuthority, mailbox: any CoreMailbox, log: Logger,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, clock: @escaping @Sendable () -> WallTime,
        welcome: @escaping @Sendable () -> Welcome?
    ) throws(ServerError) {
        self.configuration = configuration
        self.group = group
        links = LinkTable()
        shared = LinkContext(authority: authority, mailbox: mailbox, table: links, limits: configuration.limits, log: log, clock: clock, welcome: welcome)
        let certificate = try authority.serverCertificate(in: configuration.directory, hosts: configuration.names, now: clock())
        tls = Mutex((certificate, try Self.context(certificate, authority)))
    }

    public var counts: ListenerCounts { shared.currentCounts }

    /// The end of the coordinator's own certificate, as it is now.
    public var certificateEnds: WallTime { tls.withLock { $0.certificate.notAfter } }

    /// The port that is listened on; `nil` before `start`.
    public var port: Int? { channel.withLock { $0?.localAddress?.port } }

    // MARK: - Life

    /// Listens until the service is shut down, and renews the coordinator's certificate meanwhile.
    public func run() async throws {
        try await start()
        try? await cancelWhenGracefulShutdown { [self] in
            while true {
                try await Task.sleep(for: .seconds(3600))
                renewCertificate()
            }
        }
        await stop()
    }

    /// Throws `.listen`.
    public func start() async throws(ServerError) {
        let (host, port) = (configuration.host, configuration.port)
        do {
            let bound = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.socketOption(.so_keepalive), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { [self] channel in
                    channel.eventLoop.makeCompletedFuture { try accept(channel) }
                }
                .bind(host: host, port: port).get()
            channel.withLock { $0 = bound }
            shared.log.notice("listening for agents on \(host) port \(bound.localAddress?.port ?? port)")
        } catch {
            throw ServerError(
                .listen, "cannot listen for agents on \(host) port \(port): \(error)", remedy: "free the port (ss -ltnp shows who has it) or configure another")
        }
    }

    /// Takes no more connections. Links that are open end with the process, or by `links`.
    public func stop() async {
        let bound = channel.withLock { held in
            defer { held = nil }
            return held
        }
        try? await bound?.close()
    }

    /// Takes a new certificate for new connections when the old one nears its end. `run` calls this once an hour.
    public func renewCertificate() {
        do {
            let certificate = try shared.authority.serverCertificate(in: configuration.directory, hosts: configuration.names, now: shared.clock())
            guard certificate != tls.withLock({ $0.certificate }) else { return }
            let context = try Self.context(certificate, shared.authority)
            tls.withLock { $0 = (certificate, context) }
            shared.log.notice("the coordinator's certificate was renewed")
        } catch {
            shared.log.error("the coordinator's certificate was not renewed: \(error)")
        }
    }

    // MARK: - Connections

    private func accept(_ channel: any Channel) throws {
        let source = channel.remoteAddress?.ipAddress ?? "unknown"
        shared.count(\.connections)
        if let refusal = shared.withGate({ $0.admit(source) }) {
            shared.count(\.turnedAway)
            shared.log.warning("turned away \(source): \(refusal)", metadata: ["source": "\(source)"])
            throw ServerError(.listen, "turned away: \(refusal)", remedy: "")
        }
        let verified = VerifiedPeer(authority: shared.authority)
        let handler = LinkHandler(shared: shared, source: source, verified: verified)
        let tlsHandler = NIOSSLServerHandler(
            context: tls.withLock { $0.context },
            customVerificationCallback: { chain, promise in promise.succeed(verified.judge(chain)) })
        do {
            try channel.pipeline.syncOperations.addHandlers([tlsHandler, handler])
        } catch {
            shared.withGate { $0.leave(source, wasStranger: true) }
            throw error
        }
    }

    private static func context(_ certificate: ServerCertificate, _ authority: CertificateAuthority) throws(ServerError) -> NIOSSLContext {
        do {
            // With the authority: an agent that enrols knows only its hash, and must see it.
            let chain = try NIOSSLCertificate.fromPEMBytes(Array((certificate.chain + authority.certificatePEM).utf8))
            let key = try NIOSSLPrivateKey(bytes: Array(certificate.key.utf8), format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv13
            configuration.applicationProtocols = [LinkHandler.work, LinkHandler.enrolment]
            // Asked for, judged by `VerifiedPeer`, and not needed for enrolment.
            configuration.certificateVerification = .optionalVerification
            configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.certificatePEM.utf8)))
            configuration.shutdownTimeout = .seconds(2)
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw ServerError(
                .certificate, "TLS cannot use the coordinator's certificate: \(error)", remedy: "remove server.crt and server.key: they are made anew")
        }
    }
}
