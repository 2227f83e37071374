import PodpModel

public enum ChassisKind: String, Hashable, Sendable, Codable, CaseIterable {
    case amm
    case redfish
    case pdu
    case simulated
}

/// What stands where, and what it says on its label. Changes when somebody opens the rack; asked for seldom.
public struct ChassisInventory: Hashable, Sendable, Codable {
    public var kind: ChassisKind
    /// Machine type and model, `8852-4XG`.
    public var model: String?
    public var serial: String?
    public var uuid: ID128?
    public var name: String?
    /// In order of their numbers, every bay that the chassis has.
    public var bays: [ChassisBay]
    public var managementModules: [ManagementModule]

    public init(
        kind: ChassisKind, model: String? = nil, serial: String? = nil, uuid: ID128? = nil, name: String? = nil, bays: [ChassisBay] = [],
        managementModules: [ManagementModule] = []
    ) {
        self.kind = kind
        self.model = model
        self.serial = serial
        self.uuid = uuid
        self.name = name
        self.bays = bays
        self.managementModules = managementModules
    }

    /// The number of the management module that leads; `nil`: the chassis did not say.
    public var primaryModule: Int? { managementModules.first { $0.isPrimary == true }?.number }
    public func bay(_ number: Int) -> ChassisBay? { bays.first { $0.number == number } }
}

/// A blade's place, and the label of the blade in it. What the chassis does not know is `nil`.
public struct ChassisBay: Hashable, Sendable, Codable {
    public var number: Int
    /// `nil`: the chassis did not say.
    public var isPresent: Bool?
    public var name: String?
    public var serial: String?
    /// Never all zeros: that is `nil`.
    public var uuid: ID128?
    /// What tells this blade from others: its UUID, else its serial number, else its first address.
    public var label: String? { uuid?.description ?? serial ?? macs.first }
    /// Whether it is the blade that somebody names by its UUID (its fields either way round), its serial number or one of its addresses.
    public func isKnown(as name: String) -> Bool {
        if let id = ID128(name), let uuid, id == uuid || id == uuid.withSwappedFields { return true }
        return !name.isEmpty && (serial?.lowercased() == name.lowercased() || macs.contains(name.lowercased()))
    }

    /// `00:11:25:75:00:c2`, the first interface first.
    public var macs: [String]
    /// Machine type and model.
    public var model: String?
    /// How many bays it takes; the others are those after it.
    public var width: Int?
    /// The bay of the wide blade that reaches into this one; `nil` where the chassis says that a blade of its own is here.
    public var coveredBy: Int?
    public var powerDomain: Int?
    /// What it can draw at most, in watts, by the chassis' table.
    public var maximumWatts: Int?
    /// Whether the chassis may switch it (AMM's remote power control); `nil`: it does not say.
    public var mayBeSwitched: Bool?
    /// Whether label and addresses are complete; false for minutes after a blade was put in.
    public var isInventoryReady: Bool?

    public init(
        number: Int, isPresent: Bool? = nil, name: String? = nil, serial: String? = nil, uuid: ID128? = nil, macs: [String] = [], model: String? = nil,
        width: Int? = nil, coveredBy: Int? = nil, powerDomain: Int? = nil, maximumWatts: Int? = nil, mayBeSwitched: Bool? = nil, isInventoryReady: Bool? = nil
    ) {
        self.number = number
        self.isPresent = isPresent
        self.name = name
        self.serial = serial
        self.uuid = uuid
        self.macs = macs
        self.model = model
        self.width = width
        self.coveredBy = coveredBy
        self.powerDomain = powerDomain
        self.maximumWatts = maximumWatts
        self.mayBeSwitched = mayBeSwitched
        self.isInventoryReady = isInventoryReady
    }
}

public struct ManagementModule: Hashable, Sendable, Codable {
    public var number: Int
    public var isPresent: Bool?
    public var isPrimary: Bool?
    public var health: ModuleHealth?
    public var address: String?

    public init(number: Int, isPresent: Bool? = nil, isPrimary: Bool? = nil, health: ModuleHealth? = nil, address: String? = nil) {
        self.number = number
        self.isPresent = isPresent
        self.isPrimary = isPrimary
        self.health = health
        self.address = address
    }
}

public enum ModuleHealth: String, Hashable, Sendable, Codable, CaseIterable {
    case good
    case warning
    case critical
    case notAvailable
    case unknown
}

extension ID128 {
    /// The same UUID with its first three fields' bytes the other way round: SMBIOS before 2.6 and many service processors write them so.
    ///
    /// A chassis and an agent may mean one blade by either; whoever matches them tries both.
    public var withSwappedFields: ID128 {
        let b = bytes
        guard b.count == 16 else { return self }
        return ID128(bytes: [b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6]] + b[8...]) ?? self
    }
}
