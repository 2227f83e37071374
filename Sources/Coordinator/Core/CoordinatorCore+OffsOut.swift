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
    }

    /// The operating system of a blade was asked to shut down, and was not seen to have done so.
    struct Shutdown: Sendable, Codable {
        var id: OperationID
        var since: Instant
    }

    /// An operating system that was asked to shut down may do so minutes after.
    private static let shutdownTime = Duration.seconds(900)

    mutating func noteOffOut(_ wish: PowerRequest, _ record: PowerRecord) {
        offsOut[record.blade] = OffOut(id: record.id, since: now.instant, isSoft: wish == .softOff)
    }

    mutating func noteAnswer(_ outcome: RequestOutcome, of id: OperationID) {
        guard let record = decided.power[id], var out = offsOut[record.blade], out.id == id, !out.isAnswered else { return }
        out.since = now.instant
        out.isAnswered = true
        offsOut[record.blade] = out
        // Refused is what was not done.
        if case .refused = outcome { return }
        if out.isSoft { shutdowns[record.blade] = Shutdown(id: id, since: now.instant) }
    }

    /// Why one may still come, and what helps; `nil`: none.
    func offMayCome(_ blade: BladeID) -> (reason: String, remedy: String)? {
        if let out = offsOut[blade], now.instant - out.since < (out.isAnswered ? PowerConfirmation.Rules.latestStart : Self.answerPatience) {
            return ("an off was asked of its chassis that may still be done (\(out.id))", "try again in a quarter of a minute")
        }
        guard let shutdown = shutdowns[blade], now.instant - shutdown.since < Self.shutdownTime else { return nil }
        let minutes = Self.shutdownTime.components.seconds / 60
        return (
            "its operating system was asked to shut down, and may still do so (\(shutdown.id))",
            "`podp blade release \(name(of: blade))` where it will not; else that is waited for until it is off, or \(minutes) minutes"
        )
    }

    /// It was off since, or was started since, or somebody knows that it does not shut down.
    mutating func noteShutdownIsOver(of blade: BladeID) { shutdowns[blade] = nil }

    /// Another boot than the one that was asked to shut down, by how long it has lasted.
    mutating func noteBootAfterOff(_ hello: Hello, of blade: BladeID) {
        guard let shutdown = shutdowns[blade], hello.bootTime > .zero, hello.bootTime - .zero + Self.helloDelay < now.instant - shutdown.since else { return }
        noteShutdownIsOver(of: blade)
    }

    /// Of a run before: offs that were under way when it ended, and those whose end nobody knows. When the chassis answered them is not known either.
    mutating func noteOffsOut() {
        for record in decided.power.values.filter({ $0.request.goal == .off }).sorted(by: { $1.isNewer(than: $0) }) {
            if case .confirmed = record.state {
                (offsOut[record.blade], shutdowns[record.blade]) = (nil, nil)
                continue
            }
            guard (record.requests ?? 0) > 0 else { continue }
            let age = record.endedAt.map { now.wall.millisecondsSince($0) } ?? 0
            if age < (Self.answerPatience + PowerConfirmation.Rules.latestStart).components.seconds * 1000 {
                offsOut[record.blade] = OffOut(id: record.id, since: now.instant, isAnswered: true)
            }
            if record.request == .softOff, record.hasAskedSoftly != false, age < Self.shutdownTime.components.seconds * 1000 {
                shutdowns[record.blade] = Shutdown(id: record.id, since: now.instant)
            }
        }
    }
}
