import PodpModel

/// A domain, managed by podp or not. Absent numbers were not measured.
public struct DomainResource: Documented {
    /// The UUID that the hypervisor knows it by.
    public var id: DomainID
    /// Its name.
    public var name: String
    /// Created or adopted by podp. If not, it is shown and counted, never touched.
    public var managed: Bool
    /// What its blade says that it does.
    public var state: DomainPhase
    /// The blade that has it, or had it last.
    public var blade: BladeID?
    /// That blade's name.
    public var bladeName: String?
    /// What podp wants of it; absent when it is not managed.
    public var wish: DomainWish?
    /// Present: automation leaves it alone until an operator clears it, and why.
    public var held: String?
    /// The operation that is under way on it.
    public var operation: OperationID?
    /// `pv`, `pvh`, `hvm`, `kvm` or `unknown`.
    public var type: String?
    /// Virtual processors.
    public var vcpus: Int?
    /// The most it can be given while it runs.
    public var maxVCPUs: Int?
    /// Memory.
    public var memoryBytes: UInt64?
    /// The most it can be given while it runs.
    public var maxMemoryBytes: UInt64?
    /// Of its definition; grows with every change.
    public var revision: UInt64?
    /// Whether it can migrate live.
    public var liveMigration: AbilityResource?
    /// Processor time used, in thousandths of one processor.
    public var cpuMillicpus: UInt32?
    /// Processor time wanted and not got, in thousandths of one processor.
    public var readyMillicpus: UInt32?
    /// What its disks do.
    public var disk: DiskResource?
    /// What its network interfaces do.
    public var network: NetworkResource?
    /// Age of these numbers; absent when there are none.
    public var sampleAgeSeconds: Double?
    /// Its numbers are old, invalid or absent: they decide nothing.
    public var stale: Bool
    /// Use over the planning window.
    public var use: [ResourceUse]
    /// Its disks.
    public var disks: [DomainDiskResource]
    /// Its network interfaces.
    public var nics: [DomainNICResource]
    /// Differences between podp's definition and what its blade has.
    public var drift: [String]
    /// Every blade that says it has this domain, when it is more than one: an incident.
    public var alsoOn: [BladeID]
    /// When podp last moved it.
    public var movedAt: Timestamp?
    /// Its owner's wishes (the `podp_` keys of its file); absent when it is not managed.
    public var policy: DomainPolicyResource?

    public init(
        id: DomainID, name: String, managed: Bool, state: DomainPhase, blade: BladeID? = nil, bladeName: String? = nil, wish: DomainWish? = nil,
        held:
            String? = nil, operation: OperationID? = nil, type: String? = nil, vcpus: Int? = nil, maxVCPUs: Int? = nil, memoryBytes: UInt64? = nil,
        maxMemoryBytes: UInt64? = nil, revision: UInt64? = nil, liveMigration: AbilityResource? = nil, cpuMillicpus: UInt32? = nil,
        readyMillicpus:
            UInt32? = nil, disk: DiskResource? = nil, network: NetworkResource? = nil, sampleAgeSeconds: Double? = nil, stale: Bool, use: [ResourceUse],
        disks: [DomainDiskResource], nics: [DomainNICResource], drift: [String], alsoOn: [BladeID], movedAt: Timestamp? = nil,
        policy: DomainPolicyResource? = nil
    ) {
        self.id = id
        self.name = name
        self.managed = managed
        self.state = state
        self.blade = blade
        self.bladeName = bladeName
        self.wish = wish
        self.held = held
        self.operation = operation
        self.type = type
        self.vcpus = vcpus
        self.maxVCPUs = maxVCPUs
        self.memoryBytes = memoryBytes
        self.maxMemoryBytes = maxMemoryBytes
        self.revision = revision
        self.liveMigration = liveMigration
        self.cpuMillicpus = cpuMillicpus
        self.readyMillicpus = readyMillicpus
        self.disk = disk
        self.network = network
        self.sampleAgeSeconds = sampleAgeSeconds
        self.stale = stale
        self.use = use
        self.disks = disks
        self.nics = nics
        self.drift = drift
        self.alsoOn = alsoOn
        self.movedAt = movedAt
        self.policy = policy
    }

