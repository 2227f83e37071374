import ArgumentParser
import Foundation
import Hummingbird
import Logging
import ServiceLifecycle

/// `podp-bladecenter run`: a chassis of blades, until it is told to stop.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a chassis: one podp-agent for each blade, and a Redfish service that switches them.",
        discussion: """
            The blades' identities are the same in every run. Blades that are not enrolled yet are enrolled first, with tokens that `podp blade token` makes.
            The agents stop when this program stops, however it stops.
            """)

    @Option(help: "Where the blades' state lives; it is made if it is not there.")
    var folder: String

    @Option(help: "How many blades.")
    var blades = 14

    @Option(help: "podp-agent; by default the one beside this program.")
    var agent: String?

    @Option(help: "podp, for enrolment tokens; by default the one beside this program.")
    var podp: String?

    @Option(help: "The coordinator's Unix socket, for podp.")
    var socket = ""

    @Option(help: "Where the Redfish service listens: HOST:PORT.")
    var redfish = "127.0.0.1:8001"

    @Option(help: "Seconds from power to the agent's start, when a blade is switched on.")
    var bootTime = 15.0

    @Option(help: "Seconds that a simulated day lasts: domains' loads follow it.")
    var dayLength = 86_400.0

    @Option(help: "What operations' durations are multiplied with, in thousandths: 250 makes migrations four times as fast.")
    var pace = 1000

    @Flag(help: "Let all blades have booted at once at the start, for demonstrations.")
    var warm = false

    func validate() throws {
        guard (1...64).contains(blades) else { throw ValidationError("--blades is from 1 to 64") }
        guard bootTime >= 0, bootTime <= 3600 else { throw ValidationError("--boot-time is from 0 to 3600 seconds") }
        guard dayLength >= 10, dayLength <= 1e6 else { throw ValidationError("--day-length is from 10 to 1000000 seconds") }
        guard (0...10_000).contains(pace) else { throw ValidationError("--pace is from 0 to 10000 thousandths") }
        guard address != nil else { throw ValidationError("--redfish is HOST:PORT, like 127.0.0.1:8001") }
    }

    private var address: (host: String, port: Int)? {
        guard let colon = redfish.lastIndex(of: ":"), let port = UInt16(redfish[redfish.index(after: colon)...]), colon > redfish.startIndex else { return nil }
        return (String(redfish[..<colon]), Int(port))
    }

    func run() async throws {
        LoggingSystem.bootstrap(StreamLogHandler.standardError)
        var log = Logger(label: "podp-bladecenter")
        log.logLevel = .info
        var settings = BladeCenter.Settings(folder: folder, agent: try program(agent, "podp-agent"), podp: try program(podp, "podp"))
        settings.blades = blades
        settings.socket = socket
        settings.bootTime = .milliseconds(Int64(bootTime * 1000))
        settings.pace = pace
        settings.dayLength = .milliseconds(Int64(dayLength * 1000))
        let center = try BladeCenter(settings: settings, log: log)
        guard let address else { return }
        var quiet = log
        quiet.logLevel = .warning
        let web = Application(
            router: RedfishService(center: center).router(),
            configuration: .init(address: .hostname(address.host, port: address.port), serverName: "podp-bladecenter"),
            logger: quiet)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: web), .init(service: BladeCenterService(center: center, warm: warm, log: log)),
                ], gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
        do {
            try await group.run()
        } catch {
            await center.close()
            throw error
        }
    }

    /// A program that was named, or the one beside this one.
    private func program(_ named: String?, _ name: String) throws -> String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments.first ?? ""
        let path = named ?? URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent(name).path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw ValidationError("\(path) cannot be run: build it with `swift build`, or say where it is with --\(name == "podp" ? "podp" : "agent")")
        }
        return path
    }
}

/// The chassis as a service: begins with the group, ends its agents with it.
struct BladeCenterService: Service {
    let center: BladeCenter
    let warm: Bool
    let log: Logger

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                try await center.begin(bootAtOnce: warm)
                log.notice("every blade is switched on")
                while !Task.isCancelled { try await Task.sleep(for: .seconds(3600)) }
            }
        } catch is CancellationError {
            log.info("stopping the agents")
        } catch {
            await center.close()
            throw error
        }
        await center.close()
    }
}
