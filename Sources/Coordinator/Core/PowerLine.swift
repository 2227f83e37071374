import PodpModel
import PodpPower

/// What a blade draws by the use of its processors, from what its chassis measures and its agent reports at the same time: least squares over samples that weigh
/// less the older they are.
struct PowerLine: Sendable, Codable {
    private var weight = 0.0
    private var use = 0.0
    private var watts = 0.0
    private var squares = 0.0
    private var products = 0.0
    private(set) var samples = 0

    /// So many are needed; with a poll every 5 s, two minutes.
    static let fewest = 24
    /// Of each sample, what is left of it after the next: half of it after some four hours of polls.
    private static let kept = 0.99975
    /// Where use differs by less, nothing can be said of what it adds.
    private static let leastDeviation = 0.05
    /// What a server draws at rest, of what it draws at work: Barroso and Hoelzle, The Case for Energy-Proportional Computing, IEEE Computer 40, 2007.
    private static let usualRest = 0.5

    /// - Parameter use: of all processors, from 0 to 1.
    mutating func add(use sample: Double, watts measured: Int) {
        guard sample.isFinite, (0...1).contains(sample), (1...BladePower.mostWatts).contains(measured) else { return }
        let value = Double(measured)
        weight = weight * Self.kept + 1
        use = use * Self.kept + sample
        watts = watts * Self.kept + value
        squares = squares * Self.kept + sample * sample
        products = products * Self.kept + sample * value
        samples = min(samples + 1, Self.fewest)
    }

    /// `nil`: not measured for long enough.
    var line: BladePower? {
        guard samples >= Self.fewest else { return nil }
        let (meanUse, meanWatts) = (use / weight, watts / weight)
        let variance = squares / weight - meanUse * meanUse
        if variance > Self.leastDeviation * Self.leastDeviation {
            let slope = (products / weight - meanUse * meanWatts) / variance
            let idle = meanWatts - slope * meanUse
            if slope >= 0, idle >= 0.1 * meanWatts { return power(idle: idle, busy: idle + slope) }
        }
        let busy = meanWatts / (Self.usualRest + (1 - Self.usualRest) * meanUse)
        return power(idle: busy * Self.usualRest, busy: busy)
    }

    private func power(idle: Double, busy: Double) -> BladePower? {
        guard idle.isFinite, busy.isFinite, idle >= 0, busy <= Double(BladePower.mostWatts) else { return nil }
        let power = BladePower(idleWatts: Int(idle.rounded()), busyWatts: Int(busy.rounded()))
        return power.isSound ? power : nil
    }
}

extension CoordinatorCore {
    /// A poll's watts of a blade that is on and reports.
    mutating func noteWatts(_ bay: BayReadings, of id: BladeID) {
        guard bay.isMeasured == true, bay.power.state == .on, let watts = bay.watts, let live = blades[id], live.link != nil, let report = live.report,
            let at = live.reportAt, now.instant - at <= configuration.reportInterval * 2, let cpus = live.inventory?.host.cpus, cpus > 0
        else { return }
        blades[id]?.powerLine.add(use: min(1, Double(report.host.cpu) / (Double(cpus) * 1000)), watts: watts)
    }
}