    public static let summary = "A domain, managed by podp or not. Absent numbers were not measured."
    public static let fields = [
        "id": "The UUID that the hypervisor knows it by.",
        "name": "Its name.",
        "managed": "Created or adopted by podp. If not, it is shown and counted, never touched.",
        "state": "What its blade says that it does.",
        "blade": "The blade that has it, or had it last.",
        "bladeName": "That blade's name.",
        "wish": "What podp wants of it; absent when it is not managed.",
        "held": "Present: automation leaves it alone until an operator clears it, and why.",
        "operation": "The operation that is under way on it.",
        "type": "`pv`, `pvh`, `hvm`, `kvm` or `unknown`.",
        "vcpus": "Virtual processors.",
        "maxVCPUs": "The most it can be given while it runs.",
        "memoryBytes": "Memory.",
        "maxMemoryBytes": "The most it can be given while it runs.",
        "revision": "Of its definition; grows with every change.",
        "liveMigration": "Whether it can migrate live.",
        "cpuMillicpus": "Processor time used, in thousandths of one processor.",
        "readyMillicpus": "Processor time wanted and not got, in thousandths of one processor.",
        "disk": "What its disks do.",
        "network": "What its network interfaces do.",
        "sampleAgeSeconds": "Age of these numbers; absent when there are none.",
        "stale": "Its numbers are old, invalid or absent: they decide nothing.",
        "use": "Use over the planning window.",
        "disks": "Its disks.",
        "nics": "Its network interfaces.",
        "drift": "Differences between podp's definition and what its blade has.",
        "alsoOn": "Every blade that says it has this domain, when it is more than one: an incident.",
        "movedAt": "When podp last moved it.",
        "policy": "Its owner's wishes (the `podp_` keys of its file); absent when it is not managed.",
    ]
}

/// What a domain's owner wishes of podp: the `podp_` keys of its flat file.
public struct DomainPolicyResource: Documented {
    /// It may be stopped for a move when it cannot migrate live, for so long at most; absent: never.
    public var allowedDowntimeSeconds: Double?
    /// Automation and plans never move it.
    public var stays: Bool
    /// Groups whose members run on different blades.
    public var apart: [String]
    /// Groups whose members run on one blade.
    public var together: [String]
    /// Names of the blades that it may run on; empty: any.
    public var onlyOn: [String]
    /// Names of the blades that it never runs on.
    public var neverOn: [String]
    /// Groups whose members run in several zones: `web`, `web:power`, `web:chassis:3`.
    public var spread: [String]
    /// Groups whose members run in one zone: `shop`, `shop:power`.
    public var near: [String]
    /// Groups whose members share their blades with nobody else.
    public var exclusive: [String]
    /// Groups that are wishes, and what a breach weighs: `web=2.5`.
    public var prices: [String]
    /// Higher is restarted first.
    public var priority: Int

    public init(
        allowedDowntimeSeconds: Double?, stays: Bool, apart: [String], together: [String], onlyOn: [String], neverOn: [String], spread: [String],
        near: [String], exclusive: [String], prices: [String], priority: Int
    ) {
        self.allowedDowntimeSeconds = allowedDowntimeSeconds
        self.stays = stays
        self.apart = apart
        self.together = together
        self.onlyOn = onlyOn
        self.neverOn = neverOn
        self.spread = spread
        self.near = near
        self.exclusive = exclusive
        self.prices = prices
        self.priority = priority
    }

    public static let summary = "What a domain's owner wishes of podp: the `podp_` keys of its flat file."
    public static let fields = [
        "allowedDowntimeSeconds": "It may be stopped for a move when it cannot migrate live, for so long at most; absent: never.",
        "stays": "Automation and plans never move it.",
        "apart": "Groups whose members run on different blades.",
        "together": "Groups whose members run on one blade.",
        "onlyOn": "Names of the blades that it may run on; empty: any.",
        "neverOn": "Names of the blades that it never runs on.",
        "spread": "Groups whose members run in several zones: `web`, `web:power`, `web:chassis:3`.",
        "near": "Groups whose members run in one zone: `shop`, `shop:power`.",
        "exclusive": "Groups whose members share their blades with nobody else.",
        "prices": "Groups that are wishes, and what a breach weighs: `web=2.5`.",
        "priority": "Higher is restarted first.",
    ]
}

/// A disk of a domain.
public struct DomainDiskResource: Documented {
    /// As the domain sees it: `xvda`.
    public var target: String
    /// As dom0 finds it.
    public var source: String
    /// It cannot be written.
    public var readOnly: Bool
    /// More than one domain may have it open.
    public var shared: Bool

    public init(target: String, source: String, readOnly: Bool, shared: Bool) {
        self.target = target
        self.source = source
        self.readOnly = readOnly
        self.shared = shared
    }

    public static let summary = "A disk of a domain."
    public static let fields = [
        "target": "As the domain sees it: `xvda`.",
        "source": "As dom0 finds it.",
        "readOnly": "It cannot be written.",
        "shared": "More than one domain may have it open.",
    ]
}

/// A network interface of a domain.
public struct DomainNICResource: Documented {
    /// Its address; absent before one is made.
    public var mac: String?
    /// The bridge it is connected to.
    public var bridge: String

    public init(mac: String? = nil, bridge: String) {
        self.mac = mac
        self.bridge = bridge
    }

    public static let summary = "A network interface of a domain."
    public static let fields = [
        "mac": "Its address; absent before one is made.",
        "bridge": "The bridge it is connected to.",
    ]
}

/// A domain to be created, described by xl's flat file.
public struct DomainCreation: Documented {
    /// The file's text, as `xl create` reads it, with podp's own `podp_` keys.
    public var flatFile: String
    /// The file's name, for messages.
    public var fileName: String?
    /// Where to place it: a blade's UUID or whole name; absent: where it fits best.
    public var blade: String?
    /// Whether to start it; absent: yes.
    public var start: Bool?
    /// `true`: replaces the definition of the domain of this name; effective with its next start.
    public var replace: Bool?

