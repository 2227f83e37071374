import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL
import PodpWeb
import ServiceLifecycle

/// The web's listeners, running for the time of a test.
public struct LiveServer: Sendable {
    /// The Unix socket.
    public let socket: String
    /// The port of the TLS listener on 127.0.0.1; 0 when there is none.
    public let tlsPort: Int
    /// The port of the metrics' listener on 127.0.0.1.
    public let metricsPort: Int

    /// Starts the listeners over the fleet, does the work, and stops them. `directory`: an empty one, for the socket.
    public static func with<Result: Sendable>(
        _ fleet: FakeFleet, directory: String, settings: WebSettings = WebSettings(), tls: TLSConfiguration? = nil,
        _ work: @escaping @Sendable (LiveServer) async throws -> Result
    ) async throws -> Result {
        var logger = Logger(label: "podp.test")
        logger.logLevel = .critical
        let socket = "\(directory)/podp.sock"
        let streams = SharedStreams(settings)
        let (ready, continuation) = AsyncStream.makeStream(of: (Int, SocketAddress?).self)
        var services: [any Service] = [
            try WebServer.unixSocket(socket, fleet: fleet, settings: settings, streams: streams, logger: logger) { continuation.yield((0, $0)) },
            WebServer.metrics(port: 0, fleet: fleet, settings: settings, logger: logger) { continuation.yield((1, $0)) },
        ]
        if let tls {
            services.append(
                try WebServer.tls(host: "127.0.0.1", port: 0, configuration: tls, fleet: fleet, settings: settings, streams: streams, logger: logger) {
                    continuation.yield((2, $0))
                })
        }
        let count = services.count
        let group = ServiceGroup(configuration: .init(services: services, logger: logger))
        return try await withThrowingTaskGroup(of: Result?.self) { tasks in
            tasks.addTask {
                do { try await group.run() } catch {
                    continuation.finish()
                    throw error
                }
                continuation.finish()
                return nil
            }
            tasks.addTask {
                var ports = [0, 0, 0]
                var seen = 0
                for await (number, address) in ready {
                    ports[number] = address?.port ?? 0
                    seen += 1
                    if seen == count { break }
                }
                guard seen == count else { throw NotStarted() }
                do {
                    let result = try await work(LiveServer(socket: socket, tlsPort: ports[2], metricsPort: ports[1]))
                    await group.triggerGracefulShutdown()
                    return result
                } catch {
                    await group.triggerGracefulShutdown()
                    throw error
                }
            }
            var result: Result?
            for try await one in tasks { if let one { result = one } }
            guard let result else { throw NotStarted() }
            return result
        }
    }

    public struct NotStarted: Error {}
}
