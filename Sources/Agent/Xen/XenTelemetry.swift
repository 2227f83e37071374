import AgentCore
import AgentHost
import PodpModel

/// Measures a Xen host from its dom0: the hypervisor through libxenctrl, names and devices through xenstore, traffic through sysfs.
///
/// Its calls run on a thread of its own. What libvirt knows besides (domains that are defined and off) comes from a `DefinitionSource`;
/// without one, or while libvirtd is away, the hypervisor's own view is told, with a finding.
public actor XenTelemetry: Telemetry {
    /// What an operator decides about a blade.
    public struct Settings: Sendable, Hashable {
        /// The interface or bridge whose address other blades send migrations to. Empty: no migrations.
        public var migrationInterface: String
        /// Whether migrations are sent through libvirt's TLS connection.
        public var migrationEncrypted: Bool
        /// The mean time between two samples of the vCPUs' states; `nil` turns them off, and with them ready time.
        public var samplingInterval: Duration?
        /// Where the host's files are, for tests.
        public var files: HostFiles

        public init(
            migrationInterface: String = "", migrationEncrypted: Bool = false, samplingInterval: Duration? = .milliseconds(100), files: HostFiles = HostFiles()
        ) {
            self.migrationInterface = migrationInterface
            self.migrationEncrypted = migrationEncrypted
            self.samplingInterval = samplingInterval
            self.files = files
        }
    }

    private nonisolated let executor = ThreadExecutor()
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let settings: Settings
    private let hypervisor: any XenHypervisor
    private let tree: any XenTree
    private let source: (any DefinitionSource)?
    private nonisolated let signal: ChangeSignal
    private let watch: XenStoreWatch?
    private let sampler: ReadySampler?
    private var backends: BackendDevices
    private let disks: Set<String>
    private let nics: [String]
    /// Numbers and states at the last counters: a domain that was paused or crashed changes no watch.
    private var lastStates: [UInt32: DomainState] = [:]
    /// Of all CPUs, at the last counters.
    private var lastIdle: (nanoseconds: UInt64, at: Instant)?

    /// Opens the hypervisor. Throws `.unavailable` when this is not a Xen host's dom0.
    public init(settings: Settings = Settings(), definitions: (any DefinitionSource)? = nil) throws(HypervisorError) {
        let signal = ChangeSignal()
        let sampled: (any XenHypervisor)? = settings.samplingInterval == nil ? nil : try XenHandle()
        self.init(
            settings: settings, hypervisor: try XenHandle(), sampled: sampled, tree: XenStore(), definitions: definitions, signal: signal,
            watch: XenStoreWatch(signal: signal))
    }

    init(
        settings: Settings, hypervisor: any XenHypervisor, sampled: (any XenHypervisor)?, tree: any XenTree, definitions: (any DefinitionSource)?,
        signal: ChangeSignal = ChangeSignal(), watch: XenStoreWatch? = nil
    ) {
        self.settings = settings
        self.hypervisor = hypervisor
        self.tree = tree
        source = definitions
        self.signal = signal
        self.watch = watch
        sampler = sampled.flatMap { handle in settings.samplingInterval.map { ReadySampler(hypervisor: handle, interval: $0) } }
        backends = BackendDevices(files: settings.files)
        let devices = HostDevices(files: settings.files)
        disks = devices.wholeDisks()
        nics = devices.nics().map(\.name)
    }

    /// Ends the threads and the streams of changes.
    public func close() {
        watch?.stop()
        sampler?.stop()
        signal.finish()
    }

    // MARK: - Telemetry

    public func facts() async throws(HypervisorError) -> HostFacts {
        let identity = HostIdentity(files: settings.files)
        let host = try hypervisor.host()
        let version = try hypervisor.version()
        var cpu = identity.cpu()
        // What Xen gives to domains decides, not what dom0, a PV domain itself, happens to see.
        let features = hypervisor.features(hvm: host.canHVM)
        if !features.isEmpty { cpu.features = features }
        let libvirtVersion = (try? await source?.definitions())?.libvirtVersion ?? ""
        return HostFacts(
            identity: try identity.identity(), bootID: try identity.bootID(),
            hypervisor: HypervisorFacts(
                kind: .xen, version: version.hypervisor, libvirtVersion: libvirtVersion, liveMigration: XenAbilities.liveMigration(host)),
            cpu: cpu)
    }

    public func inventory() async throws(HypervisorError) -> Inventory {
        let readAt = HostClock.bootTime()
        let host = try hypervisor.host()
        let domains = try hypervisor.domains()
        var findings = HostFindings(files: settings.files).all(xen: true)
        findings += XenFindings(hypervisor: hypervisor).all(domains)

        var defined: [DomainID: DomainInventory] = [:]
        if let source {
            do {
                let told = try await source.definitions()
                for domain in told.domains { defined[domain.id] = domain }
                findings += told.findings
            } catch {
                findings.append(
                    Finding(
                        code: "libvirt", severity: .critical, what: "libvirt does not answer, so podp cannot act on this blade: \(error)",
                        remedy: "systemctl restart libvirtd, then journalctl -u libvirtd"))
            }
        }
        let reader = XenDomainReader(tree: tree, host: host)
        var found: [DomainID: DomainInventory] = [:]
        for domain in domains where domain.number != 0 {
            guard let told = try await reader.inventory(of: domain, defined: defined[domain.id]) else { continue }
            if let other = found[domain.id] {
                findings.append(XenFindings.twice(told, other))
                if other.state.executes { continue }
            }
            found[domain.id] = told
        }
        for (id, domain) in defined where found[id] == nil && domain.state == .off { found[id] = domain }
        return Inventory(
            revision: 0, readAt: readAt, host: hostInventory(host, dom0: domains.first { $0.number == 0 }),
            domains: found.values.sorted { $0.id < $1.id }, findings: findings)
    }

    private func hostInventory(_ host: XenHost, dom0: XenDomain?) -> HostInventory {
        let devices = HostDevices(files: settings.files)
        let perSocket = max(host.threadsPerCore, 1) * max(host.coresPerSocket, 1)
        return HostInventory(
            cpus: host.cpus, threadsPerCore: max(host.threadsPerCore, 1), sockets: max(host.cpus / perSocket, 1), cpuMegahertz: host.cpuMegahertz,
            memory: host.memory, dom0Memory: dom0?.memory ?? .zero, dom0VCPUs: dom0?.onlineVCPUs ?? 0, bridges: devices.bridges(), storage: devices.storage(),
            nics: devices.nics(), migrationAddress: settings.migrationInterface.isEmpty ? "" : HostDevices.address(of: settings.migrationInterface),
            migrationEncrypted: settings.migrationEncrypted)
    }

    public func counters() async throws(HypervisorError) -> Counters {
        let host = try hypervisor.host()
        let domains = try hypervisor.domains()
        let idle = try hypervisor.idleNanoseconds(cpus: host.cpus).reduce(0, &+)
        let readAt = HostClock.bootTime()
        let ready = sampler?.take() ?? [:]
        sampler?.pace(isCalm: isCalm(idle: idle, cpus: host.cpus, at: readAt))

        backends.refresh()
        let meters = HostMeters(files: settings.files)
        let interfaces = meters.interfaces()
        let diskCounters = backends.disks()
        let networkCounters = backends.networks(interfaces)
        tellChanges(domains)

        var counted: [DomainID: DomainCounters] = [:]
        for domain in domains where domain.number != 0 && domain.id.uuid != .zero {
            if let other = counted[domain.id], other.state.executes { continue }
            let tally = ready[domain.number]
            counted[domain.id] = DomainCounters(
                id: domain.id, number: domain.number, state: domain.state, vcpus: domain.onlineVCPUs, cpuNanoseconds: domain.cpuNanoseconds,
                blockedSamples: tally?.blocked, samples: tally?.samples, memory: domain.memory, disk: diskCounters[domain.number],
                network: networkCounters[domain.number])
        }
        let physical = nics.compactMap { interfaces[$0] }
        return Counters(
            readAt: readAt,
            host: HostCounters(
                cpus: host.cpus, idleNanoseconds: idle, dom0CPUNanoseconds: domains.first { $0.number == 0 }?.cpuNanoseconds, memoryFree: host.memoryFree,
                dom0MemoryFree: meters.memory()?.available, disk: meters.disks(disks),
                network: physical.isEmpty
                    ? nil
                    : physical.reduce(into: NetworkCounters()) { sum, one in
                        sum.receivedBytes &+= one.receivedBytes
                        sum.sentBytes &+= one.sentBytes
                    }),
            domains: counted.values.sorted { $0.id < $1.id })
    }

    /// Whether more than half of the CPU time since the last counters was idle.
    private func isCalm(idle: UInt64, cpus: Int, at instant: Instant) -> Bool {
        defer { lastIdle = (idle, instant) }
        guard let last = lastIdle, idle >= last.nanoseconds else { return false }
        let available = (instant - last.at) * Double(max(cpus, 1))
        return .nanoseconds(Int64(clamping: idle - last.nanoseconds)) > available * 0.5
    }

    private func tellChanges(_ domains: [XenDomain]) {
        let states = Dictionary(domains.map { ($0.number, $0.state) }, uniquingKeysWith: { first, _ in first })
        if states != lastStates && !lastStates.isEmpty { signal.notify() }
        lastStates = states
    }

    public nonisolated func changes() -> AsyncStream<Void> { signal.stream() }
}
