import PodpModel

/// A blade chassis: what stands where, what it draws, and what its loss would mean. Absent numbers were not told.
public struct ChassisResource: Documented {
    /// Its name; what blades and policies call it.
    public var name: String
    /// Where its management answers, without secrets.
    public var url: String
    /// `amm`, `redfish`, `pdu` or `simulated`; absent before it has answered.
    public var kind: String?
    /// Machine type and model.
    public var model: String?
    /// Its serial number.
    public var serial: String?
    /// Its UUID.
    public var uuid: BladeID?
    /// Whether its last poll was answered.
    public var answering: Bool
    /// Present: why nothing answers.
    public var silence: String?
    /// Since when.
    public var silentSince: Timestamp?
    /// Since its last readings came in; absent when none did.
    public var readingsAgeSeconds: Double?
    /// Its readings are old: they are shown and decide nothing.
    public var stale: Bool
    /// The number of the primary management module.
    public var primary: Int?
    /// Its own verdict: `good`, `warning`, `critical`, `notAvailable` or `unknown`.
    public var health: String?
    /// What all of it draws.
    public var watts: Int?
    /// Sources that must say off, too, before podp relies on it: `console`, `watts`, `pdu`.
    public var secondSources: [String]
    /// The Switched PDUs that feed its bays, without secrets; absent: none that podp knows of.
    public var pdu: String?
    /// What it can be asked for: `on`, `softOff`, `hardOff`; empty before it has answered.
    public var can: [String]
    /// Whether blades' serial consoles can be opened through it.
    public var hasConsole: Bool
    /// Every bay, by number.
    public var bays: [ChassisBayResource]
    /// Groups of bays that share power modules, by number.
    public var powerDomains: [PowerDomainResource]
    /// By number.
    public var blowers: [ChassisPartResource]
    /// By number.
    public var powerModules: [ChassisPartResource]
    /// By number.
    public var switchModules: [ChassisPartResource]
    /// By number.
    public var managementModules: [ChassisPartResource]
    /// Of the chassis itself.
    public var temperatures: [SensorResource]
    /// What the loss of one power module, or of one switch module, would mean.
    public var losses: [LossResource]
    /// What could not be read the last time.
    public var gaps: [String]
    /// What keeps podp from using it, in sentences: it is watched twice, or has not the second sources that it is to have.
    public var faults: [String]?

    public init(
        name: String, url: String, kind: String? = nil, model: String? = nil, serial: String? = nil, uuid: BladeID? = nil, answering: Bool,
        silence: String? = nil, silentSince: Timestamp? = nil, readingsAgeSeconds: Double? = nil, stale: Bool, primary: Int? = nil, health: String? = nil,
        watts: Int? = nil, secondSources: [String], pdu: String? = nil, can: [String], hasConsole: Bool,
        bays: [ChassisBayResource], powerDomains: [PowerDomainResource], blowers: [ChassisPartResource], powerModules: [ChassisPartResource],
        switchModules: [ChassisPartResource], managementModules: [ChassisPartResource], temperatures: [SensorResource], losses: [LossResource], gaps: [String],
        faults: [String]? = nil
    ) {
        self.name = name
        self.url = url
        self.kind = kind
        self.model = model
        self.serial = serial
        self.uuid = uuid
        self.answering = answering
        self.silence = silence
        self.silentSince = silentSince
        self.readingsAgeSeconds = readingsAgeSeconds
        self.stale = stale
        self.primary = primary
        self.health = health
        self.watts = watts
        self.secondSources = secondSources
        self.pdu = pdu
        self.can = can
        self.hasConsole = hasConsole
        self.bays = bays
        self.powerDomains = powerDomains
        self.blowers = blowers
        self.powerModules = powerModules
        self.switchModules = switchModules
        self.managementModules = managementModules
        self.temperatures = temperatures
        self.losses = losses
        self.gaps = gaps
        self.faults = faults
    }

