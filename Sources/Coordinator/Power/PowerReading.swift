import PodpModel

/// What a chassis says about a blade's power. Only `off` is off: standby, hibernation and "I do not know" are not.
public enum PowerState: String, Hashable, Sendable, Codable, CaseIterable {
    case on
    case off
    /// Sleeping or hibernating: its vCPUs may run again without being asked.
    case standby
    case unknown
}

/// The health of a bay as an Advanced Management Module tells it (BLADE-MIB, bladeHealthState); other kinds of chassis use the part that they have.
public enum BayHealth: String, Hashable, Sendable, Codable, CaseIterable {
    case unknown
    case good
    case warning
    case critical
    case kernelMode
    /// The module is still finding out what is there.
    case discovering
    /// The module cannot talk to the blade's service processor: its power state is what it was before.
    case commError
    case noPower
    case flashing
    case initFailure
    /// A start was refused: the power domain has not enough left.
    case insufficientPower
    /// A start was refused by policy.
    case powerDenied

    /// With these a management module has nothing to say about power, whatever number it shows.
    public var hidesPower: Bool {
        switch self {
        case .unknown, .discovering, .commError, .flashing, .initFailure: true
        case .good, .warning, .critical, .kernelMode, .noPower, .insufficientPower, .powerDenied: false
        }
    }

    public var refusesStart: Bool { self == .insufficientPower || self == .powerDenied }
}

/// Who said it. Two sources of different kinds are independent enough to check each other.
public struct PowerSource: Hashable, Sendable, Codable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        /// SNMP or Redfish of the management module.
        case management
        /// The management module's command line, over ssh.
        case console
        /// Watts that the bay draws, measured, not a table's.
        case watts
        /// The outlets that feed the chassis.
        case pdu
    }

    public var kind: Kind
    /// Which of a chassis' management modules; `nil` where there are no two.
    public var module: Int?
    /// Whether it is the primary one; `nil`: it did not say, and then its "off" is not believed.
    public var isPrimary: Bool?

    public init(_ kind: Kind, module: Int? = nil, isPrimary: Bool? = true) {
        self.kind = kind
        self.module = module
        self.isPrimary = isPrimary
    }

    public var description: String {
        switch kind {
        case .management: module.map { "management module \($0)" } ?? "management module"
        case .console: "console"
        case .watts: "watts"
        case .pdu: "PDU"
        }
    }
}

/// Why a reading is not believed.
public enum PowerDoubt: Hashable, Sendable, Codable, CustomStringConvertible {
    /// No answer, or none that could be understood: timeouts, wrong community, garbage.
    case silent(String)
    /// The login is refused. Whoever goes on trying locks the account.
    case denied(String)
    /// The bay is empty, by the module's word.
    case absent
    /// Part of the wide blade in this bay: switch that one.
    case covered(by: Int)
    case health(BayHealth)
    /// It comes from a module that is not the primary, or does not say so.
    case notPrimary
    /// The module answered, without the value or with one that means nothing.
    case notTold(String)
    /// It was read before it was asked for.
    case stale

    public var description: String {
        switch self {
        case .silent(let why), .denied(let why): why
        case .absent: "the chassis says that the bay is empty"
        case .covered(let bay): "the bay is part of the wide blade in bay \(bay)"
        case .health(let health): "the management module's word on power means nothing while the blade's health is \(health.rawValue)"
        case .notPrimary: "it does not come from the primary management module"
        case .notTold(let what): what
        case .stale: "it was read before it was asked for"
        }
    }
}

/// How much a refused start was short of, in watts.
public struct PowerShortfall: Hashable, Sendable, Codable {
    public var domain: Int?
    /// What the blade wants at most.
    public var neededWatts: Int?
    /// What its power domain has left.
    public var remainingWatts: Int?

    public init(domain: Int? = nil, neededWatts: Int? = nil, remainingWatts: Int? = nil) {
        self.domain = domain
        self.neededWatts = neededWatts
        self.remainingWatts = remainingWatts
    }

    /// `nil` when one of the two is not known, or nothing is missing by these numbers.
    public var missingWatts: Int? {
        guard let neededWatts, let remainingWatts else { return nil }
        let (difference, overflow) = neededWatts.subtractingReportingOverflow(remainingWatts)
        return overflow || difference <= 0 ? nil : difference
    }
}

/// One look at one bay's power. What was reported is kept; what may be believed is `state`.
public struct PowerReading: Hashable, Sendable, Codable {
    public var bay: Int
    /// As the device said it.
    public var reported: PowerState
    /// `nil`: the source does not tell.
    public var isPresent: Bool?
    /// `nil`: the source knows no such thing (an outlet), or told none where none is owed (Redfish).
    public var health: BayHealth?
    public var source: PowerSource
    /// When the answer came, on the reader's monotonic clock.
    public var at: Instant
    /// What is on the label of the blade in the bay (`ChassisBay.label`), where the source tells it in the same answer: power is of a blade, not
    /// of a bay.
    public var label: String?
    /// Set by the driver when it has a reason of its own: silence, a covered bay, a column that is not there.
    public var driversDoubt: PowerDoubt?
    /// With `insufficientPower` and `powerDenied`.
    public var shortfall: PowerShortfall?

    public init(
        bay: Int, reported: PowerState, isPresent: Bool?, health: BayHealth?, source: PowerSource, at: Instant, label: String? = nil,
        driversDoubt: PowerDoubt? = nil, shortfall: PowerShortfall? = nil
    ) {
        self.bay = bay
        self.reported = reported
        self.isPresent = isPresent
        self.health = health
        self.source = source
        self.at = at
        self.label = label
        self.driversDoubt = driversDoubt
        self.shortfall = shortfall
    }

    /// A reading that did not come about.
    public static func silent(_ why: String, bay: Int, source: PowerSource, at: Instant) -> PowerReading {
        PowerReading(bay: bay, reported: .unknown, isPresent: nil, health: nil, source: source, at: at, driversDoubt: .silent(why))
    }

    /// The same, for a login that was refused.
    public static func denied(_ why: String, bay: Int, source: PowerSource, at: Instant) -> PowerReading {
        PowerReading(bay: bay, reported: .unknown, isPresent: nil, health: nil, source: source, at: at, driversDoubt: .denied(why))
    }

    /// Why `reported` is not believed; `nil` when it is. "On" needs less than "off": to take a blade for running is the safe mistake.
    public var doubt: PowerDoubt? {
        if let driversDoubt { return driversDoubt }
        if isPresent == false { return .absent }
        switch reported {
        case .on, .standby: return nil
        case .unknown: return health.map { $0.hidesPower ? .health($0) : .notTold("the chassis does not say") } ?? .notTold("the chassis does not say")
        case .off:
            if source.kind == .management {
                if source.isPrimary != true { return .notPrimary }
                if isPresent != true { return .notTold("the chassis does not say whether there is a blade") }
            }
            if let health, health.hidesPower { return .health(health) }
            return nil
        }
    }

    /// What may be believed.
    public var state: PowerState { doubt == nil ? reported : .unknown }

    /// Why `state` is `unknown`, in words; empty otherwise.
    public var why: String { doubt.map(\.description) ?? "" }
}
