import ArgumentParser
import Foundation
import Logging
import NIOSSL
import PodpCore
import PodpModel
import PodpServer
import PodpStore
import PodpWeb
import ServiceLifecycle
import UnixSignals

/// `podp-coordinator run`
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "run", abstract: "Runs the coordinator (what the systemd unit starts).")

    @OptionGroup var files: DataOptions

    @Option(help: "Where agents connect (PODP_LISTEN).")
    var listen: HostPort = Option.from("PODP_LISTEN", HostPort(host: "::", port: 4471))

    @Option(
        help:
            "Names and addresses that agents reach this host by, for its certificate and for tokens; more than once, or with commas in PODP_NAMES. Default: the host's name."
    )
    var name: [String] = Environment.list("PODP_NAMES")

    @Option(help: "The Unix socket of the operators' API (PODP_SOCKET).")
    var socket: String = Environment.text("PODP_SOCKET") ?? "/run/podp/podp.sock"

    @Option(help: "Serve the operators' API over TLS with bearer tokens here, too (PODP_API_LISTEN). Default: not at all.")
    var api: HostPort?

    @Option(help: "Where Prometheus scrapes /metrics, without a token (PODP_METRICS_LISTEN).")
    var metrics: HostPort = Option.from("PODP_METRICS_LISTEN", HostPort(host: "127.0.0.1", port: 9471))

    @Option(help: "The chassis of blades that were enrolled without one (PODP_CHASSIS).")
    var chassis: String = Environment.text("PODP_CHASSIS") ?? "chassis-1"

    @Option(help: "How often agents report (PODP_REPORT_INTERVAL).")
    var reportInterval: Span = Option.from("PODP_REPORT_INTERVAL", Span(.seconds(1)))

    @Option(help: "Plans look back over this long (PODP_PLANNING_WINDOW).")
    var planningWindow: Span = Option.from("PODP_PLANNING_WINDOW", Span(.seconds(300)))

    @Option(help: "Between two looks of podp's own at the balance (PODP_BALANCE_INTERVAL).")
    var balanceInterval: Span = Option.from("PODP_BALANCE_INTERVAL", Span(.seconds(30)))

    @Option(help: "A domain that was moved is left alone by automation for this long (PODP_SETTLE_TIME).")
    var settleTime: Span = Option.from("PODP_SETTLE_TIME", Span(.seconds(300)))

    @Option(help: "What one migration may take of the migration network, in MB/s (PODP_MIGRATION_MBPS).")
    var migrationSpeed: Int = Environment.text("PODP_MIGRATION_MBPS").flatMap(Int.init) ?? 100

    @Option(help: "Lifetime of blades' certificates; they renew themselves after two thirds of it (PODP_CERTIFICATE_LIFETIME).")
    var certificateLifetime: Span = Option.from("PODP_CERTIFICATE_LIFETIME", Span(.seconds(90 * 86_400)))

    @Option(
        help: ArgumentHelp(
            "Write down every event and every decision here, for `podp-coordinator replay` (PODP_RECORD). The older half is FILE.1.", valueName: "file"))
    var record: String?

    @Option(help: "How long both halves of the recording may get, in MB (PODP_RECORD_MB).")
    var recordLimit: Int = Environment.text("PODP_RECORD_MB").flatMap(Int.init) ?? 256

    @Option(help: "How much to log: trace, debug, info, notice, warning, error (PODP_LOG).")
    var log: String = Environment.text("PODP_LOG") ?? "info"

    func validate() throws {
        guard planningWindow.duration >= .seconds(30) else {
            throw ValidationError("--planning-window: at least 30s, for a plan needs something to look back on")
        }
        guard reportInterval.duration >= .milliseconds(100), reportInterval.duration <= .seconds(60) else {
            throw ValidationError("--report-interval: 100ms to 60s")
        }
        guard certificateLifetime.duration >= .seconds(3 * 86_400) else {
            throw ValidationError(
                "--certificate-lifetime: at least 3d: they are valid from a day before, and renewed after two thirds, so that less would be renewed for ever")
        }
        guard balanceInterval.duration >= .seconds(1) else { throw ValidationError("--balance-interval: at least 1s") }
        guard (1...100_000).contains(migrationSpeed) else { throw ValidationError("--migration-speed: 1 to 100000 MB/s") }
        guard (1...100_000).contains(recordLimit) else { throw ValidationError("--record-limit: 1 to 100000 MB") }
        guard Logger.Level(rawValue: log) != nil else {
            throw ValidationError("--log: one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
        }
    }

    func run() async throws {
        LoggingSystem.bootstrap { StandardErrorLog(level: Logger.Level(rawValue: log) ?? .info, label: $0) }
        let logger = Logger(label: "podp-coordinator")
        do {
            try await Coordinator(options: self, log: logger).run()
        } catch let failure as CoordinatorFailure {
            logger.critical("\(failure.message)")
            throw ExitCode(1)
        }
    }

    var recording: String? { record ?? Environment.text("PODP_RECORD") }

    var apiAddress: HostPort? { api ?? Environment.text("PODP_API_LISTEN").flatMap(HostPort.init(argument:)) }

    var names: [String] { name.isEmpty ? [ProcessInfo.processInfo.hostName] : name }

    var coreConfiguration: CoordinatorCore.Configuration {
        var configuration = CoordinatorCore.Configuration()
        configuration.reportInterval = reportInterval.duration
        configuration.planningWindow = planningWindow.duration
        configuration.balanceInterval = balanceInterval.duration
        configuration.settleTime = settleTime.duration
        configuration.chassis = chassis
        configuration.migrationBytesPerSecond = UInt64(migrationSpeed) * 1_000_000
        return configuration
    }
}

/// Why the coordinator does not run, for people.
struct CoordinatorFailure: Error {
    var message: String
}
