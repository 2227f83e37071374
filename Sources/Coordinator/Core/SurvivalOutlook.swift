import PodpModel
import PodpRules

/// Which losses that are to be survived (N+1) could not be borne as things stand.
public enum SurvivalOutlook {
    /// More are counted, not told one by one.
    private static let mostTold = 3

    /// Warnings, and notes of what is a wish; empty: every loss could be borne.
    ///
    /// With 250 blades and 10,000 domains it takes some 0.1 s.
    /// - Parameter problem: of `CoordinatorCore.problemToSurvive`.
    public static func verdicts(of problem: Problem) -> [Verdict] {
        RuleMeter.readings(of: problem).flatMap { reading -> [Verdict] in
            guard case .survive(let zone) = reading.rule.kind else { return [] }
            var sentences = Array(reading.sentences.prefix(mostTold))
            let more = reading.sentences.count - sentences.count
            if more > 0 { sentences.append("so would \(more) other\(more == 1 ? " loss" : " losses") (\(reading.rule.name))") }
            return sentences.map { Verdict(resource: "survival", blade: nil, severity: reading.rule.price == nil ? .warning : .note, sentence: $0) }
                + unknown(zone, in: problem)
        }
    }

    private static func unknown(_ zone: Zone, in problem: Problem) -> [Verdict] {
        let sentence = unknown(zone, of: problem.blades.filter { $0.zone(zone) == nil }.map(\.name))
        return sentence.map { [Verdict(resource: "", blade: nil, severity: .note, sentence: $0)] } ?? []
    }

    /// Blades whose zone is not known belong to none that may be lost: N+1 would be kept by nobody, and nobody would hear of it; `nil`: there are none.
    static func unknown(_ zone: Zone, of blades: [String]) -> String? {
        guard !blades.isEmpty else { return nil }
        let names = blades.prefix(mostTold).joined(separator: ", ") + (blades.count > mostTold ? " and \(blades.count - mostTold) more" : "")
        let which = "which \(blades.count == 1 ? "it is" : "they are") in is not known"
        let remedy = zone == .network ? " (`podp blade set BLADE --switch-module NAME`)" : ""
        return "no loss of a \(zone.words) is counted for \(names): \(which)\(remedy)"
    }
}
