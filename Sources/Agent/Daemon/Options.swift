import Glibc
import Logging

/// What the agent is told by flags and by environment variables; a flag wins. `deploy/etc/agent.env` explains each key.
struct Options: Sendable {
    enum Hypervisor: Hashable, Sendable {
        /// Xen where this is dom0, otherwise `qemu:///system`.
        case automatic
        case xen
        case libvirt(uri: String)
        case simulated(folder: String)
    }

    struct Simulated: Hashable, Sendable {
        var blade: String?
        var name: String?
        var serial: String?
        var bootID: String?
        var dayLength: String?
    }

    var stateFolder = "/var/lib/podp-agent"
    var hypervisor = Hypervisor.automatic
    /// Instead of those that the enrolment brought.
    var coordinators: [String] = []
    var logLevel = Logger.Level.info
    var migrationInterface = ""
    var tunnelsMigrations = false
    /// Between two samples of the vCPUs' states; 0: none, and no ready time.
    var samplingMilliseconds = 100
    var allowsSimulated = false
    var simulated = Simulated()
    /// Whether enrolment and renewal install libvirt's certificates too.
    var installsLibvirtPKI = false
    /// Below which they are installed.
    var libvirtPKIFolder = "/etc/pki"
    /// Addresses for the certificate besides the migration network's.
    var addresses: [String] = []

    /// A key: its flag, its environment variable, its argument's name (`nil`: it is a switch), and what it does.
    struct Key: Sendable {
        var flag: String
        var variable: String
        var argument: String?
        var help: String
        var apply: @Sendable (inout Options, String) throws(AgentFailure) -> Void
    }

    static let keys: [Key] = [
        Key(flag: "--state-dir", variable: "PODP_STATE_DIR", argument: "DIR", help: "identity and journal (/var/lib/podp-agent)") { $0.stateFolder = $1 },
        Key(flag: "--hypervisor", variable: "PODP_HYPERVISOR", argument: "WHICH", help: "auto, xen, libvirt:URI or simulated:FOLDER (auto)") {
            options, text throws(AgentFailure) in
            options.hypervisor = try hypervisor(text)
        },
        Key(flag: "--coordinators", variable: "PODP_COORDINATORS", argument: "HOST:PORT,...", help: "instead of those that the enrolment brought") {
            options, text throws(AgentFailure) in
            options.coordinators = try addressList(text)
        },
        Key(flag: "--log-level", variable: "PODP_LOG_LEVEL", argument: "LEVEL", help: "debug, info, notice, warning or error (info)") {
            options, text throws(AgentFailure) in
            guard let level = Logger.Level(rawValue: text) else { throw wrong("PODP_LOG_LEVEL", text, "debug, info, notice, warning or error") }
            options.logLevel = level
        },
        Key(flag: "--migration-interface", variable: "PODP_MIGRATION_INTERFACE", argument: "NAME", help: "the interface or bridge that migrations come in by") {
            $0.migrationInterface = $1
        },
        Key(flag: "--tunnel-migrations", variable: "PODP_TUNNEL_MIGRATIONS", argument: nil, help: "send domains' memory through libvirt's TLS connection") {
            options, text throws(AgentFailure) in
            options.tunnelsMigrations = try isOn("PODP_TUNNEL_MIGRATIONS", text)
        },
        Key(flag: "--sampling-ms", variable: "PODP_SAMPLING_MS", argument: "N", help: "between two samples of vCPU states, 10 to 10000; 0: none (100)") {
            options, text throws(AgentFailure) in
            guard let number = Int(text), number == 0 || (10...10_000).contains(number) else { throw wrong("PODP_SAMPLING_MS", text, "0, or 10 to 10000") }
            options.samplingMilliseconds = number
        },
        Key(flag: "--allow-simulated", variable: "PODP_ALLOW_SIMULATED", argument: nil, help: "a service may use the simulated hypervisor") {
            options, text throws(AgentFailure) in
            options.allowsSimulated = try isOn("PODP_ALLOW_SIMULATED", text)
        },
        Key(flag: "--simulated-blade", variable: "PODP_SIMULATED_BLADE", argument: "UUID", help: "the simulated blade's uuid") { $0.simulated.blade = $1 },
        Key(flag: "--simulated-name", variable: "PODP_SIMULATED_NAME", argument: "NAME", help: "its host name") { $0.simulated.name = $1 },
        Key(flag: "--simulated-serial", variable: "PODP_SIMULATED_SERIAL", argument: "TEXT", help: "its serial number") { $0.simulated.serial = $1 },
        Key(flag: "--simulated-boot", variable: "PODP_SIMULATED_BOOT", argument: "UUID", help: "its boot id (this machine's)") { $0.simulated.bootID = $1 },
        Key(flag: "--simulated-day", variable: "PODP_SIMULATED_DAY", argument: "SECONDS", help: "how long a day of its domains' loads lasts (86400)") {
            $0.simulated.dayLength = $1
        },
        Key(flag: "--libvirt-pki", variable: "PODP_LIBVIRT_PKI", argument: nil, help: "install the certificates that libvirtd's migrations need, too") {
            options, text throws(AgentFailure) in
            options.installsLibvirtPKI = try isOn("PODP_LIBVIRT_PKI", text)
        },
        Key(flag: "--libvirt-pki-dir", variable: "PODP_LIBVIRT_PKI_DIR", argument: "DIR", help: "where (/etc/pki)") { $0.libvirtPKIFolder = $1 },
        Key(flag: "--address", variable: "PODP_ADDRESSES", argument: "HOST,...", help: "more names or addresses for the certificate") {
            $0.addresses += $1.split(separator: ",").map { String($0.drop { $0 == " " }) }
        },
    ]

