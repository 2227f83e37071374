import PodpModel

/// A blade: what it has, what it does, and whether its word counts. Absent numbers were not measured.
public struct BladeResource: Documented {
    /// Its DMI UUID.
    public var id: BladeID
    /// Its host name.
    public var name: String
    /// Its serial number.
    public var serial: String
    /// The chassis it is in; empty when none is set.
    public var chassis: String
    /// Its bay in the chassis.
    public var bay: Int?
    /// Whether its agent answers.
    public var link: BladeLink
    /// Since when.
    public var linkSince: Timestamp?
    /// It takes no new domains.
    public var draining: Bool
    /// Present: nothing is planned on it, and why.
    public var held: String?
    /// When it was enrolled.
    public var enrolledAt: Timestamp
    /// When its newest certificate ends.
    public var certificateExpires: Timestamp?
    /// What runs its domains; absent before its agent has said hello.
    public var hypervisor: HypervisorResource?
    /// Logical processors that the hypervisor schedules on.
    public var cpus: Int?
    /// Their nominal clock.
    public var cpuMegahertz: Int?
    /// Their model.
    public var cpuModel: String?
    /// Physical memory.
    public var memoryBytes: UInt64?
    /// Memory given to dom0.
    public var dom0MemoryBytes: UInt64?
    /// Memory free for new domains, as the hypervisor says.
    public var memoryFreeBytes: UInt64?
    /// Memory promised to domains that run here or are on their way here.
    public var memoryPromisedBytes: UInt64
    /// Physical processors' busy time, in thousandths of one processor.
    public var cpuMillicpus: UInt32?
    /// dom0's own part of it.
    public var dom0CPUMillicpus: UInt32?
    /// What dom0's disks do.
    public var disk: DiskResource?
    /// What its network interfaces do.
    public var network: NetworkResource?
    /// The agent's own use of processors.
    public var agentCPUMillicpus: UInt32?
    /// The agent's own memory.
    public var agentMemoryBytes: UInt64?
    /// Since its last report was received; absent when none was.
    public var reportAgeSeconds: Double?
    /// Present: its numbers cannot be relied on, and why.
    public var reportInvalid: String?
    /// Its numbers are old or invalid: they are shown and decide nothing.
    public var stale: Bool
    /// Its wall clock less the coordinator's, when it said hello.
    public var clockOffsetSeconds: Double?
    /// Capacity without dom0, and use over the planning window.
    public var use: [ResourceUse]
    /// Domains on it, whatever they do.
    public var domains: Int
    /// Domains that run on it.
    public var domainsRunning: Int
    /// Its network bridges.
    public var bridges: [String]
    /// Block devices and directories that hold domains' disks.
    public var storage: [StorageResource]
    /// Its network interfaces.
    public var nics: [HostNICResource]
    /// The switch module that its domains' network goes through, as an operator has set it.
    public var switchModule: String?
    /// Its address on the migration network; absent when none is configured.
    public var migrationAddress: String?
    /// Whether a migration's memory stream is encrypted on the wire.
    public var migrationEncrypted: Bool?
    /// What will hurt, with its remedy.
    public var findings: [FindingResource]

    public init(
        id: BladeID, name: String, serial: String, chassis: String, bay: Int? = nil, link: BladeLink, linkSince: Timestamp? = nil, draining: Bool,
        held: String? = nil, enrolledAt: Timestamp, certificateExpires: Timestamp? = nil, hypervisor: HypervisorResource? = nil, cpus: Int? = nil,
        cpuMegahertz: Int? = nil, cpuModel: String? = nil, memoryBytes: UInt64? = nil, dom0MemoryBytes: UInt64? = nil, memoryFreeBytes: UInt64? = nil,
        memoryPromisedBytes: UInt64, cpuMillicpus: UInt32? = nil, dom0CPUMillicpus: UInt32? = nil, disk: DiskResource? = nil,
        network:
            NetworkResource? = nil, agentCPUMillicpus: UInt32? = nil, agentMemoryBytes: UInt64? = nil, reportAgeSeconds: Double? = nil,
        reportInvalid:
            String? = nil, stale: Bool, clockOffsetSeconds: Double? = nil, use: [ResourceUse], domains: Int, domainsRunning: Int, bridges: [String],
        storage: [StorageResource], nics: [HostNICResource], switchModule: String? = nil, migrationAddress: String? = nil, migrationEncrypted: Bool? = nil,
        findings:
            [FindingResource]
    ) {
        self.id = id
        self.name = name
        self.serial = serial
        self.chassis = chassis
        self.bay = bay
        self.link = link
        self.linkSince = linkSince
        self.draining = draining
        self.held = held
        self.enrolledAt = enrolledAt
        self.certificateExpires = certificateExpires
        self.hypervisor = hypervisor
        self.cpus = cpus
        self.cpuMegahertz = cpuMegahertz
        self.cpuModel = cpuModel
        self.memoryBytes = memoryBytes
        self.dom0MemoryBytes = dom0MemoryBytes
        self.memoryFreeBytes = memoryFreeBytes
        self.memoryPromisedBytes = memoryPromisedBytes
        self.cpuMillicpus = cpuMillicpus
        self.dom0CPUMillicpus = dom0CPUMillicpus
        self.disk = disk
        self.network = network
        self.agentCPUMillicpus = agentCPUMillicpus
        self.agentMemoryBytes = agentMemoryBytes
        self.reportAgeSeconds = reportAgeSeconds
        self.reportInvalid = reportInvalid
        self.stale = stale
        self.clockOffsetSeconds = clockOffsetSeconds
        self.use = use
        self.domains = domains
        self.domainsRunning = domainsRunning
        self.bridges = bridges
        self.storage = storage
        self.nics = nics
        self.switchModule = switchModule
        self.migrationAddress = migrationAddress
        self.migrationEncrypted = migrationEncrypted
        self.findings = findings
    }

