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
            guard case .survive = reading.rule.kind else { return [] }
            var sentences = Array(reading.sentences.prefix(mostTold))
            let more = reading.sentences.count - sentences.count
            if more > 0 { sentences.append("so would \(more) other\(more == 1 ? " loss" : " losses") (\(reading.rule.name))") }
            return sentences.map { Verdict(resource: "survival", blade: nil, severity: reading.rule.price == nil ? .warning : .note, sentence: $0) }
        }
    }
}
