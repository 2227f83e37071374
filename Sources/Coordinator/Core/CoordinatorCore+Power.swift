import PodpModel
import PodpPower

/// Switching blades: what is durable, in what order, and when an operator's wish is not carried out. What is off is `PowerConfirmation`'s to say.
extension CoordinatorCore {
    mutating func switchBlade(
        _ id: BladeID, _ wish: PowerRequest, unknownDomains: Bool, escalateAfter: Duration?, despitePolicy: Bool = false, hasLooked: Bool = false,
        request: RequestID, by actor: Actor
    ) {
        if let escalateAfter, wish != .softOff || !(Duration.seconds(1)...Duration.seconds(3600)).contains(escalateAfter) {
            return refuse(request, Refusal(.invalid, "a soft-off is followed by a hard one 1 s to 1 h later, or never; nothing else is"))
        }
        guard let blade = decided.blades[id] else { return refuse(request, .noBlade(id)) }
        let name = blade.identity.name
        guard let seat = seat(of: id), let live = chassis[seat.chassis] else { return refuse(request, refusalOfSeat(of: id)) }
        if let busy = runningPower(of: id) {
            return refuse(
                request, Refusal(.busy, "\(name) is being switched \(busy.request.goal.rawValue) already (\(busy.id), by \(busy.by))\(escalation(of: busy))"))
        }
        // Where it was confirmed off, it waits until an off that is out cannot be done any more.
        if wish == .on, let off = bladesThatAreOff[id] == nil ? offMayCome(id) : shutdownMayCome(id) {
            return refuse(request, Refusal(.busy, "\(name) is not switched on: \(off.reason)", remedy: off.remedy))
        }
        if live.labelsAreOld || live.inventory == nil {
            return refuse(
                request,
                Refusal(
                    .busy, "chassis \(seat.chassis) was silent, or another of its modules leads now: which blade is where is being read again",
                    remedy: "try again in a moment; `podp chassis show \(seat.chassis)` tells whether it answers"))
        }
        if wish.goal == .off, let record = decided.chassis[seat.chassis], case let missing = live.missingSources(of: record), !missing.isEmpty {
            return refuse(
                request,
                Refusal(
                    .conflict, "\(name) is not switched off: \(LiveChassis.sentence(missing: missing))",
                    remedy: "`podp chassis remove \(seat.chassis)`, and add it with second sources that `podp chassis check` finds"))
        }
        if wish.goal == .off, let occupied = refusal(ofOff: id, unknownDomains: unknownDomains, by: live.readings?.bay(seat.bay)?.power) {
            return refuse(request, occupied)
        }
        if wish.goal == .off, !despitePolicy, let bearing = refusal(ofOffBearing: id) { return refuse(request, bearing) }
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
        if wish.goal == .off, !unknownDomains, !hasLooked, let link = blades[id]?.link {
            let off = PendingOff(blade: id, wish: wish, escalateAfter: escalateAfter, despitePolicy: despitePolicy, request: request, actor: actor)
            return look(at: id, over: link, before: off)
        }
        guard let operation = newOperationID() else { return refuse(request, Refusal(.unavailable, "podp is starting", remedy: "try again in a moment")) }
        var record = PowerRecord(
            id: operation, chassis: seat.chassis, bay: seat.bay, blade: id, bladeName: name, request: wish, by: actor.name, startedAt: now.wall)
        record.label = live.inventory?.bay(seat.bay)?.label
        record.boot = blades[id]?.hello?.bootID
        record.escalateAfter = escalateAfter
        record.unknownDomains = unknownDomains ? true : nil
        if wish == .softOff { record.hasAskedSoftly = false }
        let confirmation = PowerConfirmation(bay: seat.bay, request: wish, rules: rules(for: record))
        put(.power(record))
        if wish == .on { bladesThatAreOff[id] = nil }
        power[operation] = LivePower(confirmation: confirmation, begunAt: now.instant)
        audit("power-requested", by: actor.name, blade: id, operation: operation, sentence(record) + escalation(of: record))
        emitAfterCommit(.answer(request, .operation(operation)))
        beginPower()
    }

    /// How sure podp wants to be of a request's end.
    private func rules(for record: PowerRecord) -> PowerConfirmation.Rules {
        var rules = PowerConfirmation.Rules.usual(for: record.request, escalateAfter: record.escalateAfter)
        rules.secondSources = Set(decided.chassis[record.chassis]?.secondSources ?? [])
        rules.label = record.label
        rules.asksAlways = mayStillStart(record)
        return rules
    }

