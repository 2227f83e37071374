import Foundation
import Logging
import NIOSSL
import PodpChassis
import PodpCore
import PodpModel
import PodpServer
import PodpStore
import PodpWeb
import ServiceLifecycle
import Synchronization

/// The whole coordinator: what the rooms offer, put together and run as one group of services.
struct Coordinator {
    let options: RunCommand
    let log: Logger

    func run() async throws {
        let store: Store
        let records: [PodpCore.Record]
        let authority: CertificateAuthority
        let journal: AuditJournal
        let listener: AgentListener
        var lifetimes = CertificateAuthority.Lifetimes()
        lifetimes.blade = options.certificateLifetime.duration
        let recorder = options.recording.map { Recorder(file: $0, limit: options.recordLimit * 1_000_000, version: Release.version, log: log) }
        let loop = CoreLoop(configuration: options.coreConfiguration, recorder: recorder, log: log)
        do {
            authority = try CertificateAuthority(directory: options.files.authority, lifetimes: lifetimes)
            store = try Store(file: options.files.store, build: Release.version)
            records = try store.load()
            journal = try AuditJournal(file: options.files.history, log: log)
            var configuration = AgentListener.Configuration(names: options.names, directory: options.files.authority)
            configuration.host = options.listen.host
            configuration.port = options.listen.port
            listener = try AgentListener(
                configuration: configuration, authority: authority, mailbox: loop, log: log, clock: { Clock.wall }, welcome: { loop.welcome() })
        } catch {
            throw CoordinatorFailure(message: "\(error)")
        }

        let (batches, batchFeed) = AsyncStream.makeStream(of: Batch.self)
        let (jobs, jobFeed) = AsyncStream.makeStream(of: EffectPerformer.Job.self)
        let failure = Mutex<String?>(nil)
        let timer = CoreTimer(loop: loop)
        let stopping = StopSignal()
        let chassis = ChassisCrew(
            log: log,
            open: { record throws(ChassisError) in
                let secrets = try record.secretFile.map { path throws(ChassisError) in try ChassisSecrets(file: path) } ?? ChassisSecrets()
                let feedSecrets = try record.feedSecretFile.map { path throws(ChassisError) in try ChassisSecrets(file: path) } ?? ChassisSecrets()
                let driver = try ChassisDrivers.driver(
                    for: try ChassisURL(record.url), secrets: secrets, feeds: try record.feeds.map { url throws(ChassisError) in try ChassisURL(url) },
                    feedSecrets: feedSecrets)
                await driver.resume(log: record.newestLog ?? [])
                await driver.resume(
                    seats: Dictionary(
                        record.seats.compactMap { seat in (seat.uuid?.description ?? seat.serial).map { ($0, seat.bay) } },
                        uniquingKeysWith: { first, _ in first })
                )
                return driver
            }, tell: { loop.post(.chassis($0, $1)) })
        let performer = EffectPerformer(
            loop: loop, links: listener.links, authority: authority, journal: journal, timer: timer, chassis: chassis, batches: batchFeed, jobs: jobFeed,
            log: log,
            fail: { reason in
                failure.withLock { $0 = $0 ?? reason }
                stopping.raise()
            })
        loop.perform { performer.perform($0) }
        loop.post(.loaded(records, newTermID: .newUUID()))

        let fleet = CoordinatorFleet(
            loop: loop, journal: journal, authority: authority, agentAddresses: options.names.map { address($0) },
            planningWindow: options.planningWindow.duration)
        var services: [any Service] = [
            journal, StoreWriter(store: store, loop: loop, batches: batches, log: log), ClosingLoop(loop: loop, batches: batchFeed), timer,
            Workshop(loop: loop, links: listener.links, authority: authority, jobs: jobs, log: log), chassis, listener, stopping,
        ]
        services += try web(fleet, certificate: { try authority.serverCertificate(in: options.files.authority, hosts: options.names, now: Clock.wall) })
        services.append(Readiness(log: log, term: { loop.view().term?.number }))
        let group = ServiceGroup(
            configuration: .init(services: services.map { .init(service: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: log))
        do {
            try await group.run()
        } catch let stop as StopSignal.Raised {
            _ = stop
        } catch {
            throw CoordinatorFailure(message: "\(error)")
        }
        if let reason = failure.withLock({ $0 }) {
            throw CoordinatorFailure(message: "podp decides nothing more, and restarts to read the store anew: \(reason)")
        }
        log.notice("stopped")
    }

    /// `name` with the agents' port, where it has none.
    private func address(_ name: String) -> String {
        if name.hasPrefix("[") || name.split(separator: ":", omittingEmptySubsequences: false).count == 2 { return name }
        return HostPort(host: name, port: options.listen.port).description
    }

    private func web(_ fleet: CoordinatorFleet, certificate: () throws -> ServerCertificate) throws -> [any Service] {
        var settings = WebSettings()
        settings.version = Release.version
        let streams = SharedStreams(settings)
        let folder = URL(fileURLWithPath: options.socket).deletingLastPathComponent().path
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            var services: [any Service] = [
                try WebServer.unixSocket(options.socket, fleet: fleet, settings: settings, streams: streams, logger: log),
                WebServer.metrics(host: options.metrics.host, port: options.metrics.port, fleet: fleet, settings: settings, logger: log),
            ]
            if let api = options.apiAddress {
                let own = try certificate()
                var tls = TLSConfiguration.makeServerConfiguration(
                    certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(own.chain.utf8)).map { .certificate($0) },
                    privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(own.key.utf8), format: .pem)))
                tls.minimumTLSVersion = .tlsv12
                services.append(
                    try WebServer.tls(host: api.host, port: api.port, configuration: tls, fleet: fleet, settings: settings, streams: streams, logger: log))
            }
            return services
        } catch {
            throw CoordinatorFailure(message: "the operators' API cannot be served: \(error)")
        }
    }
}

/// Runs the core's loop, and ends the store's feed when no decision can come any more.
struct ClosingLoop: Service {
    let loop: CoreLoop
    let batches: AsyncStream<Batch>.Continuation

    func run() async throws {
        try await loop.run()
        batches.finish()
    }
}

/// Ends the group when the core may not decide any more.
final class StopSignal: Service {
    struct Raised: Error {}

    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func raise() { continuation.yield() }

    func run() async throws {
        for await _ in stream.cancelOnGracefulShutdown() { throw Raised() }
    }
}

/// Tells systemd that the coordinator is ready.
struct Readiness: Service {
    let log: Logger
    let term: @Sendable () -> UInt64?

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            // The term is stored before anybody may rely on this coordinator.
            while term() == nil { try await Task.sleep(for: .milliseconds(20)) }
            SystemdNotice.send("READY=1\nSTATUS=term \(term() ?? 0)")
            log.notice("ready", metadata: ["term": "\(term() ?? 0)"])
            while true {
                try await Task.sleep(for: .seconds(10))
                SystemdNotice.send("WATCHDOG=1")
            }
        }
    }
}

/// Systemd's notification socket (sd_notify(3)), when there is one.
enum SystemdNotice {
    static func send(_ text: String) {
        guard let path = Environment.text("NOTIFY_SOCKET"), path.utf8.count < 108 else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        // An abstract socket's name begins with a NUL.
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let message = Array(text.utf8)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL), $0, length) }
        }
    }
}
