import PodpModel
import PodpPower

extension AMMDriver {
    public func readings() async throws(ChassisError) -> ChassisReadings {
        let layout = try await currentLayout()
        let numbers = (1...layout.bays).map { UInt32($0) }
        // Blades first, and together: what power is decided by must not be minutes apart.
        let blades: [SNMPReader.Want] =
            [.init(name: AMMTree.activeModule, isVital: true)] + Self.addressWants + Self.leadWants
            + [AMMTree.exists, AMMTree.power, AMMTree.health, AMMTree.width].flatMap { column in
                numbers.map { .init(name: column.appending($0), isVital: column != AMMTree.width) }
            }
        var found = try await reader.values(blades)
        if primary(in: found) == nil, contradiction(in: found) == nil { found.merge(try await reader.values(Self.primaryWants)) { _, new in new } }
        await noteAddresses(found)
        var readings = ChassisReadings(at: clock.now(), primaryModule: primary(in: found))
        let looks = numbers.map { reading(of: Int($0), from: found) }
        var gaps: [String] = []
        for (name, wants) in parts(of: layout, found) {
            do throws(ChassisError) {
                found.merge(try await reader.values(wants)) { _, new in new }
            } catch {
                gaps.append("\(name): \(error.message)")
            }
        }
        for var look in looks {
            if look.health?.refusesStart == true { look.shortfall = await shortfall(look.bay) }
            readings.bays.append(bay(look, layout, found))
        }
        readings.powerDomains = powerDomains(found)
        readings.blowers = blowers(found)
        readings.powerModules = powerModules(found)
        readings.switchModules = switchModules(found)
        readings.temperatures = temperatures(found)
        readings.watts = AMMText.watts(found[AMMTree.chassisWatts])
        readings.health = systemHealth(found)
        do throws(ChassisError) {
            readings.log = try await newLog()
        } catch {
            gaps.append("event log: \(error.message)")
        }
        if let primary = readings.primaryModule, let asked = standby(whereLeads: primary) {
            gaps.append("power: management module \(asked) answers here, and module \(primary) leads: its word on power is not believed")
        }
        if let (active, table) = contradiction(in: found) { gaps.append("power: \(Self.sentence(active, table)): no \"off\" is believed") }
        readings.gaps = gaps
        readings.at = clock.now()
        pollCount += 1
        return readings
    }

    /// What one poll asks, in parts of which each may fail alone.
    private func parts(of layout: Layout, _ found: [ObjectID: SNMPValue]) -> [(String, [SNMPReader.Want])] {
        let numbers = (1...layout.bays).map { UInt32($0) }
        let present = numbers.filter { AMMText.flag(found[AMMTree.exists.appending($0)]) != false }
        let rows = Set(present.flatMap { layout.feeds(of: Int($0)) }).sorted { ($0.domain, $0.row) < ($1.domain, $1.row) }
        let watts = [AMMTree.rowWatts, AMMTree.rowMeasured].flatMap { column in
            rows.map { SNMPReader.Want(name: AMMTree.domainRow($0.domain, column).appending($0.row), size: column == AMMTree.rowMeasured ? 4 : 6) }
        }
        let domains =
            [
                (AMMTree.domainStatus, 34), (AMMTree.domainModules[0], 14), (AMMTree.domainModules[1], 14), (AMMTree.domainTotal, 6),
                (AMMTree.domainAllocated, 6), (AMMTree.domainRemaining, 6), (AMMTree.domainUsed, 6),
            ].flatMap { column, size in [1, 2].map { SNMPReader.Want(name: column.appending($0), size: size) } }
        let chassis =
            (AMMTree.systemHealth + [AMMTree.chassisWatts, AMMTree.moduleTemperature] + AMMTree.ambient).map { SNMPReader.Want(name: $0, size: 18) }
        let blowers = (1...4).flatMap { number in
            [
                SNMPReader.Want(name: AMMTree.blowerSpeed(number), size: 18), .init(name: AMMTree.blowerState(number)),
                .init(name: AMMTree.blowerRPM(number), size: 6), .init(name: AMMTree.blowerController(number)),
            ]
        }
        let powerModules = [(AMMTree.powerModuleExists, 4), (AMMTree.powerModuleState, 4), (AMMTree.powerModuleText, 24)].flatMap { column, size in
            (1...4).map { SNMPReader.Want(name: column.appending(UInt32($0)), size: size) }
        }
        let switches = [
            AMMTree.switchExists, AMMTree.switchType, AMMTree.switchPower, AMMTree.switchHealth, AMMTree.switchMAC, AMMTree.switchAddress,
        ].flatMap { column in
            (1...10).map { SNMPReader.Want(name: column.appending(UInt32($0)), size: column == AMMTree.switchMAC ? 18 : 4) }
        }
        // Every twentieth time all columns: a blade may have come to itself.
        if pollCount % 20 == 19 { emptyTemperatures = [] }
        let heat =
            AMMTree.oldTemperatures.flatMap { column, _ in present.map { SNMPReader.Want(name: column.appending($0), size: 17) } }
            + AMMTree.newTemperatures.flatMap { column in present.map { SNMPReader.Want(name: column.appending($0), size: 30) } }
        return [
            ("watts of blades", watts), ("power domains and chassis", domains + chassis), ("blowers", blowers), ("power modules", powerModules),
            ("switch modules", switches), ("temperatures of blades", heat.filter { !emptyTemperatures.contains($0.name) }),
        ]
    }

