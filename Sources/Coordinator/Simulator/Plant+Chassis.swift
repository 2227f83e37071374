import PodpCore
import PodpModel
import PodpPower

/// What the plant's management module is like.
struct PlantChassis: Sendable {
    static let name = "chassis-1"

    /// Polls and looks are answered; set by scenarios.
    var isSilent = false
    /// Requests are accepted and not done.
    var isDisobedient = false
    /// Operating systems do not shut down when they are asked to.
    var ignoresSoftOff = false
    /// Bays whose next reading is the opposite of the truth.
    var lies: Set<Int> = []
    /// Of which bays the next poll says the opposite of what is true.
    var pollLies: Set<Int> = []
    var primary = 1
    /// Of the blades whose power changes for a request, the request that counts: a later one makes those before it void, save those that keep their time.
    var pending: [Int: UInt64] = [:]
    /// Requests that are carried out when it is their time, whatever was asked for since.
    var keepTheirTime: Set<UInt64> = []
    var orders: UInt64 = 0
    /// Says off whatever is true, always: `nil`, nobody does.
    var liar: PowerSource.Kind?
    /// What must say off, too.
    var secondSources: [PowerSource.Kind] = []
    /// Blades whose outlets are cut.
    var cut: Set<Int> = []
    /// Of each request: whether one reading lied already.
    var hasLied: Set<OperationID> = []
}

/// What a request found when it was decided; for the checker.
struct PlantPower: Sendable {
    var wasOn: Bool
    var boot: Int
}

/// The chassis: late, lossy, lying now and then, and with somebody else's hand on its buttons.
extension Plant {
    /// Adds the chassis, as `podp chassis add` does, and waits until it has told what it has.
    public mutating func watchChassis(secondSources: [PowerSource.Kind] = []) {
        var record = ChassisRecord(
            name: PlantChassis.name, url: "simulated://plant", address: "simulated://plant", addedAt: wall, addedBy: "operator")
        record.secondSources = secondSources
        chassis.secondSources = secondSources
        _ = askAndWait(.addChassis(record))
        run(atMost: .seconds(30)) { $0.view?.chassis.first?.bays.isEmpty == false }
    }

    public mutating func silenceChassis(_ isSilent: Bool) { chassis.isSilent = isSilent }
    public mutating func disobeyRequests(_ isDisobedient: Bool) { chassis.isDisobedient = isDisobedient }
    public mutating func ignoreSoftOff(_ ignores: Bool) { chassis.ignoresSoftOff = ignores }
    /// The next reading of this blade's bay says the opposite of what is true.
    public mutating func letNextReadingLie(about blade: Int) { chassis.lies.insert(blade + 1) }
    public mutating func letNextPollLie(about blade: Int) { chassis.pollLies.insert(blade + 1) }
    /// One source says off for good, whatever is true.
    public mutating func letAlwaysLie(_ source: PowerSource.Kind?) { chassis.liar = source }
    public func isOn(_ blade: Int) -> Bool { blades[blade].host.isOn }
    public func powerRecord(_ id: OperationID) -> PowerRecord? { if case .power(let record) = store.records["power/\(id)"] { record } else { nil } }

    /// Two blades change places in the chassis, in a moment when nobody looks.
    public mutating func swapBays(_ one: Int, _ other: Int) { bays.swapAt(one, other) }

    mutating func perform(_ order: ChassisOrder, on name: String, run: Int) {
        switch order {
        case .watch, .forget: return
        case .poll, .look, .request: schedule(.chassisHears(run: run, order), in: random.between(.milliseconds(1), weather.chassisLatency))
        }
    }

