import PodpModel
import PodpPower

/// Switching blades: what is durable, in what order, and when an operator's wish is not carried out. What is off is `PowerConfirmation`'s to say.
extension CoordinatorCore {
    mutating func switchBlade(_ id: BladeID, _ wish: PowerRequest, request: RequestID, by actor: Actor) {
        guard let blade = decided.blades[id] else { return refuse(request, .noBlade(id)) }
        let name = blade.identity.name
        guard let seat = seat(of: id), let live = chassis[seat.chassis] else {
            return refuse(
                request,
                Refusal(
                    .conflict, "no chassis that podp watches says that it has \(name)",
                    remedy: "`podp chassis list`; a bay is matched by the UUID on its label, then by the addresses of the blade's interfaces"))
        }
        if let busy = runningPower(of: id) {
            return refuse(request, Refusal(.busy, "\(name) is being switched \(busy.request.goal.rawValue) already (\(busy.id), by \(busy.by))"))
        }
        if wish.goal == .off, let reason = whyNotOff(id) {
            return refuse(
                request,
                Refusal(.conflict, "\(name) is not switched off: \(reason)", remedy: "`podp blade evacuate \(name)` moves what can be moved; then ask again"))
        }
        if let requests = live.capabilities?.requests, !requests.contains(wish) {
            return refuse(request, Refusal(.unsupported, "chassis \(seat.chassis) cannot do this: \(wish.rawValue)"))
        }
        if wish == .on, let missing = shortfall(in: seat.chassis, bay: seat.bay), let watts = missing.missingWatts {
            return refuse(
                request,
                Refusal(
                    .conflict, "\(name) is not switched on: \(watts) W are missing in power domain \(missing.domain ?? 0)",
                    remedy: "switch another blade of that domain off"))
        }
        guard let operation = newOperationID() else { return refuse(request, Refusal(.unavailable, "podp is starting", remedy: "try again in a moment")) }
        let record = PowerRecord(
            id: operation, chassis: seat.chassis, bay: seat.bay, blade: id, bladeName: name, request: wish, by: actor.name, startedAt: now.wall)
        put(.power(record))
        var rules = PowerConfirmation.Rules.usual(for: wish)
        rules.secondSources = Set(decided.chassis[seat.chassis]?.secondSources ?? [])
        power[operation] = LivePower(confirmation: PowerConfirmation(bay: seat.bay, request: wish, rules: rules), begunAt: now.instant)
        audit("power-requested", by: actor.name, blade: id, operation: operation, sentence(record))
        emitAfterCommit(.answer(request, .operation(operation)))
        beginPower()
    }

    func runningPower(of blade: BladeID) -> PowerRecord? {
        power.keys.lazy.compactMap { decided.power[$0] }.first { $0.blade == blade }
    }

    func sentence(_ record: PowerRecord) -> String {
        let words =
            switch record.request {
            case .on: "switch on"
            case .softOff: "shut down and switch off"
            case .hardOff: "switch off"
            }
        return "\(words) \(record.bladeName) (bay \(record.bay) of \(record.chassis))"
    }

    /// What runs on a blade, may run on it, or is on its way to it; `nil`: nothing.
    func whyNotOff(_ id: BladeID) -> String? {
        func list(_ names: [String]) -> String {
            names.prefix(4).joined(separator: ", ") + (names.count > 4 ? " and \(names.count - 4) more" : "")
        }
        let managed = decided.domains.values.filter { $0.blade == id }
        let unknown = managed.filter { state(of: $0) == .unknown && $0.wish == .running }.map(\.definition.name).sorted()
        if !unknown.isEmpty { return "its agent does not answer, and \(list(unknown)) may run on it" }
        let running = (blades[id]?.inventory?.domains ?? []).filter { $0.state.holdsMemory || $0.state.executes }.map(\.name).sorted()
        if !running.isEmpty { return "\(list(running)) \(running.count == 1 ? "runs" : "run") on it" }
        let coming = decided.openOperations.filter { $0.blade == id || $0.destination == id }.map(\.domainName).sorted()
        if !coming.isEmpty { return "\(list(coming)): an operation is under way" }
        return nil
    }

    /// What a start would be short of, by the chassis' last word; `nil` where it does not say.
    private func shortfall(in name: String, bay: Int) -> PowerShortfall? {
        guard let live = chassis[name], let label = live.inventory?.bay(bay), let number = label.powerDomain, let needed = label.maximumWatts,
            let domain = live.readings?.powerDomains.first(where: { $0.number == number }), live.readings?.bay(bay)?.power.state == .off
        else { return nil }
        return PowerShortfall(domain: number, neededWatts: needed, remainingWatts: domain.remainingWatts)
    }

