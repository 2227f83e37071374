import PodpModel
import PodpPower

/// Offs that may still be done, though their request for power has ended: nothing is brought to such a blade, and it is not switched on.
extension CoordinatorCore {
    /// The last off of a blade that was given out.
    struct OffOut: Sendable, Codable {
        var id: OperationID
        /// When it was given out; once it is answered, when that was.
        var since: Instant
        var isAnswered = false
        var isSoft = false
        /// Before it was given out: what was known of a shutdown by the same request for power, and whether that had asked softly.
        var shutdownBefore: Shutdown?
        var hadAskedSoftly: Bool?

        /// How long after it may still be done.
        var patience: Duration { isAnswered ? PowerConfirmation.Rules.latestStart : CoordinatorCore.answerPatience }
    }

    /// The operating system of a blade was asked to shut down, and was not seen to have done so.
    struct Shutdown: Sendable, Codable {
        var blade: BladeID
        var since: Instant
    }

    /// An operating system that was asked to shut down may do so minutes after.
    private static let shutdownTime = Duration.seconds(900)

    // MARK: - Whether one may still come

    /// Why one may still come, and what helps; `nil`: none.
    func offMayCome(_ blade: BladeID) -> (reason: String, remedy: String)? {
        if let out = offOut(of: blade) { return ("an off was asked of its chassis that may still be done (\(out.id))", "try again in a quarter of a minute") }
        return shutdownMayCome(blade)
    }

    func shutdownMayCome(_ blade: BladeID) -> (reason: String, remedy: String)? {
        let open = shutdowns.filter { $0.value.blade == blade && now.instant - $0.value.since < Self.shutdownTime }
        guard let id = open.keys.max() else { return nil }
        let minutes = Self.shutdownTime.components.seconds / 60
        return (
            "its operating system was asked to shut down, and may still do so (\(id))",
            "`podp blade release \(name(of: blade))` where it will not; else that is waited for until it is off, or \(minutes) minutes"
        )
    }

    /// One whose answer, or what comes of it, is still waited for.
    func offOut(of blade: BladeID) -> OffOut? {
        guard let out = offsOut[blade], now.instant - out.since < out.patience else { return nil }
        return out
    }

    // MARK: - What is asked, and answered

    mutating func noteOffOut(_ wish: PowerRequest, _ record: PowerRecord) {
        offsOut[record.blade] = OffOut(
            id: record.id, since: now.instant, isSoft: wish == .softOff, shutdownBefore: shutdowns[record.id], hadAskedSoftly: record.hasAskedSoftly)
        // Also where no answer ever comes.
        if wish == .softOff { wait(for: Shutdown(blade: record.blade, since: now.instant), by: record.id) }
    }

    mutating func noteAnswer(_ outcome: RequestOutcome, of id: OperationID) {
        guard let record = decided.power[id] else { return }
        if case .notAsked = outcome { takeBack(record) }
        guard var out = offsOut[record.blade], out.id == id, !out.isAnswered else { return }
        out.since = now.instant
        out.isAnswered = true
        offsOut[record.blade] = out
        guard out.isSoft else { return }
        switch outcome {
        // Refused is what was not done.
        case .refused, .notAsked: wait(for: out.shutdownBefore, by: id)
        // It may have been heard as late as this.
        case .accepted, .needless, .lost: wait(for: Shutdown(blade: record.blade, since: now.instant), by: id)
        }
    }

    /// It was stored that the chassis is asked, and then it was not.
    private mutating func takeBack(_ record: PowerRecord) {
        var record = record
        record.requests = record.requests.map { max(0, $0 - 1) }
        if record.request == .on, let live = power[record.id] { startsAsked[record.blade] = live.startBefore }
        if let out = offsOut[record.blade], out.id == record.id, out.isSoft, !out.isAnswered { record.hasAskedSoftly = out.hadAskedSoftly }
        put(.power(record))
    }

    // MARK: - Shutdowns

    /// Stored with the request that asked for it, so that the next run waits for the same ones.
    private mutating func wait(for shutdown: Shutdown?, by id: OperationID) {
        // What was read before says nothing of this one.
        if let blade = (shutdown ?? shutdowns[id])?.blade { firstOffs[blade] = nil }
        shutdowns[id] = shutdown
        guard var record = decided.power[id] else { return }
        let since = shutdown.map { WallTime(milliseconds: now.wall.milliseconds &- (now.instant - $0.since).components.seconds &* 1000) }
        guard record.shutdownSince != since else { return }
        record.shutdownSince = since
        put(.power(record))
    }

