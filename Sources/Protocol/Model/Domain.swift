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
    /// Names of the blades that it never runs on.
    public var neverOn: [String] = []
    /// Groups whose members run in several zones: `web`, `web:power`, `web:chassis:3` (`ZoneGroup`).
    public var spread: [String] = []
    /// Groups whose members run in one zone: `shop`, `shop:power`.
    public var near: [String] = []
    /// Names of groups whose members share their blades with nobody else.
    public var exclusive: [String] = []
    /// Groups that are wishes, not orders, and what breaking each weighs: `web=2.5` (`GroupPrice`).
    public var prices: [String] = []
    /// Higher is restarted first.
    public var priority: Int = 0

    public init() {}

    private enum Key: String, CodingKey {
        case allowedDowntime, stays, apart, together, onlyOn, priority, neverOn, spread, near, exclusive, prices
    }

    /// What an older podp stored lacks the younger keys.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        allowedDowntime = try values.decodeIfPresent(Duration.self, forKey: .allowedDowntime)
        stays = try values.decode(Bool.self, forKey: .stays)
        apart = try values.decode([String].self, forKey: .apart)
        together = try values.decode([String].self, forKey: .together)
        onlyOn = try values.decode([String].self, forKey: .onlyOn)
        priority = try values.decode(Int.self, forKey: .priority)
        neverOn = try values.decodeIfPresent([String].self, forKey: .neverOn) ?? []
        spread = try values.decodeIfPresent([String].self, forKey: .spread) ?? []
        near = try values.decodeIfPresent([String].self, forKey: .near) ?? []
        exclusive = try values.decodeIfPresent([String].self, forKey: .exclusive) ?? []
        prices = try values.decodeIfPresent([String].self, forKey: .prices) ?? []
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encodeIfPresent(allowedDowntime, forKey: .allowedDowntime)
        try values.encode(stays, forKey: .stays)
        try values.encode(apart, forKey: .apart)
        try values.encode(together, forKey: .together)
        try values.encode(onlyOn, forKey: .onlyOn)
        try values.encode(priority, forKey: .priority)
        for (key, names) in [(Key.neverOn, neverOn), (.spread, spread), (.near, near), (.exclusive, exclusive), (.prices, prices)] where !names.isEmpty {
            try values.encode(names, forKey: key)
        }
    }
}

/// A group with the kind of zone that it is spread over or kept within, and how many of them: `web`, `web:power`, `web:chassis:3`.
public struct ZoneGroup: Hashable, Sendable {
    public var group: String
    /// Chassis unless it says otherwise.
    public var zone: Zone
    /// For a group to be spread; 2 unless it says otherwise.
    public var atLeast: Int

    /// `nil` where the text is none: an empty name, an unknown kind of zone, a number that is not from 2 to 1,000.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard let name = parts.first, !name.isEmpty, parts.count <= 3 else { return nil }
        group = String(name)
        zone = .chassis
        atLeast = 2
        if parts.count > 1 {
            guard let kind = Zone(rawValue: String(parts[1])) else { return nil }
            zone = kind
        }
        if parts.count > 2 {
            guard let count = Int(parts[2]), (2...1_000).contains(count) else { return nil }
            atLeast = count
        }
    }
}

/// What breaking a group's rule weighs: `web=2.5`, in requests that wait.
public struct GroupPrice: Hashable, Sendable {
    public var group: String
    public var price: Double

    /// `nil` where the text is none: an empty name, or a price that is not from 0 to 1,000,000.
    public init?(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, let price = Double(parts[1]), (0...1_000_000).contains(price) else { return nil }
        group = String(parts[0])
        self.price = price
    }
}