    private func bay(_ look: PowerReading, _ layout: Layout, _ found: [ObjectID: SNMPValue]) -> BayReadings {
        var bay = BayReadings(power: look)
        guard look.isPresent != false else { return bay }
        if layout.rows[look.bay] != nil { (bay.watts, bay.isMeasured) = watts(of: look.bay, layout, found) }
        bay.temperatures = bladeTemperatures(UInt32(look.bay), found)
        return bay
    }

    /// Both layouts: a blade fills one of them, and says "Not Readable" in the other.
    private func bladeTemperatures(_ bay: UInt32, _ found: [ObjectID: SNMPValue]) -> [Temperature] {
        var new: [Temperature] = []
        for (index, column) in AMMTree.newTemperatures.enumerated() {
            let name = column.appending(bay)
            guard let value = found[name], let text = value.text else {
                emptyTemperatures.insert(name)
                continue
            }
            let reading = AMMText.temperature(value)
            let named = reading?.sensor ?? text.firstIndex(of: "=").flatMap { AMMText.sensorName(text[..<$0]) }
            new.append(Temperature(sensor: named ?? "sensor \(index + 1)", celsius: reading?.celsius))
        }
        var old: [Temperature] = []
        for (column, sensor) in AMMTree.oldTemperatures {
            guard let value = found[column.appending(bay)], value.text != nil else {
                emptyTemperatures.insert(column.appending(bay))
                continue
            }
            old.append(Temperature(sensor: sensor, celsius: AMMText.temperature(value)?.celsius))
        }
        let newIsUsed = new.contains { $0.celsius != nil }, oldIsUsed = old.contains { $0.celsius != nil }
        guard newIsUsed || oldIsUsed else { return new.isEmpty ? old : new }
        var all = newIsUsed ? new : []
        for entry in oldIsUsed ? old : [] where !all.contains(where: { $0.sensor == entry.sensor && $0.celsius != nil }) {
            all.removeAll { $0.sensor == entry.sensor }
            all.append(entry)
        }
        return all
    }

    private func powerDomains(_ found: [ObjectID: SNMPValue]) -> [PowerDomain] {
        [1, 2].compactMap { number in
            let row = UInt32(number)
            let columns = AMMTree.domainModules + [AMMTree.domainStatus, AMMTree.domainTotal, AMMTree.domainRemaining, AMMTree.domainUsed]
            guard columns.contains(where: { found[$0.appending(row)] != nil }) else { return nil }
            return PowerDomain(
                number: number, health: AMMText.domainHealth(found[AMMTree.domainStatus.appending(row)]),
                modules: AMMTree.domainModules.compactMap { AMMText.label(found[$0.appending(row)]) },
                totalWatts: AMMText.watts(found[AMMTree.domainTotal.appending(row)]),
                allocatedWatts: AMMText.watts(found[AMMTree.domainAllocated.appending(row)]),
                remainingWatts: AMMText.watts(found[AMMTree.domainRemaining.appending(row)]),
                usedWatts: AMMText.watts(found[AMMTree.domainUsed.appending(row)]))
        }
    }

    private func blowers(_ found: [ObjectID: SNMPValue]) -> [Blower] {
        (1...4).compactMap { number in
            let speed = found[AMMTree.blowerSpeed(number)], state = found[AMMTree.blowerState(number)]
            // A controller that says "not present" (2) is no blower.
            guard speed != nil || state != nil, found[AMMTree.blowerController(number)]?.small != 2 else { return nil }
            return Blower(
                number: number, health: AMMText.health(state), percent: AMMText.percent(speed), rpm: AMMText.number(found[AMMTree.blowerRPM(number)]))
        }
    }