    public static let summary = "A blade chassis: what stands where, what it draws, and what its loss would mean. Absent numbers were not told."
    public static let fields = [
        "name": "Its name; what blades and policies call it.",
        "url": "Where its management answers, without secrets.",
        "kind": "`amm`, `redfish`, `pdu` or `simulated`; absent before it has answered.",
        "model": "Machine type and model.",
        "serial": "Its serial number.",
        "uuid": "Its UUID.",
        "answering": "Whether its last poll was answered.",
        "silence": "Present: why nothing answers.",
        "silentSince": "Since when.",
        "readingsAgeSeconds": "Since its last readings came in; absent when none did.",
        "stale": "Its readings are old: they are shown and decide nothing.",
        "primary": "The number of the primary management module.",
        "health": "Its own verdict: `good`, `warning`, `critical`, `notAvailable` or `unknown`.",
        "watts": "What all of it draws.",
        "secondSources": "Sources that must say off, too, before podp relies on it: `console`, `watts`, `pdu`.",
        "pdu": "The Switched PDUs that feed its bays, without secrets; absent: none that podp knows of.",
        "can": "What it can be asked for: `on`, `softOff`, `hardOff`; empty before it has answered.",
        "hasConsole": "Whether blades' serial consoles can be opened through it.",
        "bays": "Every bay, by number.",
        "powerDomains": "Groups of bays that share power modules, by number.",
        "blowers": "By number.",
        "powerModules": "By number.",
        "switchModules": "By number.",
        "managementModules": "By number.",
        "temperatures": "Of the chassis itself.",
        "losses": "What the loss of one power module, or of one switch module, would mean.",
        "gaps": "What could not be read the last time.",
        "faults": "What keeps podp from using it, in sentences: it is watched twice, or has not the second sources that it is to have.",
    ]
}

/// A bay of a chassis, the blade in it, and what is known of its power.
public struct ChassisBayResource: Documented {
    /// Its number.
    public var bay: Int
    /// Whether a blade is in it. Absent: the chassis does not say.
    public var present: Bool?
    /// The bay of the wide blade that reaches into this one.
    public var coveredBy: Int?
    /// How many bays its blade takes.
    public var width: Int?
    /// The enrolled blade in it, found by UUID, then by the addresses of its interfaces.
    public var blade: BladeID?
    /// That blade's name.
    public var bladeName: String?
    /// What the chassis calls it.
    public var name: String?
    /// Its blade's serial number.
    public var serial: String?
    /// Its blade's UUID, by the label.
    public var uuid: BladeID?
    /// Its blade's addresses.
    public var macs: [String]
    /// Its blade's machine type and model.
    public var model: String?
    /// What may be believed.
    public var power: PowerWord
    /// Why `power` is unknown.
    public var powerReason: String?
    /// What the chassis said, believed or not.
    public var reported: PowerWord?
    /// As the management module tells it: `good`, `discovering`, `commError` and so on.
    public var health: String?
    /// What it draws. Absent: the chassis does not say.
    public var watts: Int?
    /// Whether `watts` is measured; false: a table's worst case, good for no decision.
    public var wattsMeasured: Bool?
    /// The power domain that feeds it.
    public var powerDomain: Int?
    /// Sensors that can be read.
    public var temperatures: [SensorResource]
    /// How busy the enrolled blade's processors are, in thousandths; absent when it does not report.
    public var cpuPermille: Int?
    /// The request for power that is under way.
    public var operation: OperationID?

    public init(
        bay: Int, present: Bool? = nil, coveredBy: Int? = nil, width: Int? = nil, blade: BladeID? = nil, bladeName: String? = nil, name: String? = nil,
        serial: String? = nil, uuid: BladeID? = nil, macs: [String], model: String? = nil, power: PowerWord, powerReason: String? = nil,
        reported: PowerWord? = nil, health: String? = nil, watts: Int? = nil, wattsMeasured: Bool? = nil, powerDomain: Int? = nil,
        temperatures: [SensorResource], cpuPermille: Int? = nil, operation: OperationID? = nil
    ) {
        self.bay = bay
        self.present = present
        self.coveredBy = coveredBy
        self.width = width
        self.blade = blade
        self.bladeName = bladeName
        self.name = name
        self.serial = serial
        self.uuid = uuid
        self.macs = macs
        self.model = model
        self.power = power
        self.powerReason = powerReason
        self.reported = reported
        self.health = health
        self.watts = watts
        self.wattsMeasured = wattsMeasured
        self.powerDomain = powerDomain
        self.temperatures = temperatures
        self.cpuPermille = cpuPermille
        self.operation = operation
    }