    // MARK: - Carrying out

    /// Begins what may begin: of each chassis one start at a time, and some seconds between two.
    mutating func beginPower() {
        for id in power.keys.sorted() {
            guard let live = power[id], !live.hasBegun, let record = decided.power[id] else { continue }
            if record.request == .on {
                let isStarting = power.contains { other, value in
                    value.hasBegun && other != id && decided.power[other]?.chassis == record.chassis && decided.power[other]?.request == .on
                }
                guard !isStarting, now.instant >= chassis[record.chassis]?.nextStart ?? now.instant else { continue }
                chassis[record.chassis]?.nextStart = now.instant + configuration.startInterval
            }
            power[id]?.hasBegun = true
            advancePower(id, .begin)
        }
    }

    mutating func wakePower() {
        for id in power.keys.sorted() {
            guard let wake = power[id]?.wakeAt, now.instant >= wake else { continue }
            power[id]?.wakeAt = nil
            advancePower(id, .wake)
        }
        beginPower()
    }

    /// Any word of a blade's agent: a blade that speaks is not off.
    mutating func noteSignOfLife(of blade: BladeID, _ what: String) {
        for id in power.keys.sorted() where decided.power[id]?.blade == blade { advancePower(id, .signOfLife(what)) }
    }

    mutating func advancePower(_ id: OperationID, _ event: PowerConfirmation.Event) {
        guard var live = power[id], let record = decided.power[id], !isStopped else { return }
        if case .readings(let readings) = event { live.readings = readings }
        let effects = live.confirmation.handle(event, at: now.instant)
        power[id] = live
        for effect in effects {
            switch effect {
            case .wait(let until): power[id]?.wakeAt = until
            // Not before it is stored that somebody wanted it.
            case .look(let sources): emitAfterCommit(.chassis(record.chassis, .look(id, bay: record.bay, sources)))
            case .request(let wish):
                // Its premise may have gone since it was asked for.
                if wish.goal == .off, let reason = whyNotOff(record.blade) { return advancePower(id, .cancel(reason)) }
                guard seatedBlades(in: record.chassis)[record.bay] == record.blade else {
                    return advancePower(id, .cancel("bay \(record.bay) of \(record.chassis) has another blade in it now"))
                }
                emitAfterCommit(.chassis(record.chassis, .request(id, bay: record.bay, wish)))
            case .finished(let outcome): finishPower(record, outcome)
            }
        }
    }

    private mutating func finishPower(_ record: PowerRecord, _ outcome: PowerConfirmation.Outcome) {
        guard let live = power.removeValue(forKey: record.id) else { return }
        var record = record
        record.endedAt = now.wall
        let words = sentence(record)
        let result: PowerFigures.Result
        switch outcome {
        case .confirmed(let state, let readings, let requested):
            record.state = .confirmed(state, requested: requested)
            record.readings = readings
            result = .confirmed
            audit(
                "power-confirmed", by: record.by, blade: record.blade, operation: record.id,
                "\(words): confirmed \(state.rawValue) by \(readings.count) reading\(readings.count == 1 ? "" : "s")\(requested ? "" : ", it was so already")")
        case .refused(let refusal):
            record.state = .refused(refusal)
            record.readings = live.readings
            result = .refused
            audit("power-refused", .warning, by: record.by, blade: record.blade, operation: record.id, "\(words): refused, \(refusal)")
        case .unknown(let why):
            record.state = .unknown(reason: why)
            record.readings = live.readings
            result = .unknown
            audit("power-unknown", .critical, by: record.by, blade: record.blade, operation: record.id, "\(words): not confirmed, \(why)")
        case .deadline(let last, let why):
            record.state = .unknown(reason: "the deadline passed: \(why)")
            record.readings = last.map { [$0] } ?? []
            result = .unknown
            audit("power-unknown", .critical, by: record.by, blade: record.blade, operation: record.id, "\(words): not confirmed in time, \(why)")
        }
        powerFigures.add(result, record.request, chassis: record.chassis, after: now.instant - live.begunAt)
        put(.power(record))
        trimEndedPower()
        chassis[record.chassis]?.nextPoll = now.instant
    }

    private mutating func trimEndedPower() {
        let ended = decided.power.values.filter { $0.state.isEnded }
        let surplus = ended.count - configuration.powerRecordsKept
        guard surplus > 0 else { return }
        for record in ended.sorted(by: { ($0.startedAt, $0.id) < ($1.startedAt, $1.id) }).prefix(min(surplus, 20)) { delete(Record.power(record).key) }
    }
}