    private func powerModules(_ found: [ObjectID: SNMPValue]) -> [PowerModule] {
        // `Bay 1: 2940W` stands with the domain.
        var capacity: [Int: Int] = [:]
        for column in AMMTree.domainModules {
            for domain in [UInt32(1), 2] {
                guard let text = AMMText.label(found[column.appending(domain)]), text.hasPrefix("Bay "),
                    let number = Int(text.dropFirst(4).prefix { $0.isNumber })
                else { continue }
                capacity[number] = AMMText.watts(.bytes(Array(text.utf8)))
            }
        }
        return (1...4).compactMap { number in
            let row = UInt32(number)
            let exists = AMMText.flag(found[AMMTree.powerModuleExists.appending(row)])
            let state = found[AMMTree.powerModuleState.appending(row)]
            guard exists != nil || state != nil else { return nil }
            let health: ModuleHealth? =
                switch state?.small {
                case 0: .unknown
                case 1: .good
                case 2: .warning
                case 3: .notAvailable
                case 4: .critical
                default: nil
                }
            return PowerModule(
                number: number, isPresent: exists, health: health, text: AMMText.label(found[AMMTree.powerModuleText.appending(row)]),
                watts: capacity[number])
        }
    }

    private func switchModules(_ found: [ObjectID: SNMPValue]) -> [SwitchModule] {
        (1...10).compactMap { number in
            let row = UInt32(number)
            guard let exists = AMMText.flag(found[AMMTree.switchExists.appending(row)]) else { return nil }
            guard exists else { return SwitchModule(number: number, isPresent: false) }
            let kind: SwitchModule.Kind? =
                switch found[AMMTree.switchType.appending(row)]?.small {
                case 1: .ethernet
                case 2: .fibreChannel
                case nil, 0: nil
                default: .other
                }
            let power: PowerState? =
                switch found[AMMTree.switchPower.appending(row)]?.small {
                case 0: .off
                // Shutting down is not off.
                case 1, 2: .on
                default: nil
                }
            return SwitchModule(
                number: number, isPresent: true, kind: kind, power: power, health: AMMText.health(found[AMMTree.switchHealth.appending(row)]),
                mac: AMMText.mac(found[AMMTree.switchMAC.appending(row)]), address: AMMText.label(found[AMMTree.switchAddress.appending(row)]))
        }
    }

    private func temperatures(_ found: [ObjectID: SNMPValue]) -> [Temperature] {
        let places = [("management module", AMMTree.moduleTemperature), ("ambient", AMMTree.ambient[0]), ("ambient 2", AMMTree.ambient[1])]
        return places.compactMap { sensor, name in
            found[name].map { Temperature(sensor: sensor, celsius: AMMText.temperature($0)?.celsius) }
        }
    }

    private func systemHealth(_ found: [ObjectID: SNMPValue]) -> ModuleHealth? {
        switch AMMTree.systemHealth.compactMap({ found[$0]?.small }).first {
        case 0: .critical
        case 2, 4: .warning
        case 255: .good
        case nil: nil
        default: .unknown
        }
    }

    // MARK: - The event log

    /// What was written since the last poll, oldest first; at the first poll the newest eight.
    private func newLog() async throws(ChassisError) -> [ChassisLogEntry] {
        var lines: [ChassisLogEntry] = []
        let known = newestLog
        for start in stride(from: 0, to: 64, by: 8) {
            let more = try await logLines(after: UInt32(start))
            lines += more
            // A column that is not answered, or a log that was cleared, makes nothing new of what was told.
            if lines.isEmpty { return [] }
            if more.count < 8 || known == nil { break }
            if let newest = known?.first, more.contains(newest) { break }
        }
        var fresh = lines
        if let known {
            // Two lines of one text and second look the same: what follows has to agree as well.
            let overlap = lines.indices.first { index in
                zip(lines[index...], known).allSatisfy { $0 == $1 } && !known.isEmpty
            }
            if let overlap { fresh = Array(lines[..<overlap]) }
        } else {
            fresh = Array(lines.prefix(8))
        }
        newestLog = Array(lines.prefix(Self.logLinesKept))
        return fresh.reversed()
    }

    /// As many agree before a log is taken for one that was read before.
    private static let logLinesKept = 4

    // Async, as the contract's own: of two that differ in that a caller here would get the other one.
    public func resume(log: [ChassisLogEntry]) async {
        if newestLog == nil, !log.isEmpty { newestLog = Array(log.prefix(Self.logLinesKept)) }
    }

    /// Up to eight lines, newest first, in one packet where it can be.
    private func logLines(after start: UInt32) async throws(ChassisError) -> [ChassisLogEntry] {
        let names = (1...8).map { AMMTree.logText.appending(start + $0) }
        let answer: SNMPSession.Answer
        if session.access.isV1 {
            answer = try await session.ask(.getNext, names.map(\.predecessor))
        } else {
            answer = try await session.ask(.getBulk(repetitions: 8), [start == 0 ? AMMTree.logText : AMMTree.logText.appending(start)])
        }
        guard answer.status == 0 else { return [] }
        return zip(names, answer.values).prefix { $0 == $1.name }.compactMap { $1.value.text }.map(AMMText.logEntry)
    }
}