    public static let summary = "A blade: what it has, what it does, and whether its word counts. Absent numbers were not measured."
    public static let fields = [
        "id": "Its DMI UUID.",
        "name": "Its host name.",
        "serial": "Its serial number.",
        "chassis": "The chassis it is in; empty when none is set.",
        "bay": "Its bay in the chassis.",
        "link": "Whether its agent answers.",
        "linkSince": "Since when.",
        "draining": "It takes no new domains.",
        "held": "Present: nothing is planned on it, and why.",
        "enrolledAt": "When it was enrolled.",
        "certificateExpires": "When its newest certificate ends.",
        "hypervisor": "What runs its domains; absent before its agent has said hello.",
        "cpus": "Logical processors that the hypervisor schedules on.",
        "cpuMegahertz": "Their nominal clock.",
        "cpuModel": "Their model.",
        "memoryBytes": "Physical memory.",
        "dom0MemoryBytes": "Memory given to dom0.",
        "memoryFreeBytes": "Memory free for new domains, as the hypervisor says.",
        "memoryPromisedBytes": "Memory promised to domains that run here or are on their way here.",
        "cpuMillicpus": "Physical processors' busy time, in thousandths of one processor.",
        "dom0CPUMillicpus": "dom0's own part of it.",
        "disk": "What dom0's disks do.",
        "network": "What its network interfaces do.",
        "agentCPUMillicpus": "The agent's own use of processors.",
        "agentMemoryBytes": "The agent's own memory.",
        "reportAgeSeconds": "Since its last report was received; absent when none was.",
        "reportInvalid": "Present: its numbers cannot be relied on, and why.",
        "stale": "Its numbers are old or invalid: they are shown and decide nothing.",
        "clockOffsetSeconds": "Its wall clock less the coordinator's, when it said hello.",
        "use": "Capacity without dom0, and use over the planning window.",
        "domains": "Domains on it, whatever they do.",
        "domainsRunning": "Domains that run on it.",
        "bridges": "Its network bridges.",
        "storage": "Block devices and directories that hold domains' disks.",
        "nics": "Its network interfaces.",
        "switchModule": "The switch module that its domains' network goes through, as an operator has set it.",
        "migrationAddress": "Its address on the migration network; absent when none is configured.",
        "migrationEncrypted": "Whether a migration's memory stream is encrypted on the wire.",
        "findings": "What will hurt, with its remedy.",
    ]
}

/// What runs a blade's domains.
public struct HypervisorResource: Documented {
    /// `xen`, `kvm`, `test` or `simulated`.
    public var kind: String
    /// Its version.
    public var version: String
    /// libvirt's version; empty when there is none.
    public var libvirtVersion: String
    /// podp-agent's version.
    public var agentVersion: String
    /// Which types of domain it can migrate live.
    public var liveMigration: [AbilityResource]

    public init(kind: String, version: String, libvirtVersion: String, agentVersion: String, liveMigration: [AbilityResource]) {
        self.kind = kind
        self.version = version
        self.libvirtVersion = libvirtVersion
        self.agentVersion = agentVersion
        self.liveMigration = liveMigration
    }

    public static let summary = "What runs a blade's domains."
    public static let fields = [
        "kind": "`xen`, `kvm`, `test` or `simulated`.",
        "version": "Its version.",
        "libvirtVersion": "libvirt's version; empty when there is none.",
        "agentVersion": "podp-agent's version.",
        "liveMigration": "Which types of domain it can migrate live.",
    ]
}

/// Whether domains of a type can migrate live.
public struct AbilityResource: Documented {
    /// `pv`, `pvh`, `hvm`, `kvm` or `unknown`.
    public var type: String
    /// Whether it can be done.
    public var possible: Bool
    /// Why it cannot.
    public var reason: String?