    /// The module hears an order: what it reads is true now, and old when it arrives.
    mutating func chassisHears(_ order: ChassisOrder, run: Int) {
        guard let process = coordinator, process.run == run else { return }
        let at = now + process.clockOffset
        let isLost = chassis.isSilent || random.chance(permille: weather.chassisLosesAnswers)
        switch order {
        case .watch, .forget: return
        case .poll(let inventory):
            if isLost { return tellLater(.silent("no answer"), run: run) }
            if random.chance(permille: weather.chassisFailsOver) { chassis.primary = 3 - chassis.primary }
            tellLater(.polled(readings(at: at), inventory: inventory ? self.inventory : nil, capabilities: inventory ? capabilities : nil), run: run)
        case .look(let id, let bay, let sources):
            let main = PowerSource(.management, module: chassis.primary, isPrimary: isLost ? nil : true)
            guard !isLost else {
                return tellLater(.looked(id, sources.map { _ in .silent("no answer", bay: bay, source: main, at: at) }), run: run)
            }
            tellLater(.looked(id, sources.map { look(bay, by: $0, for: id, at: at) }), run: run)
        case .request(let id, let bay, let wish, _):
            // Lost on its way there, or on its way back.
            let isHeard = !isLost || random.chance(permille: 500)
            if isHeard { act(wish, bay: bay, for: id) }
            tellLater(.requested(id, isLost ? .lost("no answer") : .accepted), run: run)
        }
    }

    private mutating func tellLater(_ news: ChassisNews, run: Int) {
        schedule(.coordinator(run: run, .chassis(PlantChassis.name, news)), in: random.between(.milliseconds(1), weather.chassisLatency))
    }

    private func index(inBay bay: Int) -> Int? { bays.indices.contains(bay - 1) ? bays[bay - 1] : nil }

    /// One look for a request: at most one of them lies.
    private mutating func look(_ bay: Int, by source: PowerSource.Kind, for id: OperationID, at: Instant) -> PowerReading {
        var reading = reading(bay, at: at)
        if source != .management {
            reading.source = PowerSource(source)
            reading.health = nil
            if source == .pdu { reading.reported = index(inBay: bay).map { chassis.cut.contains($0) ? .off : .on } ?? .unknown }
        }
        if chassis.liar == source { reading.reported = .off }
        guard source == .management, chassis.liar == nil else { return reading }
        let wants = chassis.lies.remove(bay) != nil || random.chance(permille: weather.chassisLies)
        if wants, chassis.hasLied.insert(id).inserted {
            reading.reported = reading.reported == .on ? .off : .on
            note("the chassis lies about bay \(bay): \(reading.reported.rawValue)")
        }
        return reading
    }

    private func reading(_ bay: Int, at: Instant) -> PowerReading {
        let blade = index(inBay: bay)
        return PowerReading(
            bay: bay, reported: blade.map { blades[$0].host.isOn ? .on : .off } ?? .off, isPresent: blade != nil, health: blade == nil ? .unknown : .good,
            source: PowerSource(.management, module: chassis.primary), at: at, label: blade.map { blades[$0].host.identity.id.uuid.description })
    }

    private mutating func readings(at: Instant) -> ChassisReadings {
        var looks = (1...14).map { reading($0, at: at) }
        for index in looks.indices where chassis.pollLies.remove(looks[index].bay) != nil { looks[index].reported = looks[index].reported == .on ? .off : .on }
        return ChassisReadings(at: at, primaryModule: chassis.primary, bays: looks.map { BayReadings(power: $0) }, health: .good)
    }

    private var inventory: ChassisInventory {
        ChassisInventory(
            kind: .simulated, model: "plant",
            bays: (1...14).map { bay in
                let identity = index(inBay: bay).map { blades[$0].host.identity }
                return ChassisBay(
                    number: bay, isPresent: identity != nil, name: identity?.name, serial: identity?.serial, uuid: identity?.id.uuid,
                    isInventoryReady: identity == nil ? nil : true)
            })
    }

    private var capabilities: ChassisCapabilities {
        ChassisCapabilities(requests: Set(PowerRequest.allCases), secondSources: Set(chassis.secondSources))
    }

