import PodpAPI
import PodpCore
import PodpModel
import PodpPower

extension ChassisResource {
    init(_ view: ChassisView, loads: [BladeID: Int]) {
        let readings = view.readings
        let inventory = view.inventory
        self.init(
            name: view.record.name, url: view.record.address, kind: inventory?.kind.rawValue, model: inventory?.model, serial: inventory?.serial,
            uuid: inventory?.uuid.map { BladeID($0) }, answering: view.silence == nil && readings != nil, silence: view.silence,
            silentSince: view.silentSince.map { Timestamp($0) }, readingsAgeSeconds: view.readingsAge?.inSeconds, stale: view.isStale,
            primary: readings?.primaryModule ?? inventory?.primaryModule, health: readings?.health?.rawValue, watts: view.watts,
            secondSources: view.record.secondSources.map(\.rawValue), pdu: view.record.feeds.map(Self.withoutSecret),
            can: PowerRequest.allCases.filter { view.capabilities?.requests.contains($0) ?? false }.map(\.rawValue),
            hasConsole: view.capabilities?.hasConsole ?? false, bays: view.bays.map { ChassisBayResource($0, loads: loads) },
            powerDomains: (readings?.powerDomains ?? []).map { PowerDomainResource($0) },
            blowers: (readings?.blowers ?? []).map { ChassisPartResource($0) }, powerModules: (readings?.powerModules ?? []).map { ChassisPartResource($0) },
            switchModules: (readings?.switchModules ?? []).map { ChassisPartResource($0) },
            managementModules: (inventory?.managementModules ?? []).map { ChassisPartResource($0) },
            temperatures: SensorResource.all(readings?.temperatures ?? []),
            losses: readings.map { ChassisLoss.all($0, inventory: inventory).map { LossResource($0) } } ?? [], gaps: readings?.gaps ?? [],
            faults: view.faults.isEmpty ? nil : view.faults)
    }
}

extension ChassisResource {
    /// A PDU's URL without SNMPv1's community.
    private static func withoutSecret(_ url: String) -> String {
        guard let scheme = url.firstRange(of: "://"), url.hasPrefix("pdu+snmpv1"), let at = url[scheme.upperBound...].firstIndex(of: "@") else { return url }
        return String(url[..<scheme.upperBound] + url[url.index(after: at)...])
    }
}

extension ChassisBayResource {
    init(_ bay: ChassisView.Bay, loads: [BladeID: Int]) {
        let power = bay.readings?.power
        self.init(
            bay: bay.number, present: power?.isPresent ?? bay.label?.isPresent, coveredBy: bay.label?.coveredBy, width: bay.label?.width, blade: bay.blade,
            bladeName: bay.bladeName, name: bay.label?.name, serial: bay.label?.serial, uuid: bay.label?.uuid.map { BladeID($0) },
            macs: bay.label?.macs ?? [], model: bay.label?.model, power: power.map { PowerWord($0.state) } ?? .unknown,
            powerReason: power?.doubt?.description, reported: power.map { PowerWord($0.reported) }, health: power?.health?.rawValue,
            watts: bay.readings?.watts, wattsMeasured: bay.readings?.isMeasured, powerDomain: bay.label?.powerDomain,
            temperatures: SensorResource.all(bay.readings?.temperatures ?? []), cpuPermille: bay.blade.flatMap { loads[$0] }, operation: bay.power)
    }
}

extension SensorResource {
    /// Those that can be read.
    static func all(_ temperatures: [Temperature]) -> [SensorResource] {
        temperatures.compactMap { sensor in sensor.celsius.map { SensorResource(sensor: sensor.sensor, celsius: $0) } }
    }
}

extension PowerDomainResource {
    init(_ domain: PowerDomain) {
        self.init(
            number: domain.number, health: domain.health?.rawValue, modules: domain.modules, totalWatts: domain.totalWatts,
            allocatedWatts: domain.allocatedWatts, remainingWatts: domain.remainingWatts, usedWatts: domain.usedWatts)
    }
}

extension ChassisPartResource {
    init(_ part: Blower) { self.init(number: part.number, health: part.health?.rawValue, percent: part.percent, rpm: part.rpm) }

    init(_ part: PowerModule) {
        self.init(number: part.number, present: part.isPresent, health: part.health?.rawValue, watts: part.watts, text: part.text)
    }

    init(_ part: SwitchModule) {
        self.init(
            number: part.number, present: part.isPresent, health: part.health?.rawValue, kind: part.kind?.rawValue, power: part.power.map { PowerWord($0) },
            address: part.address)
    }

    init(_ part: ManagementModule) {
        self.init(number: part.number, present: part.isPresent, health: part.health?.rawValue, primary: part.isPrimary, address: part.address)
    }
}

extension LossResource {
    init(_ loss: ChassisLoss) {
        let severity: Severity =
            switch loss.severity {
            case .note: .note
            case .warning: .warning
            case .critical: .critical
            }
        self.init(part: loss.part, severity: severity, sentence: loss.sentence)
    }
}

extension PowerWord {
    init(_ state: PowerState) {
        switch state {
        case .on: self = .on
        case .off: self = .off
        case .standby: self = .standby
        case .unknown: self = .unknown
        }
    }
}

extension PowerResource {
    init(_ record: PowerRecord) {
        self.init(
            id: record.id, chassis: record.chassis, bay: record.bay, blade: record.blade, bladeName: record.bladeName, request: record.request.rawValue,
            state: .running, by: record.by, startedAt: Timestamp(record.startedAt), endedAt: record.endedAt.map { Timestamp($0) },
            escalateAfterSeconds: record.escalateAfter.map { Int($0.components.seconds) }, escalatedAt: record.escalatedAt.map { Timestamp($0) },
            readings: record.readings.map { PowerReadingResource($0) })
        switch record.state {
        case .running: break
        case .confirmed(let power, let requested):
            state = .confirmed
            confirmed = PowerWord(power)
            self.requested = requested
        case .refused(let refusal):
            state = .refused
            reason = refusal.description
            missingWatts = refusal.shortfall?.missingWatts
        case .unknown(let why):
            state = .unknown
            reason = why
        }
    }
}

extension PowerReadingResource {
    init(_ reading: PowerReading) {
        self.init(
            source: "\(reading.source)", state: PowerWord(reading.state), reported: PowerWord(reading.reported), reason: reading.doubt?.description,
            health: reading.health?.rawValue)
    }
}