    public init(type: String, possible: Bool, reason: String? = nil) {
        self.type = type
        self.possible = possible
        self.reason = reason
    }

    public static let summary = "Whether domains of a type can migrate live."
    public static let fields = [
        "type": "`pv`, `pvh`, `hvm`, `kvm` or `unknown`.",
        "possible": "Whether it can be done.",
        "reason": "Why it cannot.",
    ]
}

/// Disk traffic, per second over the last interval.
public struct DiskResource: Documented {
    /// Read.
    public var readBytesPerSecond: UInt64
    /// Written.
    public var writtenBytesPerSecond: UInt64
    /// Read requests.
    public var readsPerSecond: UInt64
    /// Write requests.
    public var writesPerSecond: UInt64
    /// Times that the backend ran out of requests: the disk was the bottleneck.
    public var outOfRequestsPerSecond: UInt64

    public init(readBytesPerSecond: UInt64, writtenBytesPerSecond: UInt64, readsPerSecond: UInt64, writesPerSecond: UInt64, outOfRequestsPerSecond: UInt64) {
        self.readBytesPerSecond = readBytesPerSecond
        self.writtenBytesPerSecond = writtenBytesPerSecond
        self.readsPerSecond = readsPerSecond
        self.writesPerSecond = writesPerSecond
        self.outOfRequestsPerSecond = outOfRequestsPerSecond
    }

    public static let summary = "Disk traffic, per second over the last interval."
    public static let fields = [
        "readBytesPerSecond": "Read.",
        "writtenBytesPerSecond": "Written.",
        "readsPerSecond": "Read requests.",
        "writesPerSecond": "Write requests.",
        "outOfRequestsPerSecond": "Times that the backend ran out of requests: the disk was the bottleneck.",
    ]
}

/// Network traffic, per second over the last interval, as its owner sees it.
public struct NetworkResource: Documented {
    /// Received.
    public var receivedBytesPerSecond: UInt64
    /// Sent.
    public var sentBytesPerSecond: UInt64

    public init(receivedBytesPerSecond: UInt64, sentBytesPerSecond: UInt64) {
        self.receivedBytesPerSecond = receivedBytesPerSecond
        self.sentBytesPerSecond = sentBytesPerSecond
    }

    public static let summary = "Network traffic, per second over the last interval, as its owner sees it."
    public static let fields = [
        "receivedBytesPerSecond": "Received.",
        "sentBytesPerSecond": "Sent.",
    ]
}

/// A block device, or a directory of image files.
public struct StorageResource: Documented {
    /// As domains' disks name it.
    public var path: String
    /// Its size.
    public var sizeBytes: UInt64
    /// The same on every blade that reaches the same storage; empty when it is unknown, so taken as local.
    public var serial: String

    public init(path: String, sizeBytes: UInt64, serial: String) {
        self.path = path
        self.sizeBytes = sizeBytes
        self.serial = serial
    }

    public static let summary = "A block device, or a directory of image files."
    public static let fields = [
        "path": "As domains' disks name it.",
        "sizeBytes": "Its size.",
        "serial": "The same on every blade that reaches the same storage; empty when it is unknown, so taken as local.",
    ]
}

/// A network interface of a blade.
public struct HostNICResource: Documented {
    /// Its name.
    public var name: String
    /// Its address.
    public var mac: String
    /// Whether it has a link.
    public var up: Bool
    /// Its speed; absent when it is not known.
    public var megabitsPerSecond: Int?

    public init(name: String, mac: String, up: Bool, megabitsPerSecond: Int? = nil) {
        self.name = name
        self.mac = mac
        self.up = up
        self.megabitsPerSecond = megabitsPerSecond
    }

    public static let summary = "A network interface of a blade."
    public static let fields = [
        "name": "Its name.",
        "mac": "Its address.",
        "up": "Whether it has a link.",
        "megabitsPerSecond": "Its speed; absent when it is not known.",
    ]
}

/// Something on a blade that will hurt, with its remedy.
public struct FindingResource: Documented {
    /// Short and stable, for scripts: `autostart`, `dom0-weight`, `clock`.
    public var code: String
    /// How bad it is.
    public var severity: Severity
    /// What is wrong.
    public var what: String
    /// What to do.
    public var remedy: String

    public init(code: String, severity: Severity, what: String, remedy: String) {
        self.code = code
        self.severity = severity
        self.what = what
        self.remedy = remedy
    }

    public static let summary = "Something on a blade that will hurt, with its remedy."
    public static let fields = [
        "code": "Short and stable, for scripts: `autostart`, `dom0-weight`, `clock`.",
        "severity": "How bad it is.",
        "what": "What is wrong.",
        "remedy": "What to do.",
    ]
}

/// Whether a blade's agent answers.
public enum BladeLink: String, StringChoice {
    case connected
    /// No agent answers. Its domains may run on: unknown is not dead.
    case unknown
    case revoked
}