    public init(flatFile: String, fileName: String? = nil, blade: String? = nil, start: Bool? = nil, replace: Bool? = nil) {
        self.flatFile = flatFile
        self.fileName = fileName
        self.blade = blade
        self.start = start
        self.replace = replace
    }

    public static let summary = "A domain to be created, described by xl's flat file."
    public static let fields = [
        "flatFile": "The file's text, as `xl create` reads it, with podp's own `podp_` keys.",
        "fileName": "The file's name, for messages.",
        "blade": "Where to place it: a blade's UUID or whole name; absent: where it fits best.",
        "start": "Whether to start it; absent: yes.",
        "replace": "true: replaces the definition of the domain of this name, without `blade` and `start`; effective with its next start.",
    ]
}

/// What to change of a domain; absent: leave it.
public struct DomainChange: Documented {
    /// Memory.
    public var memoryBytes: UInt64?
    /// Virtual processors.
    public var vcpus: Int?

    /// Even where a loss that the fleet is to survive (hard N+1) could not be borne then; absent: no.
    public var despitePolicy: Bool?

    public init(memoryBytes: UInt64? = nil, vcpus: Int? = nil, despitePolicy: Bool? = nil) {
        self.memoryBytes = memoryBytes
        self.vcpus = vcpus
        self.despitePolicy = despitePolicy
    }

    public static let summary = "What to change of a domain; absent: leave it."
    public static let fields = [
        "memoryBytes": "Memory.",
        "vcpus": "Virtual processors.",
        "despitePolicy": "Even where a loss that the fleet is to survive (hard N+1) could not be borne then; absent: no.",
    ]
}

/// Where to start a domain.
public struct DomainPlacement: Documented {
    /// A blade's UUID or whole name; absent: where it fits best, or where it was.
    public var blade: String?
    /// `true`: the content of its disks is the same there, though podp cannot see that.
    public var force: Bool?

    /// Even where a loss that the fleet is to survive (hard N+1) could not be borne then; absent: no.
    public var despitePolicy: Bool?

    public init(blade: String? = nil, force: Bool? = nil, despitePolicy: Bool? = nil) {
        self.blade = blade
        self.force = force
        self.despitePolicy = despitePolicy
    }

    public static let summary = "Where to start a domain."
    public static let fields = [
        "blade": "A blade's UUID or whole name; absent: where it fits best, or where it was.",
        "force": "true: the content of its disks is the same there, though podp cannot see that (another serial, or none).",
        "despitePolicy": "Even where a loss that the fleet is to survive (hard N+1) could not be borne then; absent: no.",
    ]
}

/// Which copy to take the power of.
public struct DomainDestruction: Documented {
    /// A blade's UUID or whole name: of two copies, the one that is not where podp has the domain; absent: the domain itself.
    public var blade: String?

    public init(blade: String? = nil) {
        self.blade = blade
    }

    public static let summary = "Which copy to take the power of."
    public static let fields = [
        "blade": "A blade's UUID or whole name: of two copies, the one that is not where podp has the domain; absent: the domain itself."
    ]
}

/// How to stop a domain.
public struct DomainStop: Documented {
    /// How long the guest may take to shut down (1 to 3600); absent: 120.
    public var deadlineSeconds: Int?

    public init(deadlineSeconds: Int? = nil) {
        self.deadlineSeconds = deadlineSeconds
    }

    public static let summary = "How to stop a domain."
    public static let fields = [
        "deadlineSeconds": "How long the guest may take to shut down (1 to 3600); absent: 120."
    ]
}

/// Where to migrate a domain, and how.
public struct DomainMigration: Documented {
    /// A blade's UUID or whole name; absent: where it fits best.
    public var blade: String?
    /// A domain that cannot migrate live may be stopped for the transfer; absent: no.
    public var allowStop: Bool?
    /// Even where a loss that the fleet is to survive (hard N+1) could not be borne then; absent: no.
    public var despitePolicy: Bool?

    public init(blade: String? = nil, allowStop: Bool? = nil, despitePolicy: Bool? = nil) {
        self.blade = blade
        self.allowStop = allowStop
        self.despitePolicy = despitePolicy
    }

    public static let summary = "Where to migrate a domain, and how."
    public static let fields = [
        "blade": "A blade's UUID or whole name; absent: where it fits best.",
        "allowStop": "A domain that cannot migrate live may be stopped for the transfer; absent: no.",
        "despitePolicy": "Even where a loss that the fleet is to survive (hard N+1) could not be borne then; absent: no.",
    ]
}

/// What a domain does, as its blade says.
public enum DomainPhase: String, StringChoice { case running, paused, shutdown, crashed, off, incoming, unknown }

/// What podp wants of a domain.
public enum DomainWish: String, StringChoice { case running, off }
