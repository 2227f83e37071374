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
        /// The blade's operating system was asked to shut down, and was not seen to have done so.
        var isSoft = false
    }

    /// An operating system that was asked to shut down may do so minutes after.
    private static let shutdownTime = Duration.seconds(900)

    mutating func noteOffOut(_ wish: PowerRequest, _ record: PowerRecord) {
        let isSoft = wish == .softOff || offsOut[record.blade]?.isSoft == true
        offsOut[record.blade] = OffOut(id: record.id, since: now.instant, isSoft: isSoft)
    }

    mutating func noteAnswer(_ outcome: RequestOutcome, of id: OperationID) {
        guard let record = decided.power[id], let out = offsOut[record.blade], out.id == id, !out.isAnswered else { return }
        offsOut[record.blade]?.since = now.instant
        offsOut[record.blade]?.isAnswered = true
        // What was refused at the first time was not done at any.
        if case .refused = outcome, record.requests == 1 { offsOut[record.blade] = nil }
    }

    /// Why one may still come, in words; `nil`: none.
    func whyOffMayCome(_ blade: BladeID) -> String? {
        guard let out = offsOut[blade] else { return nil }
        let passed = now.instant - out.since
        if passed < (out.isAnswered ? PowerConfirmation.Rules.latestStart : Self.answerPatience) {
            return "an off was asked of its chassis that may still be done (\(out.id))"
        }
        guard out.isSoft, passed < Self.shutdownTime else { return nil }
        return "its operating system was asked to shut down, and may still do so (\(out.id)); where it will not, `podp blade release \(name(of: blade))`"
    }

    /// It was off since, or was started since, or somebody knows that it does not shut down.
    mutating func noteShutdownIsOver(of blade: BladeID) { offsOut[blade]?.isSoft = false }

    /// Another boot than the one that was asked to shut down, by how long it has lasted.
    mutating func noteBootAfterOff(_ hello: Hello, of blade: BladeID) {
        guard let out = offsOut[blade], out.isSoft, hello.bootTime > .zero, hello.bootTime - .zero + Self.helloDelay < now.instant - out.since
        else { return }
        noteShutdownIsOver(of: blade)
    }

    /// Of a run before: those that were under way when it ended, and those whose end nobody knows. When the chassis answered them is not known either.
    mutating func noteOffsOut() {
        let unclear = decided.power.values.filter { record in
            guard record.request.goal == .off, (record.requests ?? 0) > 0 else { return false }
            if case .confirmed = record.state { return false }
            return true
        }
        for record in unclear.sorted(by: { $1.isNewer(than: $0) }) {
            let isSoft = record.request == .softOff && record.hasAskedSoftly != false
            let longest = isSoft ? Self.shutdownTime : Self.answerPatience + PowerConfirmation.Rules.latestStart
            if let ended = record.endedAt, now.wall.millisecondsSince(ended) >= longest.components.seconds * 1000 { continue }
            offsOut[record.blade] = OffOut(id: record.id, since: now.instant, isAnswered: true, isSoft: isSoft)
        }
    }
}
