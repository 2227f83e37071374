import Glibc
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import PodpAPI
import ServiceLifecycle

/// The listeners of the coordinator's web, each a service of its own for the daemon's `ServiceGroup`.
public enum WebServer {
    /// The API on a Unix socket, for users of the host who may open it: mode 0660, of group `podp` when there is one.
    ///
    /// The socket's directory must be there, and nobody but root and the coordinator may write to it. A socket file that nobody listens at is replaced;
    /// `run()` throws `WebError.addressTaken` when somebody does. `onReady` is called with the bound address.
    public static func unixSocket(
        _ path: String, fleet: any Fleet, settings: WebSettings = WebSettings(), streams: SharedStreams, logger: Logger,
        onReady: @escaping @Sendable (SocketAddress?) async -> Void = { _ in }
    ) throws -> some Service {
        let site = try Site(fleet: fleet, door: .unixSocket(PeerNames()), settings: settings, streams: streams.slots)
        var application = Application(
            responder: site, server: plain(settings), configuration: configuration(.unixDomainSocket(path: path), settings, logger),
            onServerRunning: { channel in
                UnixSocketFile.open(path, logger: logger)
                await onReady(channel.localAddress)
            }, logger: logger)
        application.beforeServerStarts { try await UnixSocketFile.refuseIfAlive(path) }
        return application
    }

    /// The API over TLS for everybody with a bearer token. `port` 0 takes any free one; `onReady` is called with the bound address.
    public static func tls(
        host: String, port: Int, configuration tls: TLSConfiguration, fleet: any Fleet, settings: WebSettings = WebSettings(), streams: SharedStreams,
        logger: Logger, onReady: @escaping @Sendable (SocketAddress?) async -> Void = { _ in }
    ) throws -> some Service {
        let site = try Site(fleet: fleet, door: .tokens, settings: settings, streams: streams.slots)
        return Application(
            responder: site, server: try .tls(plain(settings), tlsConfiguration: tls),
            configuration: configuration(.hostname(host, port: port), settings, logger),
            onServerRunning: { await onReady($0.localAddress) }, logger: logger)
    }

    /// `/metrics`, `/healthz` and `/readyz`, without a token: keep it on loopback, or on a network that may read them.
    public static func metrics(
        host: String = "127.0.0.1", port: Int, fleet: any Fleet, settings: WebSettings = WebSettings(), logger: Logger,
        onReady: @escaping @Sendable (SocketAddress?) async -> Void = { _ in }
    ) -> some Service {
        Application(
            responder: MetricsSite(fleet: fleet, settings: settings), server: plain(settings),
            configuration: configuration(.hostname(host, port: port), settings, logger), onServerRunning: { await onReady($0.localAddress) }, logger: logger)
    }

    private static func plain(_ settings: WebSettings) -> HTTPServerBuilder {
        .http1(
            configuration: .init(
                idleTimeout: TimeAmount(settings.idleTimeout),
                httpDecoderConfiguration: .init(maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100)))
    }

    private static func configuration(_ address: BindAddress, _ settings: WebSettings, _ logger: Logger) -> ApplicationConfiguration {
        ApplicationConfiguration(
            address: address, serverName: "podp", availableConnectionsDelegate: .maximum(settings.connectionLimit, logger: logger))
    }
}

/// Followers of events of all listeners, counted together.
public struct SharedStreams: Sendable {
    let slots: StreamSlots

    public init(_ settings: WebSettings = WebSettings()) {
        slots = StreamSlots(total: settings.streamLimit, perCaller: settings.streamsPerCaller)
    }
}

/// Why a listener does not start.
public enum WebError: Error, Hashable, CustomStringConvertible {
    /// Somebody listens at this socket already.
    case addressTaken(path: String)

    public var description: String {
        switch self {
        case .addressTaken(let path):
            "another coordinator listens at \(path): stop it first ('systemctl status podp-coordinator'), or give this one another path"
        }
    }
}

/// The socket's file: whose it is, and whether somebody is behind it.
private enum UnixSocketFile {
    /// Lets group `podp` in. Until then the file is its owner's alone (bind honours the umask, and nobody else may write to it).
    static func open(_ path: String, logger: Logger) {
        var entry = group()
        var found: UnsafeMutablePointer<group>?
        var buffer = [CChar](repeating: 0, count: 64 << 10)
        let gid: gid_t? = buffer.withUnsafeMutableBufferPointer { space in
            guard let start = space.baseAddress, getgrnam_r("podp", &entry, start, space.count, &found) == 0, found != nil else { return nil }
            return entry.gr_gid
        }
        if let gid {
            var about = stat()
            let isThere = stat(path, &about) == 0 && about.st_gid == gid
            // Not root, and not of that group: it stays with the coordinator's own.
            if !isThere, chown(path, uid_t.max, gid) != 0 {
                logger.warning("the socket stays with the coordinator's own group", metadata: ["path": "\(path)", "errno": "\(errno)"])
            }
        } else {
            logger.info("there is no group podp: only the coordinator's own group may use the socket", metadata: ["path": "\(path)"])
        }
        if chmod(path, 0o660) != 0 { logger.error("the socket's mode cannot be set", metadata: ["path": "\(path)", "errno": "\(errno)"]) }
    }

    static func refuseIfAlive(_ path: String) async throws {
        let client = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let channel = try? await client.connect(unixDomainSocketPath: path).get() {
            try? await channel.close()
            throw WebError.addressTaken(path: path)
        }
    }
}