    /// It was off since, or was started since.
    mutating func noteShutdownIsOver(of blade: BladeID) { endShutdowns(of: blade, sparing: []) }

    /// Somebody knows that it does not shut down. What is being asked for now is not what he knows of.
    mutating func noteReleased(_ blade: BladeID) { endShutdowns(of: blade, sparing: Set(power.keys)) }

    private mutating func endShutdowns(of blade: BladeID, sparing spared: Set<OperationID>) {
        // One that turns out not to have been sent brings back none of before.
        if let id = offsOut[blade]?.id, !spared.contains(id) { offsOut[blade]?.shutdownBefore = nil }
        for id in shutdowns.keys.sorted() where shutdowns[id]?.blade == blade && !spared.contains(id) { wait(for: nil, by: id) }
    }

    /// When it was asked to the last time.
    private func lastShutdown(of blade: BladeID) -> Instant? { shutdowns.values.filter { $0.blade == blade }.map(\.since).max() }

    /// Those whose time is over. Also in what is stored: a clock that is set back brings none back.
    mutating func endShutdowns() {
        for (id, _) in shutdowns.filter({ now.instant - $0.value.since >= Self.shutdownTime }).sorted(by: { $0.key < $1.key }) { wait(for: nil, by: id) }
    }

    /// It was called off, and is not: what it was asked for may still come.
    mutating func noteShutdownIsOpen(_ record: PowerRecord) {
        guard record.request == .softOff, record.hasAskedSoftly != false, (record.requests ?? 0) > 0 else { return }
        wait(for: Shutdown(blade: record.blade, since: now.instant), by: record.id)
    }

    /// Another boot than the one that was asked to shut down, by how long it has lasted: it began when that could not be done to it any more.
    mutating func noteBootAfterOff(_ hello: Hello, of blade: BladeID) {
        guard let last = lastShutdown(of: blade), hello.bootTime > .zero,
            hello.bootTime - .zero + Self.helloDelay + PowerConfirmation.Rules.latestStart < now.instant - last,
            // After a restart, since when it was asked goes by the wall's clock, which may be set.
            !shutdowns.contains(where: { $0.value.blade == blade && decided.power[$0.key]?.boot == hello.bootID })
        else { return }
        noteShutdownIsOver(of: blade)
    }

    /// A reading of a blade that may shut down. As for every off: two that agree, as far apart as its agent is silent without meaning it, nothing between them
    /// that says otherwise, and no sign of life. Where second sources have to say so too, a confirmed off does.
    ///
    /// - Parameter label: the blade's, as far as it is told.
    mutating func noteShutdown(by reading: PowerReading, of blade: BladeID, labelled label: String?, in name: String) {
        guard decided.chassis[name]?.secondSources.isEmpty == true, reading.label == nil || label == nil || reading.label == label else { return }
        guard let last = lastShutdown(of: blade) else { return }
        guard reading.state == .off, reading.at > last else {
            if reading.state != .off { firstOffs[blade] = nil }
            return
        }
        guard let first = firstOffs[blade] else { return firstOffs[blade] = reading.at }
        let agreement = PowerConfirmation.Rules().agreement
        let span = blades[blade]?.link == nil ? agreement : max(agreement, configuration.reportInterval + .seconds(2))
        if reading.at - first >= span { noteShutdownIsOver(of: blade) }
    }

    // MARK: - After a restart

    /// Of a run before: offs that were under way when it ended, and those whose end nobody knows. When the chassis answered them is not known either.
    mutating func noteOffsOut() {
        for record in decided.power.values.filter({ $0.request.goal == .off }).sorted(by: { $1.isNewer(than: $0) }) {
            guard (record.requests ?? 0) > 0 else { continue }
            let age = record.endedAt.map { now.wall.millisecondsSince($0) } ?? 0
            // What was confirmed was answered before.
            let patience = if case .confirmed = record.state { Duration.zero } else { Self.answerPatience }
            if age < (patience + PowerConfirmation.Rules.latestStart).components.seconds * 1000 {
                offsOut[record.blade] = OffOut(id: record.id, since: now.instant, isAnswered: true)
            }
            // By the wall's clock, which may have been set back.
            guard let since = record.shutdownSince.map({ max(0, now.wall.millisecondsSince($0)) }) else { continue }
            guard since < Self.shutdownTime.components.seconds * 1000 else { continue }
            shutdowns[record.id] = Shutdown(blade: record.blade, since: now.instant + .milliseconds(-since))
        }
    }
}
