/// Where things stand in BLADE-MIB 5.3 (IBM, May 2009), below 1.3.6.1.4.1.2.3.51.2. `N` is a bay's number.
enum AMMTree {
    static let base = ObjectID("1.3.6.1.4.1.2.3.51.2")
    private static func at(_ text: String) -> ObjectID { ObjectID(base.arcs + ObjectID(text).arcs) }

    // MARK: bladeSystemStatusTable, .N
    static let exists = at("22.1.5.1.1.3")
    static let power = at("22.1.5.1.1.4")
    static let health = at("22.1.5.1.1.5")
    static let name = at("22.1.5.1.1.6")
    static let remotePower = at("22.1.5.1.1.7")
    static let width = at("22.1.5.1.1.15")
    static let inventoryReady = at("22.1.5.1.1.52")

    // MARK: bladePowerRestartTable and policy
    /// Write 0 off, 1 on, 2 soft-off; what it reads means nothing.
    static let powerOnOff = at("22.1.6.1.1.7")
    /// remotePowerControlEnable, the configuration that `remotePower` shows; .N
    static let remotePowerControl = at("22.1.4.1.1.7")
    static let powerControlPolicy = at("22.1.4.2.1.0")
    /// 1 restore, 2 automatic, 3 manual.
    static let autoPowerOn = at("22.1.4.2.7.0")

    // MARK: VPD, .N
    static let serial = at("2.21.4.1.1.6")
    static let machineType = at("2.21.4.1.1.7")
    static let uuid = at("2.21.4.1.1.8")
    static let machineModel = at("2.21.4.1.1.12")
    /// First interface; the next three follow.
    static let macs = (2...5).map { at("2.21.4.2.1.\($0)") }

    // MARK: The chassis
    static let chassisType = at("2.21.1.1.1.0")
    static let chassisModel = at("2.21.1.1.2.0")
    static let chassisSerial = at("2.21.1.1.3.0")
    static let chassisUUID = at("2.21.1.1.4.0")
    static let chassisName = at("22.4.3.0")
    static let bayCount = at("22.4.19.0")
    static let installedModules = at("22.4.30.0")
    static let activeModule = at("22.4.34.0")
    /// 0 critical, 2 not critical, 4 system level, 255 normal. The second is a BladeCenter T's or HT's.
    static let systemHealth = [at("2.7.1.0"), at("2.9.1.0")]
    static let clock = at("4.4.1.0")
    static let timeZone = at("4.4.2.0")

    // MARK: Management modules, .1 and .2
    static let moduleExists = at("22.5.1.1.2")
    static let moduleAddress = at("22.5.1.1.3")
    static let modulePrimary = at("22.5.1.1.4")
    static let moduleHealth = at("22.5.1.1.5")

    // MARK: Temperatures
    static let moduleTemperature = at("2.1.1.2.0")
    static let ambient = [at("2.1.5.1.0"), at("2.1.5.2.0")]
    /// The older layout, .N: a column a sensor.
    static let oldTemperatures: [(column: ObjectID, sensor: String)] = [
        (at("22.1.5.3.1.6"), "CPU1"), (at("22.1.5.3.1.7"), "CPU2"), (at("22.1.5.3.1.8"), "CPU3"), (at("22.1.5.3.1.9"), "CPU4"),
        (at("22.1.5.3.1.10"), "DASD"),
    ]
    /// The newer layout, .N: `CPU1 TEMP = +45.00 Centigrade`.
    static let newTemperatures = (12...20).map { at("22.1.5.3.1.\($0)") }

    // MARK: Power domains, .D
    static let domainStatus = at("2.10.1.1.1.3")
    static let domainModules = [at("2.10.1.1.1.4"), at("2.10.1.1.1.5")]
    static let domainTotal = at("2.10.1.1.1.7")
    static let domainAllocated = at("2.10.1.1.1.8")
    static let domainRemaining = at("2.10.1.1.1.9")
    static let domainUsed = at("2.10.1.1.1.10")
    /// Rows of what a domain feeds; a row is not a bay.
    static func domainRow(_ domain: Int, _ column: UInt32) -> ObjectID { at("2.10.\(domain + 1).1.1").appending(column) }
    static let rowName: UInt32 = 2
    static let rowWatts: UInt32 = 7
    static let rowMaximum: UInt32 = 8
    static let rowMeasured: UInt32 = 13
    /// "AC in use", of the whole chassis.
    static let chassisWatts = at("2.10.5.1.2.0")

    // MARK: Blowers, power modules, switches
    static func blowerSpeed(_ number: Int) -> ObjectID { at("2.3.\(number).0") }
    static func blowerState(_ number: Int) -> ObjectID { at("2.3.\(9 + number).0") }
    static func blowerRPM(_ number: Int) -> ObjectID { at("2.3.\(19 + number).0") }
    static func blowerController(_ number: Int) -> ObjectID { at("2.3.\(29 + number).0") }
    static let powerModuleExists = at("2.4.1.1.2")
    static let powerModuleState = at("2.4.1.1.3")
    static let powerModuleText = at("2.4.1.1.4")
    static let switchExists = at("22.3.1.7.1.3")
    static let switchType = at("22.3.1.7.1.4")
    static let switchMAC = at("22.3.1.7.1.5")
    static let switchAddress = at("22.3.1.7.1.6")
    static let switchPower = at("22.3.1.7.1.7")
    static let switchHealth = at("22.3.1.1.1.15")

    /// Newest first, .1 on.
    static let logText = at("3.4.2.1.2")
}