    /// Reads the environment, then the flags. Returns what is left of the arguments. Throws `usage`.
    static func read(arguments: [String], environment: (String) -> String?) throws(AgentFailure) -> (Options, rest: [String]) {
        var options = Options()
        for key in keys {
            if let value = environment(key.variable), !value.isEmpty { try key.apply(&options, value) }
        }
        var rest: [String] = []
        var left = arguments[...]
        while let argument = left.popFirst() {
            guard argument.hasPrefix("--"), argument != "--help", argument != "--version" else {
                rest.append(argument)
                continue
            }
            let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let key = keys.first(where: { $0.flag == parts[0] }) else {
                throw AgentFailure(.usage, "there is no flag \(parts[0])", remedy: "`podp-agent --help` lists them")
            }
            if key.argument == nil {
                try key.apply(&options, parts.count > 1 ? parts[1] : "1")
            } else if parts.count > 1 {
                try key.apply(&options, parts[1])
            } else if let value = left.popFirst() {
                try key.apply(&options, value)
            } else {
                throw AgentFailure(.usage, "\(key.flag) needs \(key.argument ?? "a value")", remedy: "`podp-agent --help` shows how")
            }
        }
        return (options, rest)
    }

    static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static func wrong(_ key: String, _ text: String, _ expected: String) -> AgentFailure {
        AgentFailure(.usage, "\(key) is '\(text)'", remedy: "it must be \(expected)")
    }

    private static func isOn(_ key: String, _ text: String) throws(AgentFailure) -> Bool {
        switch text {
        case "1", "yes", "true", "on": return true
        case "0", "no", "false", "off": return false
        default: throw wrong(key, text, "1 or 0")
        }
    }

    private static func addressList(_ text: String) throws(AgentFailure) -> [String] {
        var list: [String] = []
        for part in text.split(whereSeparator: { $0 == "," || $0 == " " }) {
            guard Address(String(part)) != nil else { throw wrong("PODP_COORDINATORS", text, "host:port, separated by commas") }
            list.append(String(part))
        }
        return list
    }

    private static func hypervisor(_ text: String) throws(AgentFailure) -> Hypervisor {
        switch text {
        case "auto": return .automatic
        case "xen": return .xen
        case _ where text.hasPrefix("libvirt:") && text.utf8.count > 8: return .libvirt(uri: String(text.dropFirst(8)))
        case _ where text.hasPrefix("simulated:/"): return .simulated(folder: String(text.dropFirst(10)))
        default: throw wrong("PODP_HYPERVISOR", text, "auto, xen, libvirt:URI (libvirt:qemu:///system) or simulated:FOLDER (an absolute path)")
        }
    }
}