    public static let summary = "A bay of a chassis, the blade in it, and what is known of its power."
    public static let fields = [
        "bay": "Its number.",
        "present": "Whether a blade is in it. Absent: the chassis does not say.",
        "coveredBy": "The bay of the wide blade that reaches into this one.",
        "width": "How many bays its blade takes.",
        "blade": "The enrolled blade in it, found by UUID, then by the addresses of its interfaces.",
        "bladeName": "That blade's name.",
        "name": "What the chassis calls it.",
        "serial": "Its blade's serial number.",
        "uuid": "Its blade's UUID, by the label.",
        "macs": "Its blade's addresses.",
        "model": "Its blade's machine type and model.",
        "power": "What may be believed.",
        "powerReason": "Why `power` is unknown.",
        "reported": "What the chassis said, believed or not.",
        "health": "As the management module tells it: `good`, `discovering`, `commError` and so on.",
        "watts": "What it draws. Absent: the chassis does not say.",
        "wattsMeasured": "Whether `watts` is measured; false: a table's worst case, good for no decision.",
        "powerDomain": "The power domain that feeds it.",
        "temperatures": "Sensors that can be read.",
        "cpuPermille": "How busy the enrolled blade's processors are, in thousandths; absent when it does not report.",
        "operation": "The request for power that is under way.",
    ]
}

/// A temperature.
public struct SensorResource: Documented {
    /// As the chassis names it.
    public var sensor: String
    /// In degrees Celsius.
    public var celsius: Double

    public init(sensor: String, celsius: Double) {
        self.sensor = sensor
        self.celsius = celsius
    }

    public static let summary = "A temperature."
    public static let fields = [
        "sensor": "As the chassis names it.",
        "celsius": "In degrees Celsius.",
    ]
}

/// A group of bays that share power modules and a limit, in watts.
public struct PowerDomainResource: Documented {
    /// Its number.
    public var number: Int
    /// Its health.
    public var health: String?
    /// The power modules that feed it, in the chassis' words.
    public var modules: [String]
    /// What it can give.
    public var totalWatts: Int?
    /// Promised to what is switched on.
    public var allocatedWatts: Int?
    /// Left for what is not.
    public var remainingWatts: Int?
    /// Drawn now.
    public var usedWatts: Int?

    public init(
        number: Int, health: String? = nil, modules: [String], totalWatts: Int? = nil, allocatedWatts: Int? = nil, remainingWatts: Int? = nil,
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

    public static let summary = "A group of bays that share power modules and a limit, in watts."
    public static let fields = [
        "number": "Its number.",
        "health": "Its health.",
        "modules": "The power modules that feed it, in the chassis' words.",
        "totalWatts": "What it can give.",
        "allocatedWatts": "Promised to what is switched on.",
        "remainingWatts": "Left for what is not.",
        "usedWatts": "Drawn now.",
    ]
}

/// A blower, a power module, a switch module or a management module. Absent: it has no such thing, or the chassis does not say.
public struct ChassisPartResource: Documented {
    /// Its number.
    public var number: Int
    /// Whether it is there.
    public var present: Bool?
    /// Its health.
    public var health: String?
    /// Of a switch module: `ethernet`, `fibreChannel`, `other`.
    public var kind: String?
    /// Of a switch module.
    public var power: PowerWord?
    /// Of a management module: whether it leads.
    public var primary: Bool?
    /// Of a blower: of its full speed.
    public var percent: Int?
    /// Of a blower: turns a minute.
    public var rpm: Int?
    /// Of a power module: what it can give.
    public var watts: Int?
    /// Its IP address.
    public var address: String?
    /// The chassis' own words.
    public var text: String?

    public init(
        number: Int, present: Bool? = nil, health: String? = nil, kind: String? = nil, power: PowerWord? = nil, primary: Bool? = nil, percent: Int? = nil,
        rpm: Int? = nil, watts: Int? = nil, address: String? = nil, text: String? = nil
    ) {
        self.number = number
        self.present = present
        self.health = health
        self.kind = kind
        self.power = power
        self.primary = primary
        self.percent = percent
        self.rpm = rpm
        self.watts = watts
        self.address = address
        self.text = text
    }

