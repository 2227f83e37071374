import AgentCore
import Glibc
import Logging
import NIOCore
import NIOPosix
import PodpModel
import ServiceLifecycle

@main
enum AgentProgram {
    static let usage: String = {
        let width = 34
        let flags = Options.keys.map { key in
            let flag = "  \(key.flag)" + (key.argument.map { " \($0)" } ?? "")
            let gap = String(repeating: " ", count: max(1, width - flag.utf8.count))
            return "\(flag)\(gap)\(key.help)\n\(String(repeating: " ", count: width))[\(key.variable)]"
        }
        return """
            usage: podp-agent run           work for the coordinator (the systemd service)
                   podp-agent enrol TOKEN   take the certificate that `podp blade token` promised
                   podp-agent check         what is wrong with this blade, with remedies
                   podp-agent version

            Each flag has an environment variable; the flag wins.

            \(flags.joined(separator: "\n"))

            exit codes: 0 done; 1 check found something; 64 wrong usage; 65 refused; 68 no coordinator;
            69 something is missing; 74 a file; 75 another agent runs; 78 not configured

            """
    }()

    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        umask(0o077)
        do {
            let (options, rest) = try Options.read(arguments: Array(CommandLine.arguments.dropFirst()), environment: Options.variable)
            try await dispatch(options, rest)
        } catch let failure as AgentFailure {
            say("podp-agent: \(failure)", to: STDERR_FILENO)
            exit(failure.code.rawValue)
        } catch {
            say("podp-agent: \(error)", to: STDERR_FILENO)
            exit(1)
        }
    }

    private static func dispatch(_ options: Options, _ rest: [String]) async throws {
        switch (rest.first, rest.count) {
        case ("run", 1): try await run(options)
        case ("enrol", 2), ("enroll", 2): try await enrol(options, token: rest[1])
        case ("check", 1): try await check(options)
        case ("version", 1), ("--version", 1): say("podp-agent \(Release.version)")
        case ("--help", _), ("help", _): say(usage)
        case (nil, _): throw AgentFailure(.usage, "what shall the agent do?", remedy: "`podp-agent --help` tells")
        case ("enrol", _): throw AgentFailure(.usage, "enrol needs one token", remedy: "`podp blade token` on the coordinator makes one")
        default: throw AgentFailure(.usage, "'\(rest.joined(separator: " "))' is nothing that the agent can do", remedy: "`podp-agent --help` tells what is")
        }
    }

    private static func run(_ options: Options) async throws {
        LoggingSystem.bootstrap { _ in JournalLog(environment: Options.variable) }
        var log = Logger(label: "podp-agent")
        log.logLevel = options.logLevel
        let systemd = Systemd(environment: Options.variable)
        let folder = try StateFolder(options.stateFolder)
        try folder.lock()
        guard let identity = try Identity.load(folder) else {
            throw AgentFailure(
                .configuration, "this blade is not enrolled", remedy: "`podp blade token` on the coordinator, then `podp-agent enrol TOKEN` here")
        }
        let hypervisor = try await HypervisorChoice.open(options)
        let facts = await facts(of: hypervisor, log: log, systemd: systemd)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let shell = try AgentShell(
            options: options, folder: folder, identity: identity, hypervisor: hypervisor, facts: facts, log: log, systemd: systemd, loop: group.next())
        try await ServiceGroup(services: [shell], gracefulShutdownSignals: [.sigterm, .sigint], logger: log).run()
    }

    /// The hypervisor may come up later than the agent.
    private static func facts(of hypervisor: HypervisorChoice, log: Logger, systemd: Systemd) async -> HostFacts {
        while true {
            do throws(HypervisorError) {
                return try await hypervisor.telemetry.facts()
            } catch {
                log.warning("the hypervisor does not answer yet: \(error)")
                systemd.notify("STATUS=waiting for the hypervisor: \(error.message.filter { !$0.isNewline })")
                try? await Task.sleep(for: .seconds(5))
            }
        }
    }

    private static func enrol(_ options: Options, token text: String) async throws {
        let token = try EnrolmentToken(text)
        if token.expires < AgentShell.wall { say("note: by this blade's clock the token has expired; the coordinator judges by its own") }
        let folder = try StateFolder(options.stateFolder)
        try folder.lock()
        let hypervisor = try await HypervisorChoice.open(options)
        let facts: HostFacts
        var addresses = options.addresses
        do throws(HypervisorError) {
            facts = try await hypervisor.telemetry.facts()
            let address = try await hypervisor.telemetry.inventory().host.migrationAddress
            if !address.isEmpty, !addresses.contains(address) { addresses.append(address) }
        } catch {
            throw AgentFailure(.unavailable, "the hypervisor does not say which blade this is: \(error.message)", remedy: "`podp-agent check` tells more")
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let pool = NIOThreadPool(numberOfThreads: 2)
        pool.start()
        let enrolment = Enrolment(token: token, folder: folder, blade: facts.identity, addresses: addresses)
        let identity = try await enrolment.run(loop: group.next(), pool: pool)
        if options.installsLibvirtPKI {
            try LibvirtCertificates(folder: options.libvirtPKIFolder).install(identity)
            // Renewals install them too, whatever the service's environment says.
            try StateFolder.write(Array(options.libvirtPKIFolder.utf8), to: folder.libvirtPKI)
        }
        say("blade \(facts.identity.name) (\(facts.identity.id)) is enrolled; start its agent: systemctl enable --now podp-agent")
    }

    private static func check(_ options: Options) async throws {
        let findings = await Check(options: options).findings()
        for finding in findings { say("\(finding.severity.rawValue): \(finding.what) [\(finding.code)]\n    \(finding.remedy)") }
        if findings.isEmpty { say("nothing is wrong with this blade") }
        exit(findings.contains { $0.severity != .note } ? 1 : 0)
    }

    static func say(_ text: String, to descriptor: Int32 = STDOUT_FILENO) {
        let bytes = Array((text + "\n").utf8)
        _ = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }
}