    /// Whether a start was asked for that nobody saw the end of: it may still come, until the blade was read on or an off was asked for after it.
    /// Of the blade, wherever it was then, and of the bay.
    private func mayStillStart(_ record: PowerRecord) -> Bool {
        guard record.request.goal == .off else { return false }
        let before = decided.power.values.filter {
            $0.isNewer(than: record) == false && $0.id != record.id && ($0.blade == record.blade || $0.chassis == record.chassis && $0.bay == record.bay)
        }.sorted { $1.isNewer(than: $0) }
        return before.reduce(false) { isOpen, other in
            switch other.state {
            // One reading may be of what is wanted, not of what is: only a boot that began after the start closes it.
            case .confirmed(.on, let isRequested): other.bootSince == nil && (isOpen || isRequested && other.request == .on)
            // A hard one that the chassis has accepted, not one that nobody may have heard.
            case .confirmed(.off, requested: true) where other.isAccepted == true && (other.request == .hardOff || other.escalatedAt != nil): false
            // One that the chassis was never asked for does not come.
            default: isOpen || other.request == .on && (!other.state.isEnded || (other.requests ?? 0) > 0)
            }
        }
    }

    /// What a hello may take on its way, and wait for an older link of the same blade: its blade may have been up for so much longer.
    static let helloDelay = Duration.seconds(10)

    /// An agent comes whose blade has been up for less time than has passed since it was asked to start: that start has come. Two spans, each by a clock that
    /// only goes forward. Another boot than the last one known proves less: it may be older than the start.
    mutating func noteStart(_ hello: Hello, of blade: BladeID) {
        guard isActive, let asked = startsAsked[blade], hello.bootTime > .zero, hello.bootTime - .zero + Self.helloDelay < now.instant - asked,
            var start = newestStart(of: blade), start.bootSince == nil
        else { return }
        start.bootSince = hello.bootID
        put(.power(start))
    }

    /// Starts of runs before: a boot that begins in this one came after them.
    mutating func noteStartsAsked() {
        for blade in Set(decided.power.values.map(\.blade)) {
            if let start = newestStart(of: blade), start.bootSince == nil { startsAsked[blade] = now.instant }
        }
    }

    /// The last one that was asked of a chassis.
    private func newestStart(of blade: BladeID) -> PowerRecord? {
        decided.power.values.filter { $0.blade == blade && $0.request == .on && ($0.requests ?? 0) > 0 }.max { $1.isNewer(than: $0) }
    }

    /// In milliseconds. Who wanted something long before may not want it now.
    private static func oldestResumed(_ record: PowerRecord) -> Int64 { 180_000 + Int64((record.escalateAfter ?? .zero).inSeconds * 1000) }

    /// Of a request that the run before did not see the end of. What was asked of the chassis was stored before.
    mutating func resumePower(_ record: PowerRecord) {
        let confirmation = PowerConfirmation(
            bay: record.bay, request: record.request, rules: rules(for: record), hasRequested: (record.requests ?? 0) > 0,
            isAccepted: record.isAccepted == true, hasEscalated: record.escalatedAt != nil, hasAskedSoftly: record.hasAskedSoftly ?? true)
        var live = LivePower(confirmation: confirmation, begunAt: now.instant)
        live.resumesUntil = now.instant + confirmation.rules.deadline
        power[record.id] = live
        audit("power-resumed", by: record.by, blade: record.blade, operation: record.id, "\(sentence(record)): podp was restarted, and goes on with it")
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

    /// What comes of a soft-off that is not obeyed, in words; empty: nothing.
    private func escalation(of record: PowerRecord) -> String {
        guard let after = record.escalateAfter else { return "" }
        return record.escalatedAt == nil ? "; hard, if it is not off \(after.components.seconds) s after it was asked softly" : "; hard by now"
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
            if let until = live.resumesUntil {
                let age = now.wall.millisecondsSince(record.startedAt)
                if age > Self.oldestResumed(record) {
                    finishPower(record, .unknown("podp was not there to see its end, and it was asked for \(age / 60_000) minutes ago: ask again"))
                    continue
                }
                guard let chassis = chassis[record.chassis], chassis.inventory != nil, !chassis.labelsAreOld else {
                    if now.instant >= until {
                        finishPower(record, .unknown("podp was restarted meanwhile, and the chassis has not said since who sits where"))
                    }
                    continue
                }
                // What runs on the blade is told by its agent, if it still has one: it has half the time to come back. Also of one that was asked before:
                // somebody may have started it while podp was not there.
                let isWaiting = record.request.goal == .off && blades[record.blade]?.inventory == nil
                guard !isWaiting || now.instant >= until - live.confirmation.rules.deadline / 2 else { continue }
            }
            if record.request == .on {
                // Also where it was confirmed off before the chassis had done all that was asked of it.
                guard offOut(of: record.blade) == nil else { continue }
                let isStarting = power.contains { other, value in
                    value.hasBegun && other != id && decided.power[other]?.chassis == record.chassis && decided.power[other]?.request == .on
                }
                guard !isStarting, !isBusy(record.chassis), now.instant >= chassis[record.chassis]?.nextStart ?? now.instant else { continue }
                chassis[record.chassis]?.nextStart = now.instant + configuration.startInterval
            }
            // Where others wait for their turn already, its time would pass before anybody looks.
            guard !isBusy(record.chassis) else { continue }
            power[id]?.hasBegun = true
            advancePower(id, .begin)
        }
    }