    private mutating func act(_ wish: PowerRequest, bay: Int, for id: OperationID) {
        guard let blade = index(inBay: bay) else { return }
        if wish.goal == .off { checkSwitchingOff(blade) }
        if blades[blade].host.isOn { checkEscalation(wish, id) }
        guard !chassis.isDisobedient, !random.chance(permille: weather.chassisDisobeys) else { return note("the chassis forgets to switch bay \(bay)") }
        if wish == .softOff, chassis.ignoresSoftOff { return note("the blade in bay \(bay) does not shut down") }
        chassis.orders += 1
        chassis.pending[blade] = chassis.orders
        if random.chance(permille: weather.chassisKeepsRequests) { chassis.keepTheirTime.insert(chassis.orders) }
        let takes: Duration = random.chance(permille: 150) ? .seconds(11) : random.between(.milliseconds(500), .seconds(4))
        schedule(.chassisSwitches(blade, wish, order: chassis.orders), in: takes)
    }

    mutating func chassisSwitches(_ blade: Int, _ wish: PowerRequest, order: UInt64) {
        let keepsItsTime = chassis.keepTheirTime.remove(order) != nil
        guard keepsItsTime || chassis.pending[blade] == order else { return }
        if chassis.pending[blade] == order { chassis.pending[blade] = nil }
        if wish == .on { checkStart(blade) }
        if wish == .on { powerOn(blade) } else { switchOff(blade) }
        // With outlets of its own, a blade that is cut off has no power at all.
        if chassis.secondSources.contains(.pdu) {
            if wish == .on { chassis.cut.remove(blade) } else if wish == .hardOff { chassis.cut.insert(blade) }
        }
    }

    // MARK: - Checking

    /// What podp switches off has nothing of podp's running on it.
    private mutating func checkSwitchingOff(_ blade: Int) {
        for id in blades[blade].host.sorted {
            guard let domain = blades[blade].host.domains[id], domain.state.executes, store.domain(id) != nil else { continue }
            report(.power, "\(name(blade)) is switched off while \(domain.definition.name) runs on it")
        }
    }

    /// A blade that was confirmed off is not started by a request from before that.
    private mutating func checkStart(_ blade: Int) {
        guard !blades[blade].host.isOn, let record = newestPower(of: blade), record.lifeSince == nil, case .confirmed(.off, _) = record.state else { return }
        report(.power, "\(record.bladeName) is started by a request from before it was confirmed off")
    }

    private func newestPower(of blade: Int) -> PowerRecord? {
        store.records.values.compactMap { if case .power(let record) = $0, index(of: record.blade) == blade { record } else { nil } }
            .max { ($0.id.sequence, $0.id.term) < ($1.id.sequence, $1.id.term) }
    }

    /// Nobody is switched off hard who was to be softly, unless that was asked for and is stored; without outlets, which are cut in the end.
    private mutating func checkEscalation(_ wish: PowerRequest, _ id: OperationID) {
        guard wish == .hardOff, let record = powerRecord(id), record.request == .softOff, !chassis.secondSources.contains(.pdu) else { return }
        guard let after = record.escalateAfter, let at = record.escalatedAt else {
            return report(.power, "\(record.bladeName) is switched off hard, and was to be softly")
        }
        if at.millisecondsSince(record.startedAt) < Int64(after.inSeconds * 1000) {
            report(.power, "\(record.bladeName) is switched off hard too early")
        }
    }

    /// With one lying reading at most, nobody calls a blade off that went on running.
    mutating func checkPower(_ batch: Batch) {
        for case .power(let record) in batch.puts {
            guard let blade = index(of: record.blade) else { continue }
            let host = blades[blade].host
            switch record.state {
            case .running: if checker.power[record.id] == nil { checker.power[record.id] = PlantPower(wasOn: host.isOn, boot: host.boot) }
            // An off that is over is said by nobody.
            case .confirmed(.off, _) where record.lifeSince == nil:
                figures.confirmedOff += 1
                if let before = checker.power[record.id], before.wasOn, host.isOn, host.boot == before.boot {
                    report(.power, "\(record.bladeName) is called off, and ran all the time")
                }
            case .confirmed, .refused, .unknown: continue
            }
        }
    }
}
