/// What a blade is called and recognised by.
public struct BladeIdentity: Hashable, Sendable, Codable {
    public var id: BladeID
    public var serial: String
    /// Its host name.
    public var name: String

    public init(id: BladeID, serial: String, name: String) {
        self.id = id
        self.serial = serial
        self.name = name
    }
}

public enum HypervisorKind: String, Hashable, Sendable, Codable, CaseIterable {
    case xen, kvm
    /// libvirt's own test driver.
    case test
    /// podp's hypervisor in software.
    case simulated
}

/// The hypervisor, and what it can do with each type of domain.
public struct HypervisorFacts: Hashable, Sendable, Codable {
    public var kind: HypervisorKind
    public var version: String
    /// Empty when there is no libvirt.
    public var libvirtVersion: String
    /// Live migration, by type: on Debian 12's Xen a PV domain cannot (no shadow paging).
    public var liveMigration: [VirtualisationType: Ability]

    public init(kind: HypervisorKind, version: String, libvirtVersion: String = "", liveMigration: [VirtualisationType: Ability]) {
        self.kind = kind
        self.version = version
        self.libvirtVersion = libvirtVersion
        self.liveMigration = liveMigration
    }
}

/// What a domain that was started here may rely on: live migration needs every feature at the target too.
public struct CPUModel: Hashable, Sendable, Codable {
    public var vendor: String
    public var model: String
    /// As /proc/cpuinfo or the hypervisor names them, sorted, each once.
    public var features: [String]

    public init(vendor: String, model: String, features: [String]) {
        self.vendor = vendor
        self.model = model
        self.features = features
    }
}

/// The host under the domains: what it has, not what it uses.
public struct HostInventory: Hashable, Sendable, Codable {
    /// Logical CPUs that the hypervisor schedules on.
    public var cpus: Int
    public var threadsPerCore: Int
    public var sockets: Int
    public var cpuMegahertz: Int
    public var memory: Bytes
    /// Given to dom0 (or kept for the host).
    public var dom0Memory: Bytes
    public var dom0VCPUs: Int
    public var bridges: [String]
    /// Block devices and volume groups by the path that domains' disks name them with.
    public var storage: [BlockDevice]
    public var nics: [HostNIC]
    /// Where other blades send migrations to: an address on the migration network. Empty: none is configured.
    public var migrationAddress: String
    /// Whether a migration's memory stream is encrypted on the wire.
    public var migrationEncrypted: Bool

    public init(
        cpus: Int, threadsPerCore: Int = 1, sockets: Int = 1, cpuMegahertz: Int = 0, memory: Bytes, dom0Memory: Bytes, dom0VCPUs: Int = 1,
        bridges: [String] = [], storage: [BlockDevice] = [], nics: [HostNIC] = [], migrationAddress: String = "", migrationEncrypted: Bool = false
    ) {
        self.cpus = cpus
        self.threadsPerCore = threadsPerCore
        self.sockets = sockets
        self.cpuMegahertz = cpuMegahertz
        self.memory = memory
        self.dom0Memory = dom0Memory
        self.dom0VCPUs = dom0VCPUs
        self.bridges = bridges
        self.storage = storage
        self.nics = nics
        self.migrationAddress = migrationAddress
        self.migrationEncrypted = migrationEncrypted
    }
}

public struct BlockDevice: Hashable, Sendable, Codable {
    /// `/dev/vdb`, `/dev/vg0/web-1`, or a directory of image files with a trailing slash.
    public var path: String
    public var size: Bytes
    /// The same string on every blade that reaches the same storage: WWN or serial. Empty: unknown, so taken as local.
    public var serial: String

    public init(path: String, size: Bytes, serial: String) {
        self.path = path
        self.size = size
        self.serial = serial
    }
}

public struct HostNIC: Hashable, Sendable, Codable {
    public var name: String
    public var mac: String
    public var isUp: Bool
    /// 0: unknown.
    public var megabitsPerSecond: Int

    public init(name: String, mac: String, isUp: Bool, megabitsPerSecond: Int) {
        self.name = name
        self.mac = mac
        self.isUp = isUp
        self.megabitsPerSecond = megabitsPerSecond
    }
}

/// A domain as its blade sees it now.
public struct DomainInventory: Hashable, Sendable, Codable {
    public var id: DomainID
    public var name: String
    /// The hypervisor's own number; `nil` when it does not run.
    public var number: UInt32?
    public var state: DomainState
    public var type: VirtualisationType
    public var vcpus: Int
    public var maxVCPUs: Int
    public var memory: Bytes
    public var maxMemory: Bytes
    public var disks: [Disk]
    public var nics: [NIC]
    public var liveMigration: Ability
    /// Whether the host would start it by itself after a boot.
    public var autostart: Bool
    /// Whether libvirt keeps a definition of it on this blade.
    public var persistent: Bool

    public init(
        id: DomainID, name: String, number: UInt32? = nil, state: DomainState, type: VirtualisationType, vcpus: Int, maxVCPUs: Int? = nil, memory: Bytes,
        maxMemory: Bytes? = nil, disks: [Disk] = [], nics: [NIC] = [], liveMigration: Ability = .yes, autostart: Bool = false, persistent: Bool = true
    ) {
        self.id = id
        self.name = name
        self.number = number
        self.state = state
        self.type = type
        self.vcpus = vcpus
        self.maxVCPUs = maxVCPUs ?? vcpus
        self.memory = memory
        self.maxMemory = maxMemory ?? memory
        self.disks = disks
        self.nics = nics
        self.liveMigration = liveMigration
        self.autostart = autostart
        self.persistent = persistent
    }
}

/// Something on a blade that will hurt, with its remedy (`podp check`).
public struct Finding: Hashable, Sendable, Codable {
    public enum Severity: String, Hashable, Sendable, Codable, CaseIterable { case note, warning, critical }

    /// Short and stable, for scripts: `autostart`, `dom0-weight`, `clock`.
    public var code: String
    public var severity: Severity
    public var what: String
    public var remedy: String

    public init(code: String, severity: Severity, what: String, remedy: String) {
        self.code = code
        self.severity = severity
        self.what = what
        self.remedy = remedy
    }
}

/// All that changes seldom on a blade. Sent whole, when it has changed or was asked for.
public struct Inventory: Hashable, Sendable, Codable {
    /// Grows within a boot of the agent.
    public var revision: UInt64
    /// When it was read, on the blade's `CLOCK_BOOTTIME`.
    public var readAt: Instant
    public var host: HostInventory
    /// Sorted by id.
    public var domains: [DomainInventory]
    public var findings: [Finding]
    /// The `CoordinatorMessage.observe` that this answers, if it answers one.
    public var answers: UInt64?

    public init(revision: UInt64, readAt: Instant, host: HostInventory, domains: [DomainInventory], findings: [Finding] = [], answers: UInt64? = nil) {
        self.revision = revision
        self.readAt = readAt
        self.host = host
        self.domains = domains
        self.findings = findings
        self.answers = answers
    }
}
