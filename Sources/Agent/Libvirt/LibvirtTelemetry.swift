import AgentCore
import AgentHost
import CLibvirt
import PodpModel

/// Measures a host through libvirt alone: KVM (`qemu:///system`) and libvirt's test driver. The host itself is measured in `/proc`.
public actor LibvirtTelemetry: Telemetry {
    private let host: LibvirtHost
    private let files: HostFiles
    private let migrationInterface: String
    private let migrationEncrypted: Bool
    private let disks: Set<String>
    private let nics: [String]

    public init(host: LibvirtHost, migrationInterface: String = "", migrationEncrypted: Bool = false, files: HostFiles = HostFiles()) {
        self.host = host
        self.files = files
        self.migrationInterface = migrationInterface
        self.migrationEncrypted = migrationEncrypted
        let devices = HostDevices(files: files)
        disks = devices.wholeDisks()
        nics = devices.nics().map(\.name)
    }

    private func ask<Value: Sendable>(_ body: @Sendable (OpaquePointer) throws(LibvirtFailure) -> Value) async throws(HypervisorError) -> Value {
        do throws(LibvirtFailure) {
            return try await host.query.call(body)
        } catch {
            throw error.hypervisorError
        }
    }

    public func facts() async throws(HypervisorError) -> HostFacts {
        let identity = HostIdentity(files: files)
        let (kind, version, libvirt) = try await ask { connection throws(LibvirtFailure) in
            var number: UInt = 0
            let version = virConnectGetVersion(connection, &number) == 0 ? LibvirtHost.dotted(number) : ""
            return (LibvirtHost.kind(connection), version, LibvirtHost.version(connection))
        }
        let ability: Ability = kind == .test ? .no(reason: "libvirt's test driver moves no domains") : .yes
        return HostFacts(
            identity: try identity.identity(), bootID: try identity.bootID(),
            hypervisor: HypervisorFacts(kind: kind, version: version, libvirtVersion: libvirt, liveMigration: [.kvm: ability, .unknown: ability]),
            cpu: identity.cpu())
    }

    public func inventory() async throws(HypervisorError) -> Inventory {
        let readAt = HostClock.bootTime()
        let (node, domains) = try await ask { connection throws(LibvirtFailure) in
            var node = virNodeInfo()
            guard virNodeGetInfo(connection, &node) == 0 else { throw .last("host information") }
            return (Node(node), try LibvirtHost.domains(connection))
        }
        let devices = HostDevices(files: files)
        let inventory = HostInventory(
            cpus: node.cpus, threadsPerCore: node.threads, sockets: node.sockets, cpuMegahertz: node.megahertz, memory: node.memory, dom0Memory: .zero,
            dom0VCPUs: 0, bridges: devices.bridges(), storage: devices.storage(), nics: devices.nics(),
            migrationAddress: migrationInterface.isEmpty ? "" : HostDevices.address(of: migrationInterface), migrationEncrypted: migrationEncrypted)
        return Inventory(revision: 0, readAt: readAt, host: inventory, domains: domains, findings: HostFindings(files: files).all(xen: false))
    }

    private struct Node: Sendable {
        var cpus, threads, sockets, megahertz: Int
        var memory: Bytes

        init(_ raw: virNodeInfo) {
            cpus = Int(raw.cpus)
            threads = max(Int(raw.threads), 1)
            sockets = max(Int(raw.sockets), 1) * max(Int(raw.nodes), 1)
            megahertz = Int(raw.mhz)
            memory = .kibibytes(UInt64(raw.memory))
        }
    }

    public func counters() async throws(HypervisorError) -> Counters {
        let domains = try await ask { connection throws(LibvirtFailure) in try LibvirtStatistics.all(connection) }
        let meters = HostMeters(files: files)
        guard let processors = meters.processors(), let memory = meters.memory() else {
            throw HypervisorError(.malformed, "/proc/stat or /proc/meminfo cannot be read: is /proc mounted for the agent?")
        }
        let interfaces = meters.interfaces()
        let physical = nics.compactMap { interfaces[$0] }
        return Counters(
            readAt: HostClock.bootTime(),
            host: HostCounters(
                cpus: processors.cpus, idleNanoseconds: processors.idleNanoseconds, memoryFree: memory.available, disk: meters.disks(disks),
                network: physical.isEmpty
                    ? nil
                    : physical.reduce(into: NetworkCounters()) { sum, one in
                        sum.receivedBytes &+= one.receivedBytes
                        sum.sentBytes &+= one.sentBytes
                    }),
            domains: domains)
    }

    public nonisolated func changes() -> AsyncStream<Void> { host.definitionChanges() }
}
