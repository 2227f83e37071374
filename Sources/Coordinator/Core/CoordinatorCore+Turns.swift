import PodpModel
import PodpPower

/// Of each chassis one look or request at a time, in the order in which they were wanted. What waits is not on its way: whether a request may be made is
/// decided when its turn has come, and a request for power that has ended has no turn any more.
extension CoordinatorCore {
    /// What a confirmation wants of a chassis, until its turn comes.
    enum Turn: Hashable, Sendable, Codable {
        case look([PowerSource.Kind])
        case request(PowerRequest)
    }

    /// After this long an answer is not waited for any more. Drivers answer sooner, whatever happens.
    static let answerPatience = Duration.seconds(120)

    mutating func want(_ turn: Turn, _ id: OperationID) {
        turns += 1
        power[id]?.turn = turn
        power[id]?.turnNumber = turns
    }

    /// The answer to the order that was out has come.
    mutating func endTurn(of id: OperationID, in name: String) {
        if chassis[name]?.asking == id { chassis[name]?.asking = nil }
    }

    /// Whether somebody's order is out, or waits, whom another one would hold up. Nobody is held up by those that have time, and where nothing answers nobody
    /// gains by waiting.
    func isBusy(_ name: String) -> Bool {
        if let live = chassis[name], live.isMute, live.silentPolls > 0 { return false }
        if isAsking(name), let asking = chassis[name]?.asking, !hasTime(asking) { return true }
        return power.contains { $0.value.turn != nil && decided.power[$0.key]?.chassis == name && !hasTime($0.key) }
    }

    /// An operating system that was asked to shut down takes minutes: its turns come after all others.
    private func hasTime(_ id: OperationID) -> Bool {
        guard decided.power[id]?.request == .softOff, let confirmation = power[id]?.confirmation else { return false }
        return !confirmation.hasEscalated && !confirmation.hasSeenOff && !confirmation.isEscalationDue(at: now.instant)
    }

    func isAsking(_ name: String) -> Bool {
        guard let live = chassis[name], live.asking != nil, let since = live.askedAt else { return false }
        return now.instant - since < Self.answerPatience
    }

    /// Gives the order out whose turn it is.
    mutating func takeTurns(of name: String) {
        while !isAsking(name), let (id, turn) = nextTurn(of: name), let record = decided.power[id] {
            power[id]?.turn = nil
            switch turn {
            // Not before it is stored that somebody wanted it.
            case .look(let sources): emitAfterCommit(.chassis(name, .look(id, bay: record.bay, sources)))
            case .request(let wish):
                if let reason = whyNotAsked(wish, record) {
                    advancePower(id, .cancel(reason))
                    continue
                }
                noteRequest(wish, record)
                let limits = RequestLimits(label: record.label, notAfter: power[id]?.confirmation.end ?? now.instant)
                emitAfterCommit(.chassis(name, .request(id, bay: record.bay, wish, limits)))
            }
            chassis[name]?.asking = id
            chassis[name]?.askedAt = now.instant
        }
    }

    private func nextTurn(of name: String) -> (OperationID, Turn)? {
        var first: (id: OperationID, turn: Turn, rank: (Int, UInt64))?
        for (id, live) in power {
            guard let turn = live.turn, decided.power[id]?.chassis == name else { continue }
            let rank = (hasTime(id) ? 1 : 0, live.turnNumber)
            if let first, first.rank < rank { continue }
            first = (id, turn, rank)
        }
        return first.map { ($0.id, $0.turn) }
    }

    // MARK: - Whether it may be asked

    /// Its premise may have gone since it was asked for.
    private func whyNotAsked(_ wish: PowerRequest, _ record: PowerRecord) -> String? {
        guard let live = power[record.id] else { return "it has ended" }
        if wish.goal == .off, let reason = whyNotOff(record.blade) { return reason }
        if let occupant = seatedBlades(in: record.chassis)[record.bay], occupant != record.blade {
            return "bay \(record.bay) of \(record.chassis) has \(name(of: occupant)) in it now"
        }
        guard let seat = seat(of: record.blade) else { return refusalOfSeat(of: record.blade).message }
        guard seat == Place(chassis: record.chassis, bay: record.bay) else { return "it is in bay \(seat.bay) of \(seat.chassis) now" }
        // It was let pass because it was read off, or its agent has fallen silent since, or nobody watched it while podp was not there.
        let isFirst = (record.requests ?? 0) == 0 || wish == .softOff && record.hasAskedSoftly == false || live.resumesUntil != nil
        if wish.goal == .off, record.unknownDomains != true, isFirst, let reason = whyNotKnown(whatRunsOn: record.blade), !isOff(by: live.readings) {
            return "it is not off, and what runs on it is not known: \(reason)"
        }
        if record.label == nil, chassis[record.chassis]?.labelsAreOld == true {
            return "which blade is in bay \(record.bay) of \(record.chassis) is being read again"
        }
        return nil
    }

    /// By every source that looks at the blade. Outlets that are on feed one that is off, too.
    private func isOff(by readings: [PowerReading]) -> Bool {
        let looks = readings.filter { $0.source.kind != .pdu }
        return !looks.isEmpty && looks.allSatisfy { $0.state == .off }
    }

    /// After a crash it counts as made only if it was stored before.
    private mutating func noteRequest(_ wish: PowerRequest, _ record: PowerRecord) {
        guard let live = power[record.id], var stored = decided.power[record.id] else { return }
        stored.requests = (stored.requests ?? 0) + 1
        if wish == .softOff { stored.hasAskedSoftly = true }
        if wish == .on {
            power[record.id]?.startBefore = startsAsked[record.blade]
            startsAsked[record.blade] = now.instant
        }
        if live.confirmation.hasEscalated, stored.escalatedAt == nil {
            stored.escalatedAt = now.wall
            // What was accepted until now is the soft one.
            stored.isAccepted = nil
            let after = record.escalateAfter?.components.seconds ?? 0
            audit(
                "power-escalated", .warning, by: record.by, blade: record.blade, operation: record.id,
                "\(sentence(record)): it is not off \(after) s after it was asked to shut down: it is switched off hard, as was asked for")
        }
        put(.power(stored))
        if wish.goal == .off { noteOffOut(wish, record) }
    }
}
