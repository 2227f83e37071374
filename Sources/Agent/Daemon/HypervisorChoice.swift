import AgentCore
import AgentLibvirt
import AgentSimulated
import AgentXen
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
        guard let bytes = try? StateFolder.read(capabilities, limit: 4096) else {
            // A unit with a /proc of its own does not see xenfs; this device is made in dom0 alone (xenbus_dev_backend.c of Linux).
            return access("/dev/xen/xenbus_backend", F_OK) == 0
        }
        return String(decoding: bytes, as: UTF8.self).contains("control_d")
    }

    /// Opens what the options name. Throws `configuration` and `unavailable`.
    static func open(_ options: Options) async throws(AgentFailure) -> HypervisorChoice {
        switch options.hypervisor {
        case .automatic: isDom0 ? try await xen(options) : await libvirt("qemu:///system", options)
        case .xen: try await xen(options)
        case .libvirt(let uri): await libvirt(uri, options)
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
        var settings = SimulatedSettings(
            identity: BladeIdentity(id: BladeID(uuid), serial: options.simulated.serial ?? "SIM-\(uuid.low % 100_000)", name: name))
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

    private static func xen(_ options: Options) async throws(AgentFailure) -> HypervisorChoice {
        let host = LibvirtHost(uri: "xen:///system")
        let settings = XenTelemetry.Settings(
            migrationInterface: options.migrationInterface, migrationEncrypted: options.tunnelsMigrations,
            samplingInterval: options.samplingMilliseconds > 0 ? .milliseconds(options.samplingMilliseconds) : nil)
        do throws(HypervisorError) {
            let telemetry = try XenTelemetry(settings: settings, definitions: host)
            let pauses = try XenPauses()
            return HypervisorChoice(
                telemetry: telemetry, actuator: await actuator(host, telemetry, options) { id throws(HypervisorError) in try pauses.release(id) })
        } catch {
            throw AgentFailure(
                .unavailable, "Xen does not answer: \(error.message)",
                remedy: "is this blade booted with Xen? `cat \(capabilities)` says control_d in dom0; set PODP_HYPERVISOR=libvirt:qemu:///system for KVM")
        }
    }

    private static func libvirt(_ uri: String, _ options: Options) async -> HypervisorChoice {
        let host = LibvirtHost(uri: uri)
        let telemetry = LibvirtTelemetry(host: host, migrationInterface: options.migrationInterface, migrationEncrypted: options.tunnelsMigrations)
        return HypervisorChoice(telemetry: telemetry, actuator: await actuator(host, telemetry, options))
    }

    /// What cannot migrate live is known when the hypervisor answers; when it does not yet, libvirt's own refusal has to do.
    private static func actuator(
        _ host: LibvirtHost, _ telemetry: any Telemetry, _ options: Options, releasePauses: (@Sendable (DomainID) throws(HypervisorError) -> Void)? = nil
    ) async -> LibvirtActuator {
        var settings = LibvirtActuator.Settings(tunnelled: options.tunnelsMigrations, releasePauses: releasePauses)
        if let facts = try? await telemetry.facts() { settings.liveMigration = facts.hypervisor.liveMigration }
        return LibvirtActuator(host: host, settings: settings)
    }
}