    mutating func wakePower() {
        endShutdowns()
        for id in power.keys.sorted() {
            guard let wake = power[id]?.wakeAt, now.instant >= wake else { continue }
            power[id]?.wakeAt = nil
            advancePower(id, .wake)
        }
        beginPower()
    }

    /// Whether it matters to anybody that a blade speaks.
    var showsLife: Bool { !power.isEmpty || !bladesThatAreOff.isEmpty || !firstOffs.isEmpty }

    /// Any word of a blade's agent: a blade that speaks is not off.
    mutating func noteSignOfLife(of blade: BladeID, _ what: String) {
        firstOffs[blade] = nil
        if bladesThatAreOff[blade] != nil { noteLifeAfterOff(of: blade, what, boot: blades[blade]?.hello?.bootID) }
        for id in power.keys.sorted() where decided.power[id]?.blade == blade { advancePower(id, .signOfLife(what)) }
    }

    /// Blades that the newest request for power left confirmed off.
    mutating func noteBladesThatAreOff() {
        var newest: [BladeID: PowerRecord] = [:]
        for record in decided.power.values {
            if let other = newest[record.blade], other.isNewer(than: record) { continue }
            newest[record.blade] = record
        }
        for (blade, record) in newest where record.lifeSince == nil { if case .confirmed(.off, _) = record.state { bladesThatAreOff[blade] = .zero } }
    }

    /// What a poll reads of blades that are off, or were: what it reads on now, podp has not started.
    mutating func noteReadings(_ readings: ChassisReadings, of name: String) {
        let seats = seatedBlades(in: name)
        for bay in readings.bays {
            guard let blade = seats[bay.power.bay] else { continue }
            noteWatts(bay, of: blade)
            noteShutdown(by: bay.power, of: blade, labelled: chassis[name]?.inventory?.bay(bay.power.bay)?.label, in: name)
            guard bay.power.state == .on, let since = bladesThatAreOff[blade], bay.power.at > since else { continue }
            noteLifeAfterOff(of: blade, "chassis \(name) reads it on", boot: nil)
        }
    }

    /// It was confirmed off, and shows life: if its agent speaks in the boot that it was in before, it never was off; else somebody has started it.
    private mutating func noteLifeAfterOff(of blade: BladeID, _ what: String, boot: ID128?) {
        let since = bladesThatAreOff.removeValue(forKey: blade) ?? Instant.zero
        let records = decided.power.values.filter { $0.blade == blade }
        guard var record = records.max(by: { $1.isNewer(than: $0) }), case .confirmed(.off, _) = record.state else { return }
        // Where the boot before is not known, by how long this one has lasted.
        let isNew = record.boot == nil && hasStarted(blade, since: since, of: record)
        guard let boot, !isNew, record.boot == nil || record.boot == boot else {
            // Stored: no later run takes it for off, or tells it again.
            record.lifeSince = now.wall
            put(.power(record))
            return audit("blade-started", .warning, blade: blade, "\(record.bladeName) was confirmed off and has been started since, not by podp: \(what)")
        }
        voidOff(record, what)
    }

