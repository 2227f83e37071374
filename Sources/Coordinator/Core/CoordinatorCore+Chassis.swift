import PodpModel
import PodpPower

extension CoordinatorCore {
    // MARK: - Coming and going

    mutating func addChassis(_ record: ChassisRecord, request: RequestID, by actor: Actor) {
        guard isGoodName(record.name) else {
            return refuse(request, Refusal(.invalid, "'\(record.name)' is no name for a chassis: 1 to 63 letters, digits, dots and dashes"))
        }
        guard decided.chassis[record.name] == nil else {
            return refuse(
                request,
                Refusal(.conflict, "there is a chassis \(record.name) already", remedy: "`podp chassis remove \(record.name)`, or choose another with --name"))
        }
        if let other = decided.chassis.values.sorted(by: { $0.name < $1.name }).first(where: { place(of: $0) == place(of: record) }) {
            return refuse(request, Refusal(.conflict, "\(other.name) is at \(record.address) already: two that switch one chassis would fight"))
        }
        guard decided.chassis.count < 1000 else { return refuse(request, Refusal(.conflict, "podp watches 1000 chassis at most")) }
        var record = record
        record.addedAt = now.wall
        record.addedBy = actor.name
        record.seats = []
        record.newestLog = nil
        record.sameAs = nil
        put(.chassis(record))
        chassis[record.name] = LiveChassis(at: now.instant)
        audit("chassis-added", by: actor.name, "chassis \(record.name) at \(record.address) is watched from now on")
        emitAfterCommit(.chassis(record.name, .watch(record)))
        emitAfterCommit(.answer(request, .done))
    }

    mutating func removeChassis(_ name: String, request: RequestID, by actor: Actor) {
        guard let record = decided.chassis[name] else { return refuse(request, .noChassis(name)) }
        if let busy = decided.power.values.sorted(by: { $0.id < $1.id }).first(where: { $0.chassis == name && !$0.state.isEnded }) {
            return refuse(request, Refusal(.busy, "\(busy.bladeName) is being switched \(busy.request.goal.rawValue)", remedy: "wait until it has ended"))
        }
        if isAsking(name) {
            return refuse(request, Refusal(.busy, "an answer of \(name) to a look or a request is still awaited", remedy: "try again in a moment"))
        }
        delete(Record.chassis(record).key)
        chassis[name] = nil
        for var other in decided.chassis.values.sorted(by: { $0.name < $1.name }) where other.sameAs == name {
            other.sameAs = nil
            put(.chassis(other))
            chassis[other.name]?.nextInventory = now.instant
        }
        audit("chassis-removed", .warning, by: actor.name, "chassis \(name) is not watched any more, and nothing in it can be switched")
        emitAfterCommit(.chassis(name, .forget))
        emitAfterCommit(.answer(request, .done))
    }

    mutating func noteConsole(of name: String, bay: Int, _ moment: ConsoleMoment, request: RequestID, by actor: Actor) {
        guard decided.chassis[name] != nil else { return refuse(request, .noChassis(name)) }
        let bays = chassis[name]?.inventory?.bays ?? []
        guard (1...64).contains(bay), bays.isEmpty || bays.contains(where: { $0.number == bay }) else {
            return refuse(request, Refusal(.notFound, "no such bay: \(bay) of \(name)", remedy: "`podp chassis show \(name)` draws those that there are"))
        }
        let blade = seatedBlades(in: name)[bay]
        let words =
            switch moment {
            case .opened: "is opened"
            case .takenOver: "is opened, and taken from whoever has it"
            case .closed: "is left"
            }
        let whose = blade.map { " (\(self.name(of: $0)))" } ?? ""
        audit(
            "console-\(moment.rawValue)", moment == .takenOver ? .warning : .info, by: actor.name, blade: blade,
            "the serial console of bay \(bay) of \(name)\(whose) \(words)")
        emitAfterCommit(.answer(request, .done))
    }

    /// HOST:PORT of its address, however it is spoken to; all of the address where there is none.
    private func place(of record: ChassisRecord) -> Substring {
        guard let scheme = record.address.firstRange(of: "://") else { return record.address[...] }
        let rest = record.address[scheme.upperBound...]
        return rest.prefix { $0 != "?" }.split(separator: "@").last ?? rest
    }

