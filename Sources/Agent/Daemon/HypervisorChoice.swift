import AgentCore
import AgentSimulated
import Glibc
import PodpModel

/// The hypervisor that this agent works with.
struct HypervisorChoice: Sendable {
    var telemetry: any Telemetry
    var actuator: any Actuator
    /// Runs beside the agent until it is cancelled.
    var companion: (@Sendable () async -> Void)?

    static let capabilities = "/proc/xen/capabilities"

    /// Whether this is Xen's dom0.
    static var isDom0: Bool {
        guard let bytes = try? StateFolder.read(capabilities, limit: 4096) else { return access("/proc/xen/privcmd", F_OK) == 0 }
        return String(decoding: bytes, as: UTF8.self).contains("control_d")
    }

    /// Opens what the options name. Throws `configuration` and `unavailable`.
    static func open(_ options: Options) throws(AgentFailure) -> HypervisorChoice {
        switch options.hypervisor {
        case .automatic: isDom0 ? try xen(options) : try libvirt("qemu:///system", options)
        case .xen: try xen(options)
        case .libvirt(let uri): try libvirt(uri, options)
        case .simulated(let folder): try simulated(folder, options)
        }
    }

    private static func simulated(_ folder: String, _ options: Options) throws(AgentFailure) -> HypervisorChoice {
        // Under systemd this is a blade that somebody relies on.
        guard options.allowsSimulated || Options.variable("INVOCATION_ID") == nil else {
            throw AgentFailure(
                .configuration, "this service is set to the simulated hypervisor, which runs no real domains",
                remedy: "set PODP_HYPERVISOR=auto in /etc/podp/agent.env; PODP_ALLOW_SIMULATED=1 if it is meant")
        }
        guard let text = options.simulated.blade, let uuid = ID128(text) else {
            throw AgentFailure(.usage, "the simulated hypervisor needs a blade's uuid", remedy: "give --simulated-blade UUID")
        }
        let name = options.simulated.name ?? "blade-\(uuid.low % 1000)"
        var settings = SimulatedSettings(identity: BladeIdentity(id: BladeID(uuid), serial: options.simulated.serial ?? "SIM-\(uuid.low % 100_000)", name: name))
        if let day = options.simulated.dayLength {
            guard let seconds = Int64(day), (1...31_536_000).contains(seconds) else {
                throw AgentFailure(.usage, "--simulated-day is '\(day)'", remedy: "it must be a number of seconds")
            }
            settings.dayLength = .seconds(seconds)
        }
        let boot = options.simulated.bootID ?? String(decoding: (try? StateFolder.read("/proc/sys/kernel/random/boot_id", limit: 4096)) ?? [], as: UTF8.self)
        guard let bootID = ID128(boot.filter { !$0.isWhitespace }) else {
            throw AgentFailure(.usage, "'\(boot)' is no boot id", remedy: "give --simulated-boot UUID")
        }
        do throws(HypervisorError) {
            let hypervisor = try SimulatedHypervisor(world: SimulatedWorld(path: folder), settings: settings, boot: bootID)
            return HypervisorChoice(telemetry: hypervisor, actuator: hypervisor, companion: { await hypervisor.watch() })
        } catch {
            throw AgentFailure(.file, error.message, remedy: "see to the folder \(folder)")
        }
    }

    private static func xen(_ options: Options) throws(AgentFailure) -> HypervisorChoice {
        throw AgentFailure(.unavailable, "Xen is not in this build yet", remedy: "")
    }

    private static func libvirt(_ uri: String, _ options: Options) throws(AgentFailure) -> HypervisorChoice {
        throw AgentFailure(.unavailable, "libvirt is not in this build yet", remedy: "")
    }
}