    /// Whether the boot of the blade's agent began after that, by how long it has lasted. After a restart by the wall's clock.
    private func hasStarted(_ blade: BladeID, since: Instant, of record: PowerRecord) -> Bool {
        guard let live = blades[blade], let hello = live.hello, hello.bootTime > .zero else { return false }
        let upFor = (hello.bootTime - Instant.zero) + .milliseconds(max(0, now.wall.millisecondsSince(live.since)))
        let span = since > .zero ? now.instant - since : .milliseconds(record.endedAt.map { max(0, now.wall.millisecondsSince($0)) } ?? 0)
        return upFor < span
    }

    /// An agent comes, of a blade that was confirmed off and then read on: in the boot that it was in before, it never was off.
    mutating func noteBoot(_ boot: ID128, of blade: BladeID) {
        let newest = decided.power.values.filter { $0.blade == blade }.max { $1.isNewer(than: $0) }
        guard let newest, newest.lifeSince != nil, newest.boot == boot, case .confirmed(.off, _) = newest.state else { return }
        voidOff(newest, "its agent connected")
    }

    private mutating func voidOff(_ record: PowerRecord, _ what: String) {
        var record = record
        let blade = record.blade
        record.state = .unknown(reason: "it was called off, and then it showed life without having been started: \(what)")
        put(.power(record))
        audit(
            "power-void", .critical, blade: blade, operation: record.id,
            "\(sentence(record)): it was confirmed off, and shows life (\(what)): the chassis cannot be relied on")
        noteShutdownIsOpen(record)
    }

    mutating func advancePower(_ id: OperationID, _ event: PowerConfirmation.Event) {
        guard var live = power[id], let record = decided.power[id], !isStopped else { return }
        if case .readings(let readings) = event {
            live.readings = readings
            if let reading = readings.first(where: { $0.source.kind == .management }) {
                noteShutdown(by: reading, of: record.blade, labelled: record.label, in: record.chassis)
            }
        }
        // Whoever reports every 20 s is not off because it was silent for two.
        if record.request.goal == .off, blades[record.blade]?.link != nil { live.confirmation.widenAgreement(to: configuration.reportInterval + .seconds(2)) }
        let effects = live.confirmation.handle(event, at: now.instant)
        power[id] = live
        // Once the confirmation has taken it: late and repeated answers are of nothing that is asked now.
        if case .requested(.accepted) = event, live.confirmation.isAccepted, var stored = decided.power[id], stored.isAccepted != true {
            stored.isAccepted = true
            put(.power(stored))
        }
        for effect in effects {
            switch effect {
            case .wait(let until): power[id]?.wakeAt = until
            case .look(let sources): want(.look(sources), id)
            case .request(let wish): want(.request(wish), id)
            case .finished(let outcome): finishPower(record, outcome)
            }
        }
        takeTurns(of: record.chassis)
    }

    private mutating func finishPower(_ record: PowerRecord, _ outcome: PowerConfirmation.Outcome) {
        guard let live = power.removeValue(forKey: record.id), var record = decided.power[record.id] else { return }
        record.endedAt = now.wall
        let words = sentence(record)
        let result: PowerFigures.Result
        switch outcome {
        case .confirmed(let state, let readings, let requested):
            record.state = .confirmed(state, requested: requested)
            record.readings = readings
            result = .confirmed
            bladesThatAreOff[record.blade] = state == .off ? now.instant : nil
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
        if record.request.goal == .off, result != .confirmed { bladesThatAreOff[record.blade] = nil }
        if case .confirmed(.off, _) = record.state { noteShutdownIsOver(of: record.blade) }
        trimEndedPower()
        chassis[record.chassis]?.nextPoll = now.instant
        if result == .unknown { chassis[record.chassis]?.nextInventory = now.instant }
    }

    private mutating func trimEndedPower() {
        // A shutdown that is waited for is known by its record alone to the next run.
        let ended = decided.power.values.filter { $0.state.isEnded && $0.shutdownSince == nil }
        let surplus = ended.count - configuration.powerRecordsKept
        guard surplus > 0 else { return }
        for record in ended.sorted(by: { $1.isNewer(than: $0) }).prefix(min(surplus, 20)) { delete(Record.power(record).key) }
    }
}
