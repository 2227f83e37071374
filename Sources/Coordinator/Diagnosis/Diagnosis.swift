import PodpModel

/// What is short, where, with the numbers that say so.
public enum Diagnosis {
    /// The fleet's verdicts first, then the blades', the worst first. Empty: nothing is short.
    ///
    /// A blade that is excluded, or whose numbers cannot be right (0 CPUs, not a number), is named in a note and decides nothing.
    public static func verdicts(of window: FleetWindow, thresholds: Thresholds = Thresholds()) -> [Verdict] {
        var verdicts: [Verdict] = []
        var sound: [FleetWindow.Blade] = []
        for blade in window.blades {
            if let reason = blade.excluded ?? blade.impossibility {
                verdicts.append(Verdict(resource: "", blade: blade.id, severity: .note, sentence: "\(blade.name) is left out of the diagnosis: \(reason)"))
            } else {
                sound.append(blade)
            }
        }
        for blade in sound { verdicts += BladeDiagnosis(blade, thresholds).verdicts }
        let fleet = FleetDiagnosis(sound, thresholds).verdicts
        let rank = { (severity: Verdict.Severity) in Verdict.Severity.allCases.firstIndex(of: severity) ?? 0 }
        return fleet
            + verdicts.enumerated().sorted { a, b in
                (rank(b.element.severity), a.offset) < (rank(a.element.severity), b.offset)
            }.map(\.element)
    }
}

extension FleetWindow.Blade {
    /// Why its numbers cannot be right; `nil` when they can.
    var impossibility: String? {
        if cpus < 1 { return "it reports \(cpus) CPUs" }
        if memory.count == 0 { return "it reports no memory" }
        let readings = [cpu, memoryFree] + [dom0CPU, dom0MemoryFree, outOfRequests, diskRequests, network].compactMap { $0 }
        let inDomains = domains.flatMap { [$0.cpu] + [$0.ready, $0.outOfRequests, $0.diskRequests, $0.network].compactMap { $0 } }
        let isSound = (readings + inDomains).allSatisfy { $0.mean.isFinite && $0.high.isFinite && $0.mean >= 0 && $0.high >= 0 }
        return isSound ? nil : "it reports a number that is none, or is below 0"
    }

    /// dom0's CPU belongs to the host's: the domains' part, in CPUs.
    var usedByDomains: Double { domains.reduce(0) { $0 + $1.cpu.mean } }
    var ready: Double { domains.reduce(0) { $0 + ($1.ready?.mean ?? 0) } }
    var memoryFreeShare: Double { memoryFree.mean / Double(memory.count) }
}
