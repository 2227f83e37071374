import PodpCore
import PodpModel
import Synchronization

/// N+1 as it stands, for whoever asks: looked at again when something was decided since, or after some seconds, for it takes the whole fleet.
final class SurvivalWatch: Sendable {
    private static let keptFor = Duration.seconds(10)

    private struct Look {
        var at: Instant
        var revision: UInt64
        var verdicts: [Verdict]
    }

    private let last = Mutex<Look?>(nil)

    func verdicts(_ loop: CoreLoop, revision: UInt64) -> [Verdict] {
        let now = Clock.now.instant
        if let known = last.withLock({ $0 }), known.revision == revision, now - known.at < Self.keptFor { return known.verdicts }
        let verdicts = loop.problemToSurvive().map(SurvivalOutlook.verdicts(of:)) ?? []
        last.withLock { $0 = Look(at: now, revision: revision, verdicts: verdicts) }
        return verdicts
    }
}