    public static let summary = "A blower, a power module, a switch module or a management module. Absent: it has no such thing, or the chassis does not say."
    public static let fields = [
        "number": "Its number.",
        "present": "Whether it is there.",
        "health": "Its health.",
        "kind": "Of a switch module: `ethernet`, `fibreChannel`, `other`.",
        "power": "Of a switch module.",
        "primary": "Of a management module: whether it leads.",
        "percent": "Of a blower: of its full speed.",
        "rpm": "Of a blower: turns a minute.",
        "watts": "Of a power module: what it can give.",
        "address": "Its IP address.",
        "text": "The chassis' own words.",
    ]
}

/// What the loss of one part would mean.
public struct LossResource: Documented {
    /// The part: `power module 2`, `switch module 1`.
    public var part: String
    /// How bad it would be.
    public var severity: Severity
    /// What would happen.
    public var sentence: String

    public init(part: String, severity: Severity, sentence: String) {
        self.part = part
        self.severity = severity
        self.sentence = sentence
    }

    public static let summary = "What the loss of one part would mean."
    public static let fields = [
        "part": "The part: `power module 2`, `switch module 1`.",
        "severity": "How bad it would be.",
        "sentence": "What would happen.",
    ]
}

/// Somebody's session on a bay's serial console, for the audit log.
public struct ConsoleNote: Documented {
    /// The bay.
    public var bay: Int
    /// `opened`, `taken-over` or `closed`.
    public var moment: String

    public init(bay: Int, moment: String) {
        self.bay = bay
        self.moment = moment
    }

    public static let summary = "Somebody's session on a bay's serial console, for the audit log. podp does not see the session."
    public static let fields = ["bay": "The bay.", "moment": "`opened`, `taken-over` or `closed`."]
}

/// A chassis to watch. Secrets are in files on the coordinator's host, and nowhere else.
public struct ChassisAddition: Documented {
    /// What to call it; if nothing is said, the host in its URL.
    public var name: String?
    /// Where its management answers: `amm+snmpv3://USER@HOST?auth=sha&priv=aes`, `amm+snmpv1://HOST`, `redfish://USER@HOST?pin=sha256:…`.
    public var url: String
    /// A file on the coordinator's host with the secrets, readable by its owner alone; one line with the password, or `auth = …` and `priv = …`.
    public var secretFile: String?
    /// Sources that must say off, too: `console`, `watts`, `pdu`.
    public var secondSources: [String]?
    /// The Switched PDUs whose outlets feed its bays, each its own: `pdu+snmpv3://USER@HOST?bay1=3,4&bay2=5,6`. They must say off, too, and are cut
    /// with the blade.
    public var pdu: String?
    /// A file on the coordinator's host with what opens the PDUs.
    public var pduSecretFile: String?

    public init(name: String? = nil, url: String, secretFile: String? = nil, secondSources: [String]? = nil, pdu: String? = nil, pduSecretFile: String? = nil) {
        self.name = name
        self.url = url
        self.secretFile = secretFile
        self.secondSources = secondSources
        self.pdu = pdu
        self.pduSecretFile = pduSecretFile
    }

    public static let summary = "A chassis to watch. Secrets are in files on the coordinator's host, and nowhere else."
    public static let fields = [
        "name": "What to call it; if nothing is said, the host in its URL.",
        "url": "Where its management answers: `amm+snmpv3://USER@HOST?auth=sha&priv=aes`, `amm+snmpv1://HOST`, `redfish://USER@HOST?pin=sha256:…`.",
        "secretFile":
            "A file on the coordinator's host with the secrets, readable by its owner alone; one line with the password, or `auth = …` and `priv = …`.",
        "secondSources": "Sources that must say off, too: `console`, `watts`, `pdu`.",
        "pdu":
            "The Switched PDUs whose outlets feed its bays, each its own: `pdu+snmpv3://USER@HOST?bay1=3,4&bay2=5,6`. They must say off, too, and are cut "
            + "with the blade.",
        "pduSecretFile": "A file on the coordinator's host with what opens the PDUs.",
    ]
}
