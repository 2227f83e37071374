import PodpCore
import PodpModel
import PodpPower

/// A chassis with one of everything: a wide blade, an empty bay, one that is off, one whose health hides its power, a stranger.
extension ExampleFleet {
    public static func chassis() -> ChassisView {
        var record = ChassisRecord(
            name: "north", url: "amm+snmpv3://podp@192.0.2.10", address: "amm+snmpv3://podp@192.0.2.10:161", secretFile: "/etc/podp/north", addedAt: now,
            addedBy: "uid 0 (root)")
        record.secondSources = [.watts]
        let inventory = ChassisInventory(
            kind: .amm, model: "8852-4XG", serial: "99A0001", uuid: ID128(high: 0xC0, low: 1), name: "north", bays: (1...14).map(label),
            managementModules: [
                ManagementModule(number: 1, isPresent: true, isPrimary: true, health: .good, address: "192.0.2.10"),
                ManagementModule(number: 2, isPresent: true, isPrimary: false, health: .warning, address: "192.0.2.10"),
            ])
        var readings = ChassisReadings(at: Instant(nanoseconds: 900_000_000), primaryModule: 1, bays: (1...14).map(reading), health: .good)
        readings.powerDomains = [
            PowerDomain(
                number: 1, health: .good, modules: ["Bay 1: 2940W", "Bay 2: 2940W"], totalWatts: 2940, allocatedWatts: 1900, remainingWatts: 1040,
                usedWatts: 1212),
            PowerDomain(
                number: 2, health: .warning, modules: ["Bay 3: 1200W", "Bay 4: 1200W"], totalWatts: 2400, allocatedWatts: 2100, remainingWatts: 300,
                usedWatts: 1310),
        ]
        readings.blowers = [Blower(number: 1, health: .good, percent: 46, rpm: 2880), Blower(number: 2, health: .critical)]
        readings.powerModules = (1...4).map {
            PowerModule(number: $0, isPresent: true, health: .good, text: "Power module status OK", watts: $0 < 3 ? 2940 : 1200)
        }
        readings.switchModules = [
            SwitchModule(number: 1, isPresent: true, kind: .ethernet, power: .on, health: .good, address: "192.0.2.11"),
            SwitchModule(number: 2, isPresent: true, kind: .ethernet, power: .on, health: .good), SwitchModule(number: 3, isPresent: false),
            SwitchModule(number: 4, isPresent: true, kind: .fibreChannel, power: .on, health: .warning),
        ]
        readings.temperatures = [Temperature(sensor: "ambient", celsius: 23.5), Temperature(sensor: "management module", celsius: nil)]
        readings.gaps = ["blower 2: its speed cannot be read"]
        let bays = (1...14).map { number in
            ChassisView.Bay(
                number: number, blade: number <= 3 ? bladeID(number) : nil, bladeName: number <= 3 ? "blade-\(number)" : nil, label: label(number),
                readings: reading(number), power: number == 3 ? OperationID(term: term.id, sequence: 8) : nil)
        }
        return ChassisView(
            record: record, inventory: inventory, capabilities: ChassisCapabilities(requests: Set(PowerRequest.allCases), hasConsole: true),
            readings: readings, readingsAge: .milliseconds(2400), silence: nil, silentSince: nil, isStale: false, bays: bays)
    }

    private static let empty = 6
    private static let wide = 9

    private static func label(_ number: Int) -> ChassisBay {
        let digits = number < 10 ? "0\(number)" : "\(number)"
        guard number != empty, number != wide + 1 else {
            return ChassisBay(
                number: number, isPresent: false, coveredBy: number == wide + 1 ? wide : nil, powerDomain: number <= 7 ? 1 : 2)
        }
        return ChassisBay(
            number: number, isPresent: true, name: "SN#\(digits)", serial: "KQ00\(digits)", uuid: ID128(high: 0xB1AD_E000_0000_0000, low: UInt64(number)),
            macs: ["00:1a:64:00:00:\(digits)"], model: "7870-AC1", width: number == wide ? 2 : 1, powerDomain: number <= 7 ? 1 : 2, maximumWatts: 345,
            mayBeSwitched: true, isInventoryReady: true)
    }

    private static func reading(_ number: Int) -> BayReadings {
        let isThere = number != empty && number != wide + 1
        let isOff = number >= 13
        let health: BayHealth = !isThere ? .unknown : number == 12 ? .commError : number == 11 ? .warning : .good
        let power = PowerReading(
            bay: number, reported: isThere && !isOff && number != 12 ? .on : .off, isPresent: isThere, health: health,
            source: PowerSource(.management, module: 1), at: Instant(nanoseconds: 900_000_000))
        guard isThere else { return BayReadings(power: power) }
        return BayReadings(
            power: power, watts: isOff ? 30 : 180 + 7 * number, isMeasured: number != 5,
            temperatures: isOff ? [] : [Temperature(sensor: "CPU1", celsius: Double(40 + number)), Temperature(sensor: "CPU2", celsius: nil)])
    }

    /// One of each end, and one that is under way.
    static func power() -> [PowerRecord] {
        func record(_ sequence: UInt64, _ blade: Int, _ request: PowerRequest, _ state: PowerRecord.State) -> PowerRecord {
            var record = PowerRecord(
                id: OperationID(term: term.id, sequence: sequence), chassis: "north", bay: blade, blade: bladeID(blade), bladeName: "blade-\(blade)",
                request: request, state: state, by: "uid 1000 (anna)", startedAt: WallTime(milliseconds: now.milliseconds - 9_000))
            if state.isEnded { record.endedAt = WallTime(milliseconds: now.milliseconds - 4_500) }
            return record
        }
        var confirmed = record(5, 2, .softOff, .confirmed(.off, requested: true))
        confirmed.readings = [reading(13).power, reading(14).power]
        let shortfall = PowerShortfall(domain: 2, neededWatts: 345, remainingWatts: 300)
        return [
            record(8, 3, .on, .running),
            record(7, 2, .on, .refused(PowerRefusal(.insufficientPower, "the chassis has not enough power to start the blade", shortfall: shortfall))),
            record(6, 2, .hardOff, .unknown(reason: "the deadline passed: the management module still says on")), confirmed,
        ]
    }
}