    private func isGoodName(_ name: String) -> Bool {
        (1...63).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            }
    }

    /// Of a run's first event: every chassis is watched again, and requests of the run before are followed to their end.
    mutating func resumeChassis() {
        for record in decided.chassis.values.sorted(by: { $0.name < $1.name }) {
            chassis[record.name] = LiveChassis(at: now.instant)
            emit(.chassis(record.name, .watch(record)))
        }
        noteOffsOut()
        for record in decided.power.values.sorted(by: { $0.id < $1.id }) where !record.state.isEnded { resumePower(record) }
        noteBladesThatAreOff()
        noteStartsAsked()
    }

    // MARK: - Looking

    mutating func pollChassis() {
        for name in chassis.keys.sorted() {
            guard var live = chassis[name] else { continue }
            // A poll whose answer is lost must not be the last one.
            if let asked = live.pollAsked, now.instant - asked > configuration.chassisPollDeadline { live.pollAsked = nil }
            if live.pollAsked == nil, now.instant >= live.nextPoll {
                let wantsInventory = live.inventory == nil || now.instant >= live.nextInventory
                live.pollAsked = now.instant
                live.nextPoll = now.instant + configuration.chassisPollInterval
                if wantsInventory { live.nextInventory = now.instant + configuration.chassisInventoryInterval }
                // Not before it is stored that there is such a chassis.
                emitAfterCommit(.chassis(name, .poll(inventory: wantsInventory)))
            }
            chassis[name] = live
        }
    }

    mutating func receive(_ news: ChassisNews, from name: String) {
        switch news {
        case .polled(let readings, let inventory, let capabilities):
            guard isActive else { return }
            receive(readings, inventory: inventory, capabilities: capabilities, from: name)
        case .silent(let reason):
            guard isActive else { return }
            receiveSilence(reason, from: name)
        case .looked(let id, let readings): receive(.readings(readings), of: id, from: name)
        case .requested(let id, let outcome): receive(.requested(outcome), of: id, from: name)
        }
    }

    private mutating func receive(_ answer: PowerConfirmation.Event, of id: OperationID, from name: String) {
        endTurn(of: id, in: name)
        if case .requested(let outcome) = answer { noteAnswer(outcome, of: id) }
        if case .readings(let readings) = answer {
            chassis[name]?.isMute = readings.allSatisfy { if case .silent? = $0.driversDoubt { true } else { false } }
        }
        advancePower(id, answer)
        takeTurns(of: name)
        beginPower()
    }

    private mutating func receive(_ readings: ChassisReadings, inventory: ChassisInventory?, capabilities: ChassisCapabilities?, from name: String) {
        guard var live = chassis[name] else { return }
        if let reason = live.silence, live.silentPolls >= Self.silentPollsTold {
            audit("chassis-answers", .info, "chassis \(name) answers again (before: \(reason))")
        }
        let before = live.readings, labelsBefore = live.inventory
        live.pollAsked = nil
        live.silentPolls = 0
        live.silence = nil
        live.silentSince = nil
        live.readings = readings
        live.readingsAt = now.instant
        if let was = before?.primaryModule, let leads = readings.primaryModule, was != leads { live.labelsAreOld = true }
        if let inventory {
            live.labelsAreOld = false
            live.inventory = inventory
            live.inventoryAt = now.instant
        } else if let known = live.inventory, readings.bays.contains(where: { hasChanged($0.power, since: known) }) {
            // Somebody put a blade in or took one out.
            live.nextInventory = now.instant
        }
        if live.labelsAreOld {
            live.nextInventory = now.instant
            live.nextPoll = now.instant
        }
        if let capabilities { live.capabilities = capabilities }
        chassis[name] = live
        revision += 1
        if capabilities != nil { noteMissingSources(of: name) }
        if let inventory {
            noteTwins()
            if decided.chassis[name]?.sameAs == nil { seat(inventory, in: name) }
        }
        // What the other one tells of the same chassis.
        if decided.chassis[name]?.sameAs != nil { return }
        noteReadings(readings, of: name)
        if let inventory {
            for change in ChassisChange.between(labelsBefore, and: inventory) { audit(change.kind, change.severity, "\(name): \(change.sentence)") }
        }
        for change in ChassisChange.between(before, and: readings) { audit(change.kind, change.severity, "\(name): \(change.sentence)") }
        if !readings.log.isEmpty, var record = decided.chassis[name] {
            record.newestLog = Array((readings.log.reversed() + (record.newestLog ?? [])).prefix(4))
            put(.chassis(record))
        }
        for entry in readings.log.prefix(Self.logLinesTold) {
            let severity: AuditEntry.Severity =
                switch entry.severity?.uppercased() {
                case "ERR", "CRIT", "CRITICAL", "ERROR": .critical
                case "WARN", "WARNING": .warning
                default: .info
                }
            audit("chassis-log", severity, by: name, "\(entry.written.map { "\($0) (the chassis' clock): " } ?? "")\(entry.text)")
        }
    }

    /// Second sources that are to say off, and that the chassis does not have: no blade in it can be confirmed off.
    private mutating func noteMissingSources(of name: String) {
        guard let record = decided.chassis[name], let live = chassis[name] else { return }
        let missing = live.missingSources(of: record)
        guard missing != live.missingSourcesTold else { return }
        chassis[name]?.missingSourcesTold = missing
        guard !missing.isEmpty else { return }
        audit("chassis-second-source", .critical, "\(name): \(LiveChassis.sentence(missing: missing))")
    }

    /// One chassis behind two addresses: whoever was added later is not used.
    private mutating func noteTwins() {
        let all = decided.chassis.values.sorted { ($0.addedAt, $0.name) < ($1.addedAt, $1.name) }
        for (index, record) in all.enumerated() {
            guard let mine = chassis[record.name]?.inventory else { continue }
            let known = all[..<index].filter { chassis[$0.name]?.inventory != nil }
            let twin = known.first { other in chassis[other.name]?.inventory.map { isSame($0, mine) } ?? false }?.name
            // An earlier one that has not told its labels yet may be it still.
            let isOpen = record.sameAs.map { before in all.contains { $0.name == before } && !known.contains { $0.name == before } } ?? false
            guard twin != record.sameAs, twin != nil || !isOpen else { continue }
            var record = record
            record.sameAs = twin
            put(.chassis(record))
            guard let twin else { continue }
            audit(
                "chassis-twice", .critical,
                "chassis \(record.name) is the same as \(twin) (\(mine.uuid.map { "UUID \($0)" } ?? "serial \(mine.serial ?? "")")): nothing is switched by "
                    + "\(record.name); remove one of them: `podp chassis remove \(record.name)`")
        }
    }

    private func isSame(_ one: ChassisInventory, _ other: ChassisInventory) -> Bool {
        if let uuid = one.uuid, let others = other.uuid { return uuid == others }
        guard one.kind == other.kind, let serial = one.serial else { return false }
        return serial == other.serial && one.model == other.model
    }

    private func hasChanged(_ reading: PowerReading, since known: ChassisInventory) -> Bool {
        guard let isPresent = reading.isPresent, let bay = known.bay(reading.bay) else { return false }
        // A label that was not complete yet is read again, too.
        return bay.isPresent != isPresent || (isPresent && bay.isInventoryReady == false)
    }

    /// A management module that restarts is silent for a while: two polls are not worth an event.
    static let silentPollsTold = 3
    /// Of a chassis' event log, in one poll.
    static let logLinesTold = 50

    private mutating func receiveSilence(_ reason: String, from name: String) {
        guard var live = chassis[name] else { return }
        live.pollAsked = nil
        live.silentPolls += 1
        live.silence = reason
        live.labelsAreOld = true
        if live.silentSince == nil { live.silentSince = now.wall }
        let isNews = live.silentPolls == Self.silentPollsTold
        chassis[name] = live
        revision += 1
        if isNews {
            audit("chassis-silent", .warning, "chassis \(name) does not answer (\(reason)): its blades run on, and podp cannot switch them")
        }
    }
}

extension Refusal {
    static func noChassis(_ name: String) -> Refusal { Refusal(.notFound, "there is no chassis \(name)", remedy: "`podp chassis list` lists them") }
}
