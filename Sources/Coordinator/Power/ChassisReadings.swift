import PodpModel

/// One poll of a chassis: what changes by itself.
public struct ChassisReadings: Hashable, Sendable, Codable {
    /// When the poll's last answer came, on the reader's monotonic clock.
    public var at: Instant
    /// The management module that answered as the primary one; `nil`: the chassis has no two, or did not say.
    public var primaryModule: Int?
    /// By number, every bay.
    public var bays: [BayReadings]
    public var powerDomains: [PowerDomain]
    public var blowers: [Blower]
    public var powerModules: [PowerModule]
    public var switchModules: [SwitchModule]
    /// Of the chassis itself: ambient air, the management module.
    public var temperatures: [Temperature]
    /// Watts that the whole chassis draws.
    public var watts: Int?
    /// The chassis' own verdict.
    public var health: ModuleHealth?
    /// New since the poll before, oldest first; at the first poll the newest few.
    public var log: [ChassisLogEntry]
    /// What could not be read this time, for people: `blowers: no answer`.
    public var gaps: [String]

    public init(
        at: Instant, primaryModule: Int? = nil, bays: [BayReadings] = [], powerDomains: [PowerDomain] = [], blowers: [Blower] = [],
        powerModules: [PowerModule] = [], switchModules: [SwitchModule] = [], temperatures: [Temperature] = [], watts: Int? = nil,
        health: ModuleHealth? = nil, log: [ChassisLogEntry] = [], gaps: [String] = []
    ) {
        self.at = at
        self.primaryModule = primaryModule
        self.bays = bays
        self.powerDomains = powerDomains
        self.blowers = blowers
        self.powerModules = powerModules
        self.switchModules = switchModules
        self.temperatures = temperatures
        self.watts = watts
        self.health = health
        self.log = log
        self.gaps = gaps
    }

    public func bay(_ number: Int) -> BayReadings? { bays.first { $0.power.bay == number } }
}

public struct BayReadings: Hashable, Sendable, Codable {
    public var power: PowerReading
    /// `nil`: not told. A table's worst case is told too: see `isMeasured`.
    public var watts: Int?
    /// Whether `watts` is measured; false: a static table's value, useless for deciding by load; `nil`: the chassis does not say which.
    public var isMeasured: Bool?
    /// Sensors that can be read; an unreadable one has `celsius` `nil`.
    public var temperatures: [Temperature]

    public init(power: PowerReading, watts: Int? = nil, isMeasured: Bool? = nil, temperatures: [Temperature] = []) {
        self.power = power
        self.watts = watts
        self.isMeasured = isMeasured
        self.temperatures = temperatures
    }
}

public struct Temperature: Hashable, Sendable, Codable {
    /// As the chassis names it: `CPU1`.
    public var sensor: String
    public var celsius: Double?

    public init(sensor: String, celsius: Double?) {
        self.sensor = sensor
        self.celsius = celsius
    }
}

/// A group of bays that share power modules, and a limit. All in watts.
public struct PowerDomain: Hashable, Sendable, Codable {
    public var number: Int
    public var health: ModuleHealth?
    /// The power modules that feed it: `Bay 1: 2940W`.
    public var modules: [String]
    public var totalWatts: Int?
    /// Promised to what is switched on.
    public var allocatedWatts: Int?
    public var remainingWatts: Int?
    public var usedWatts: Int?

    public init(
        number: Int, health: ModuleHealth? = nil, modules: [String] = [], totalWatts: Int? = nil, allocatedWatts: Int? = nil, remainingWatts: Int? = nil,
        usedWatts: Int? = nil
    ) {
        self.number = number
        self.health = health
        self.modules = modules
        self.totalWatts = totalWatts
        self.allocatedWatts = allocatedWatts
        self.remainingWatts = remainingWatts
        self.usedWatts = usedWatts
    }
}

public struct Blower: Hashable, Sendable, Codable {
    public var number: Int
    public var health: ModuleHealth?
    /// Of its full speed.
    public var percent: Int?
    /// Turns a minute.
    public var rpm: Int?

    public init(number: Int, health: ModuleHealth? = nil, percent: Int? = nil, rpm: Int? = nil) {
        self.number = number
        self.health = health
        self.percent = percent
        self.rpm = rpm
    }
}

public struct PowerModule: Hashable, Sendable, Codable {
    public var number: Int
    public var isPresent: Bool?
    public var health: ModuleHealth?
    /// The chassis' own words.
    public var text: String?
    /// What it can give.
    public var watts: Int?

    public init(number: Int, isPresent: Bool? = nil, health: ModuleHealth? = nil, text: String? = nil, watts: Int? = nil) {
        self.number = number
        self.isPresent = isPresent
        self.health = health
        self.text = text
        self.watts = watts
    }
}

public struct SwitchModule: Hashable, Sendable, Codable {
    public enum Kind: String, Hashable, Sendable, Codable { case ethernet, fibreChannel, other }

    public var number: Int
    public var isPresent: Bool?
    public var kind: Kind?
    public var power: PowerState?
    public var health: ModuleHealth?
    public var mac: String?
    public var address: String?

    public init(
        number: Int, isPresent: Bool? = nil, kind: Kind? = nil, power: PowerState? = nil, health: ModuleHealth? = nil, mac: String? = nil,
        address: String? = nil
    ) {
        self.number = number
        self.isPresent = isPresent
        self.kind = kind
        self.power = power
        self.health = health
        self.mac = mac
        self.address = address
    }
}

/// A line of the chassis' event log, in its own words. Its clock has no zone, and often is wrong: for people only.
public struct ChassisLogEntry: Hashable, Sendable, Codable {
    public var severity: String?
    public var source: String?
    /// Local time of the chassis, as it was written.
    public var written: String?
    public var text: String

    public init(severity: String? = nil, source: String? = nil, written: String? = nil, text: String) {
        self.severity = severity
        self.source = source
        self.written = written
        self.text = text
    }
}

/// What this very chassis can do, found out from it and not assumed.
public struct ChassisCapabilities: Hashable, Sendable, Codable {
    public var requests: Set<PowerRequest>
    /// Sources besides the main one that can be asked whether a blade is off.
    public var secondSources: Set<PowerSource.Kind>
    public var hasConsole: Bool
    public var hasEventLog: Bool
    public var measuresWatts: Bool
    /// What bounds it, for people: `read-only community`.
    public var limits: [String]

    public init(
        requests: Set<PowerRequest> = [], secondSources: Set<PowerSource.Kind> = [], hasConsole: Bool = false, hasEventLog: Bool = false,
        measuresWatts: Bool = false, limits: [String] = []
    ) {
        self.requests = requests
        self.secondSources = secondSources
        self.hasConsole = hasConsole
        self.hasEventLog = hasEventLog
        self.measuresWatts = measuresWatts
        self.limits = limits
    }
}
