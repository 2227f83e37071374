import AgentCore
import AgentHost
import CLibvirt
import Glibc
import PodpModel

/// libvirt on one host: what it keeps defined, and the signal that something changed.
///
/// One connection answers questions; operations have connections of their own (`LibvirtActuator`), so that a long migration holds up nothing.
public final class LibvirtHost: DefinitionSource, Sendable {
    /// `xen:///system`, `qemu:///system`, `test:///default`.
    public let uri: String
    let query: LibvirtConnection
    private let signal = ChangeSignal()
    private let events: LibvirtEvents
    private let shares = LibvirtShares()

    public init(uri: String) {
        self.uri = uri
        query = LibvirtConnection(uri: uri)
        events = LibvirtEvents(uri: uri, signal: signal)
    }

    /// Ends the thread that waits for events, and the streams of changes.
    public func close() {
        events.stop()
        signal.finish()
    }

    public func definitionChanges() -> AsyncStream<Void> { signal.stream() }

    public func definitions() async throws(HypervisorError) -> HostDefinitions {
        do throws(LibvirtFailure) {
            return try await query.call { [shares] connection throws(LibvirtFailure) in
                let domains = try Self.domains(connection, shares)
                return HostDefinitions(libvirtVersion: Self.version(connection), domains: domains, findings: shares.findings(of: domains))
            }
        } catch {
            throw error.hypervisorError
        }
    }

    /// The library's version, as `9.0.0`.
    static func version(_ connection: OpaquePointer) -> String {
        var number: UInt = 0
        guard virConnectGetLibVersion(connection, &number) == 0 else { return "" }
        return dotted(number)
    }

    /// libvirt packs versions as 1,000,000 × major + 1,000 × minor + release.
    static func dotted(_ number: UInt) -> String { "\(number / 1_000_000).\(number / 1000 % 1000).\(number % 1000)" }

    /// Every domain that libvirt knows except dom0, by id. A domain that goes while it is looked at is left out.
    /// - Parameter shares: gives those that run their share of the CPUs.
    static func domains(_ connection: OpaquePointer, _ shares: LibvirtShares? = nil) throws(LibvirtFailure) -> [DomainInventory] {
        var list: UnsafeMutablePointer<OpaquePointer?>?
        let count = virConnectListAllDomains(connection, &list, 0)
        guard count >= 0, let list else { throw .last("list of domains") }
        defer { free(list) }
        var domains: [DomainInventory] = []
        var failure: LibvirtFailure?
        // All references are given back, whatever happens on the way.
        for index in 0..<Int(count) {
            guard let handle = list[index] else { continue }
            let domain = LibvirtDomain(owned: handle)
            guard failure == nil, domain.number != 0 || kind(connection) != .xen else { continue }
            do throws(LibvirtFailure) {
                if let told = try inventory(domain, connection, shares) { domains.append(told) }
            } catch {
                if !error.isNoSuchDomain { failure = error }
            }
        }
        if let failure { throw failure }
        return domains.sorted { $0.id < $1.id }
    }

    /// The hypervisor behind a connection, by the name that libvirt's driver has: `Xen`, `QEMU`, `TEST`.
    static func kind(_ connection: OpaquePointer) -> HypervisorKind {
        switch virConnectGetType(connection).map({ String(cString: $0) })?.lowercased() {
        case "xen": .xen
        case "test": .test
        default: .kvm
        }
    }

    static func inventory(
        _ domain: borrowing LibvirtDomain, _ connection: OpaquePointer, _ shares: LibvirtShares? = nil
    ) throws(LibvirtFailure) -> DomainInventory? {
        guard let description = LibvirtDescription(xml: try domain.xml(inactive: false)) else { return nil }
        var autostart: Int32 = 0
        _ = virDomainGetAutostart(domain.handle, &autostart)
        var info = virDomainInfo()
        let isActive = domain.isActive
        let hasInfo = isActive && virDomainGetInfo(domain.handle, &info) == 0
        let liveMigration: Ability = kind(connection) == .test ? .no(reason: "libvirt's test driver moves no domains") : .yes
        let told = DomainInventory(
            id: description.id, name: description.name, number: domain.number, state: try state(of: domain), type: description.type,
            vcpus: hasInfo ? Int(info.nrVirtCpu) : description.vcpus, maxVCPUs: description.maxVCPUs,
            memory: hasInfo ? .kibibytes(UInt64(info.memory)) : description.memory, maxMemory: description.maxMemory, disks: description.disks,
            nics: description.nics, liveMigration: liveMigration, autostart: autostart != 0, persistent: domain.isPersistent)
        // On KVM libvirt's own XML has them (cputune).
        if let shares, let share = description.share, kind(connection) != .kvm { shares.give(share, to: domain, told) }
        return told
    }

    static func state(of domain: borrowing LibvirtDomain) throws(LibvirtFailure) -> DomainState {
        let (state, reason) = try domain.state()
        switch virDomainState(rawValue: state) {
        case VIR_DOMAIN_RUNNING, VIR_DOMAIN_BLOCKED, VIR_DOMAIN_NOSTATE: return .running
        case VIR_DOMAIN_PAUSED:
            guard reason == Int32(VIR_DOMAIN_PAUSED_MIGRATION.rawValue) else { return .paused }
            return isIncoming(domain) ? .incoming : .paused
        case VIR_DOMAIN_PMSUSPENDED: return .paused
        case VIR_DOMAIN_SHUTDOWN: return .shutdown
        case VIR_DOMAIN_SHUTOFF: return .off
        case VIR_DOMAIN_CRASHED: return domain.isActive ? .crashed : .off
        default: return .unknown
        }
    }

    /// "Paused for a migration" is said of both ends: the job tells which one this is.
    private static func isIncoming(_ domain: borrowing LibvirtDomain) -> Bool {
        var kind: Int32 = 0
        var list: virTypedParameterPtr?
        var count: Int32 = 0
        guard virDomainGetJobStats(domain.handle, &kind, &list, &count, 0) == 0 else { return false }
        defer { virTypedParamsFree(list, count) }
        var operation: Int32 = 0
        guard virTypedParamsGetInt(list, count, VIR_DOMAIN_JOB_OPERATION, &operation) == 1 else { return false }
        return operation == Int32(VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN.rawValue)
    }
}
