/// How a domain is virtualised. What it can do follows from it, by hypervisor (`HypervisorFacts.abilities`).
public enum VirtualisationType: String, Hashable, Sendable, Codable, CaseIterable {
    case pv, pvh, hvm
    /// Hardware-assisted on KVM.
    case kvm
    /// The hypervisor does not say.
    case unknown
}

/// What a hypervisor says that a domain is doing.
public enum DomainState: String, Hashable, Sendable, Codable, CaseIterable {
    case running, paused, shutdown, crashed
    /// Defined on the blade, not started.
    case off
    /// Created by a migration that has not ended: its vCPUs do not run yet.
    case incoming
    case unknown

    /// Whether the domain holds memory on its blade.
    public var holdsMemory: Bool { self != .off && self != .shutdown }
    /// Whether its vCPUs may execute: what "one copy" counts.
    public var executes: Bool { self == .running }
}

/// Whether something can be done, and if it cannot, why, in words for people.
public enum Ability: Hashable, Sendable, Codable {
    case yes
    case no(reason: String)

    public var isYes: Bool { self == .yes }
    public var reason: String? { if case .no(let reason) = self { reason } else { nil } }
}

/// A disk as a domain sees it and as dom0 finds it.
public struct Disk: Hashable, Sendable, Codable {
    /// In the domain: `xvda`, `vda`, `hda`.
    public var target: String
    /// In dom0: a block device's path, or a file's.
    public var source: String
    public var isFile: Bool
    public var readOnly: Bool
    /// Whether more than one domain may have it open (xl's `w!`).
    public var shared: Bool
    public var isCDROM: Bool

    public init(target: String, source: String, isFile: Bool = false, readOnly: Bool = false, shared: Bool = false, isCDROM: Bool = false) {
        self.target = target
        self.source = source
        self.isFile = isFile
        self.readOnly = readOnly
        self.shared = shared
        self.isCDROM = isCDROM
    }
}

/// A network interface of a domain.
public struct NIC: Hashable, Sendable, Codable {
    /// `00:16:3e:…` in lower case; `nil` before one is made.
    public var mac: String?
    public var bridge: String
    public var model: String?

    public init(mac: String?, bridge: String, model: String? = nil) {
        self.mac = mac
        self.bridge = bridge
        self.model = model
    }
}

/// What to do when a domain powers off, reboots or crashes.
public enum DomainExit: String, Hashable, Sendable, Codable {
    case destroy, restart, preserve
}

/// Where a domain's kernel comes from.
public enum DomainBoot: Hashable, Sendable, Codable {
    case kernel(path: String, ramdisk: String?, commandLine: String)
    /// Run in dom0 to read the kernel from the domain's disk: `pygrub`.
    case bootloader(String)
    /// The firmware's own order: HVM and KVM.
    case firmware(order: String)
}

/// A domain as its owner described it. The coordinator's Store holds it; blades hold copies.
public struct DomainDefinition: Hashable, Sendable, Codable {
    public var id: DomainID
    public var name: String
    public var type: VirtualisationType
    /// Grows with every change; `0` before it is stored.
    public var revision: UInt64 = 0
    public var memory: Bytes
    public var maxMemory: Bytes
    public var vcpus: Int
    public var maxVCPUs: Int
    public var boot: DomainBoot
    public var disks: [Disk] = []
    public var nics: [NIC] = []
    public var onPowerOff: DomainExit = .destroy
    public var onReboot: DomainExit = .restart
    public var onCrash: DomainExit = .destroy
    /// Credit scheduler's weight; 256 is the default.
    public var cpuWeight: Int = 256
    /// Credit scheduler's cap in percent of one CPU; 0 is none.
    public var cpuCap: Int = 0
    public var policy = DomainPolicy()

    public init(
        id: DomainID, name: String, type: VirtualisationType, memory: Bytes, maxMemory: Bytes? = nil, vcpus: Int, maxVCPUs: Int? = nil, boot: DomainBoot
    ) {
        self.id = id
        self.name = name
        self.type = type
        self.memory = memory
        self.maxMemory = maxMemory ?? memory
        self.vcpus = vcpus
        self.maxVCPUs = maxVCPUs ?? vcpus
        self.boot = boot
    }
}

/// podp's own wishes for a domain (the `podp_…` keys of its flat file).
public struct DomainPolicy: Hashable, Sendable, Codable {
    /// May be stopped, moved and started again, when it cannot migrate live; the longest stop its owner accepts. `nil`: never.
    public var allowedDowntime: Duration?
    /// Never moved by automation or plans.
    public var stays: Bool = false
    /// Names of groups whose members run on different blades.
    public var apart: [String] = []
    /// Names of groups whose members run on one blade.
    public var together: [String] = []
    /// Names of the blades it may run on; empty: any.
    public var onlyOn: [String] = []
    /// Higher is restarted first.
    public var priority: Int = 0

    public init() {}
}
